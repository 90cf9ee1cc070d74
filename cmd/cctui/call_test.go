package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cctui/cctui/actions"
)

// outcome is what a caller of the program sees.
type outcome struct {
	code     int
	out, err string
}

// call runs the program as a machine without a terminal would, with a state directory of its own.
func call(t *testing.T, env map[string]string, args ...string) outcome {
	t.Helper()
	state := t.TempDir()
	var out, errs bytes.Buffer
	p := &program{
		in: strings.NewReader(""), out: &out, err: &errs,
		getenv: func(name string) string {
			if strings.HasPrefix(name, "XDG_") {
				return state
			}
			return env[name]
		},
		leave: func(code int) { t.Errorf("left with %d", code) },
	}
	code := run(t.Context(), p, args)
	return outcome{code, out.String(), errs.String()}
}

// result is the last line of --output json.
func (o outcome) result(t *testing.T) actions.Result {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(o.out), "\n")
	event, err := actions.DecodeEvent([]byte(lines[len(lines)-1]))
	if err != nil {
		t.Fatalf("%v\n%s", err, o.err)
	}
	finished, ok := event.(actions.Finished)
	if !ok {
		t.Fatalf("the last line is no result: %s", lines[len(lines)-1])
	}
	return finished.Result
}
