package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/sandbox"
)

// callIn runs the program with a state directory that outlives it.
func callIn(t *testing.T, state string, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{
		in: strings.NewReader(""), out: &out, err: &errs,
		getenv: func(name string) string {
			return map[string]string{"XDG_STATE_HOME": state, "XDG_CONFIG_HOME": state}[name]
		},
		leave: func(code int) { t.Errorf("left with %d", code) },
	}
	code := run(t.Context(), p, args)
	return outcome{code, out.String(), errs.String()}
}

// A run in the sandbox that is being served is remembered: status finds it, and it can begin again at a step.
func TestARunInTheServedSandboxIsFoundAndRunAgainFromAStep(t *testing.T) {
	served, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	state := t.TempDir()
	if err := discovery(filepath.Join(state, "cctui", "sandbox")).announce(served.Endpoints()); err != nil {
		t.Fatal(err)
	}
	if ended := callIn(t, state, "--auto", "--sandbox", "--quiet"); ended.code != actions.ExitDone {
		t.Fatalf("exit code %d\n%s", ended.code, ended.err)
	}
	for _, args := range [][]string{{"status"}, {"status", "--sandbox"}} {
		if found := callIn(t, state, args...); !strings.Contains(found.out, served.Endpoints().ID) || found.code != actions.ExitDone {
			t.Errorf("%v: exit code %d\n%s%s", args, found.code, found.out, found.err)
		}
	}
	again := callIn(t, state, "--auto", "--sandbox", "--output", "json", "--from", "consumer")
	if again.code != actions.ExitDone {
		t.Fatalf("exit code %d\n%s", again.code, again.err)
	}
	for step, state := range map[string]actions.State{"consumer": actions.Done, "producer": actions.Skipped, "cluster": actions.Skipped} {
		if got := lastState(t, again.out, step); got != state {
			t.Errorf("%s is %s, want %s", step, got, state)
		}
	}
}

// lastState is how a step ended, by the events of --output json.
func lastState(t *testing.T, events, step string) (state actions.State) {
	t.Helper()
	for line := range strings.Lines(events) {
		e, err := actions.DecodeEvent([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if changed, ok := e.(actions.StepChanged); ok && changed.Step == step {
			state = changed.State
		}
	}
	return state
}

func TestAnUnknownStepToBeginFromIsMisuse(t *testing.T) {
	ended := call(t, nil, "--auto", "--sandbox", "--from", "moon")
	if ended.code != actions.ExitUsage || !strings.Contains(ended.err, "moon") || !strings.Contains(ended.err, "public-key") {
		t.Errorf("exit code %d\n%s", ended.code, ended.err)
	}
}
