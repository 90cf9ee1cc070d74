package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/cctui/cctui/actions"
)

// given are flags, variables and a config file as a user might have them.
func given(t *testing.T, args []string, env map[string]string, file string) (choice, []actions.Fault) {
	t.Helper()
	flags := pflag.NewFlagSet("cctui", pflag.ContinueOnError)
	addFlags(flags, general, account, world, walkthrough, mode, removal)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return sources{flags: flags, getenv: func(name string) string { return env[name] }, file: parseConfig([]byte(file))}.settle()
}

func TestFlagGoesBeforeVariableBeforeFileBeforeJournalBeforeDefault(t *testing.T) {
	everywhere := map[string]string{"CCTUI_LOCATION": "variable"}
	for _, test := range []struct {
		name    string
		args    []string
		env     map[string]string
		file    string
		journal actions.Inputs
		want    string
		origin  string
	}{
		{"flag", []string{"--location", "flag"}, everywhere, "location: file", actions.Inputs{Location: "journal"}, "flag", "--location"},
		{"variable", nil, everywhere, "location: file", actions.Inputs{Location: "journal"}, "variable", "CCTUI_LOCATION"},
		{"file", nil, nil, "location: file", actions.Inputs{Location: "journal"}, "file", ""},
		{"journal", nil, nil, "", actions.Inputs{Location: "journal"}, "journal", "the run being continued"},
		{"default", nil, nil, "", actions.Inputs{}, "eastus", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			chosen, faults := given(t, test.args, test.env, test.file)
			chosen.fill(test.journal)
			chosen.settings = chosen.withDefaults("7f3a")
			if len(faults) > 0 || chosen.Location != test.want || chosen.origin["location"] != test.origin {
				t.Errorf("location is %q from %q with faults %v, want %q from %q", chosen.Location, chosen.origin["location"], faults, test.want, test.origin)
			}
		})
	}
}

func TestOwnVariableGoesBeforeAnotherProgramsVariable(t *testing.T) {
	both := map[string]string{"CCTUI_SUBSCRIPTION": "ours", "AZURE_SUBSCRIPTION_ID": "theirs"}
	if chosen, _ := given(t, nil, both, ""); chosen.Subscription != "ours" {
		t.Errorf("subscription is %q", chosen.Subscription)
	}
	delete(both, "CCTUI_SUBSCRIPTION")
	if chosen, _ := given(t, nil, both, ""); chosen.Subscription != "theirs" {
		t.Errorf("subscription is %q", chosen.Subscription)
	}
}

func TestEveryKindOfValueIsReadTheSameFromFlagAndFile(t *testing.T) {
	fromFlags, faults := given(t, []string{"--nodes=3", "--install-extensions", "--keep-for=90m", "--sandbox-scale=0.5", "--sandbox-fault=throttle", "--sandbox-fault=quota-zero"}, nil, "")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	fromFile, faults := given(t, nil, nil, "nodes: 3\ninstall-extensions: true\nkeep-for: 90m\nsandbox-scale: 0.5\nsandbox-fault: [throttle, quota-zero]\n")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if diff := cmp.Diff(fromFlags.settings, fromFile.settings); diff != "" {
		t.Errorf("flags and file differ:\n%s", diff)
	}
	want := settings{Inputs: actions.Inputs{PoolNodes: 3, InstallExtensions: true, KeepFor: 90 * time.Minute}, SandboxScale: 0.5, SandboxFaults: []string{"throttle", "quota-zero"}}
	if diff := cmp.Diff(want, fromFile.settings); diff != "" {
		t.Errorf("settings differ:\n%s", diff)
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	_, faults := given(t, []string{"--nodes=many", "--output=xml"}, map[string]string{"CCTUI_KEEP_FOR": "soon"}, "colour: red\nlocatoin: eastus\nsandbox-scale: a lot\n")
	var keys []string
	for _, fault := range faults {
		keys = append(keys, fault.Key)
	}
	if diff := cmp.Diff([]string{"", "", "output", "sandbox-scale", "nodes", "keep-for"}, keys); diff != "" {
		t.Errorf("faults differ:\n%s", diff)
	}
}

func TestEveryInputOfTheWalkthroughCanBeGiven(t *testing.T) {
	full := actions.Inputs{}.WithDefaults("7f3a")
	for key := range asMap(t, full) {
		if !hasInput(key) {
			t.Errorf("input %s has no flag", key)
		}
	}
}

func TestConfigFileIsReadLetterByLetter(t *testing.T) {
	chosen, faults := given(t, nil, nil, "kubernetes-version: 1.30\nyes: true\nmessage: 12e3\ntenant: 0123\ntopic: \"\"\nvault:\n")
	want := settings{Yes: true, Inputs: actions.Inputs{KubernetesVersion: "1.30", Message: "12e3", Tenant: "0123"}}
	if diff := cmp.Diff(want, chosen.settings); diff != "" || len(faults) > 0 {
		t.Errorf("faults %v, settings differ:\n%s", faults, diff)
	}
}

func TestConfigFileHoldsTextsAndListsOfThem(t *testing.T) {
	for _, text := range []string{"location: {a: b}", "sandbox-fault: [[a]]", "vault: &v a\nkey: *v", "location: a\nlocation: b", "- location"} {
		if _, faults := given(t, nil, nil, text); len(faults) != 1 {
			t.Errorf("%q has the faults %v", text, faults)
		}
	}
}

func TestConfigFileMayBeMissingUnlessNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	if faults := readConfig(path, false).faults(); len(faults) != 0 {
		t.Errorf("a config file nobody named is missing, and that is a fault: %v", faults)
	}
	if faults := readConfig(path, true).faults(); len(faults) != 1 {
		t.Errorf("the named config file is missing, and that is no fault")
	}
	if err := os.WriteFile(path, []byte("\tnot yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	if faults := readConfig(path, false).faults(); len(faults) != 1 {
		t.Errorf("the config file cannot be parsed, and that is no fault")
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, seed := range []string{"", "location: eastus", "nodes: 3\nkey: [a, b]", "a: &a [*a]", "location: x\nlocation: y", "- 1", "location: {a: b}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := parseConfig([]byte(text))
		if c.err != nil && len(c.values) > 0 {
			t.Errorf("a file that cannot be used has values: %v", c.values)
		}
	})
}
