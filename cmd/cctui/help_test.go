package main

import (
	"strings"
	"testing"

	"github.com/cctui/cctui/actions"
)

// Whoever takes the comment marks off the sample gets what is done anyway, not an error.
func TestTheSampleOfAConfigFileIsOne(t *testing.T) {
	var file strings.Builder
	for line := range strings.Lines(sample()) {
		if key, value, found := strings.Cut(strings.TrimPrefix(line, "  # "), ":"); found && hasInput(key) {
			file.WriteString(key + ":" + value)
		}
	}
	read := parseConfig([]byte(file.String()))
	nothing := func(string) string { return "" }
	chosen, faults := sources{flags: (&program{}).root().Flags(), getenv: nothing, file: read}.settle()
	if len(faults) > 0 {
		t.Errorf("%v in:\n%s", faults, file.String())
	}
	if settled := chosen.withDefaults("xxxx"); settled.Cluster != "cctui-xxxx" || settled.Auto || settled.Patience == 0 {
		t.Errorf("read %+v", settled)
	}
}

func TestTheStandInForAzHasItsOwnHelpAndExitCodes(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--help"}, actions.ExitDone, "katapolicygen"},
		{[]string{"version"}, actions.ExitDone, "confcom"},
		{[]string{"aks", "create"}, actions.ExitUsage, "misspelled"},
		{[]string{"extension", "add", "--name", "none"}, actions.ExitFailed, "No matching extensions"},
	} {
		ended := call(t, nil, append([]string{"sandbox", "az"}, test.args...)...)
		if ended.code != test.code || !strings.Contains(ended.out+ended.err, test.want) {
			t.Errorf("az %v: exit code %d:\n%s%s", test.args, ended.code, ended.out, ended.err)
		}
	}
}

func TestATokenIsForAServiceThatIsNamed(t *testing.T) {
	for _, args := range [][]string{{"sandbox", "token"}, {"sandbox", "token", "graph"}} {
		ended := call(t, nil, args...)
		if ended.code != actions.ExitUsage || !strings.Contains(ended.err, "management, vault, managedhsm, kubernetes") {
			t.Errorf("%v: exit code %d:\n%s", args, ended.code, ended.err)
		}
	}
}
