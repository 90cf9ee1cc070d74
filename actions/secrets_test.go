package actions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Whatever a step ends with, and however, no event repeats a credential it came upon.
func TestNoEventRepeatsACredential(t *testing.T) {
	const signature = "c2lnbmF0dXJlLWNhbmFyeQ"
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ." + signature
	for name, run := range map[string]func(context.Context, *Run) error{
		"a panic":         func(context.Context, *Run) error { panic("could not use " + token) },
		"a panic's error": func(context.Context, *Run) error { panic(fmt.Errorf("could not use %s", token)) },
		"what az printed": func(context.Context, *Run) error {
			return errors.New(`ask az for its version: exit status 1: DEBUG: {"accessToken": "opaque-` + signature + `", "token": "` + token + `"}`)
		},
		"a log line": func(_ context.Context, r *Run) error {
			r.Logf("the sidecar says: MAA Token: %s", token)
			return nil
		},
		"progress": func(_ context.Context, r *Run) error {
			r.Progress("Authorization: Bearer "+token, -1)
			return nil
		},
		"an output": func(_ context.Context, r *Run) error {
			return r.Update(func(o *Outputs) { o.Message = "Bearer " + token })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, recorder := scripted(t, does("a", run))
			_, _ = w.Run(t.Context())
			for _, e := range recorder.events {
				line, err := EncodeEvent(e)
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(line, []byte(signature)) || strings.Contains(string(line), token[:40]) {
					t.Errorf("%s", line)
				}
			}
			if len(recorder.events) == 0 {
				t.Error("nothing was told")
			}
		})
	}
}
