package actions

import (
	"context"
	"errors"
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
