package actions

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/cctui/cctui/azure"
)

// Only a vault that refused is told to have refused; one that is slow is not.
func TestOnlyARefusalIsCalledOne(t *testing.T) {
	refused := &azure.Error{Status: 403, Code: "Forbidden", InnerCode: "ForbiddenByRbac"}
	hangs := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for name, test := range map[string]struct {
		answers []func(context.Context) error // in turn, the last for ever
		want    bool
	}{
		"refuses":             {[]func(context.Context) error{func(context.Context) error { return refused }}, true},
		"hangs":               {[]func(context.Context) error{hangs}, false},
		"refuses, then hangs": {[]func(context.Context) error{func(context.Context) error { return refused }, hangs}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got error
				w, _ := scripted(t, does("roles", func(ctx context.Context, r *Run) error {
					asked := 0
					got = untilAllowed(ctx, r, "the vault learns of the role", func(ctx context.Context) error {
						asked++
						return test.answers[min(asked, len(test.answers))-1](ctx)
					})
					return got
				}))
				_, _ = w.Run(t.Context())
				if !errors.Is(got, errPatience) || forbidden(got) != test.want {
					t.Errorf("got %v", got)
				}
			})
		})
	}
}

// Who waits for Azure is told when it cannot be asked, and when it can again.
func TestAWaitTellsThatItCannotAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := errors.New("dial tcp: connect: connection refused")
		answers := []error{nil, lost, lost, nil}
		w, events := scripted(t, does("feature", func(ctx context.Context, r *Run) error {
			return r.Wait(ctx, "Azure registers it", func(context.Context) (bool, error) {
				if len(answers) == 0 {
					return true, nil
				}
				err := answers[0]
				answers = answers[1:]
				return false, err
			})
		}))
		if _, err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{"Azure registers it", "The connection was lost; asking again", "Azure registers it"}
		if got := events.reasons("feature"); !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
		if logged := events.logged("feature"); strings.Count(logged, lost.Error()) != 2 {
			t.Errorf("logged %q", logged)
		}
	})
}
