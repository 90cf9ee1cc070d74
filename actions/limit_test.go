package actions

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cctui/cctui/azure"
)

func TestAnOperationThatNeverEndsIsNotWaitedForForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := Resource{Kind: "cluster", Name: "c", ID: "/subscriptions/s/c"}
		var resumed string
		follow := func(end func(context.Context) error) Step {
			return does("cluster", func(ctx context.Context, r *Run) error {
				return r.Create(ctx, cluster, func(op azure.LRO) error {
					resumed = op.ResumeToken
					return errors.Join(op.Accepted("token"), end(ctx))
				})
			})
		}
		j := NewJournal()
		w, _ := scriptedIn(t, j, follow(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }))
		began := time.Now()
		result, err := w.Run(t.Context())
		if took := time.Since(began); took != 6*w.Inputs().Patience || ExitCode(err) != ExitFailed {
			t.Fatalf("took %s: %v", took, err)
		}
		p := result.Problem
		if p.ID != "too-long" || !strings.Contains(p.Title, "cluster c") || !strings.Contains(p.Why, "may cost money") || !strings.Contains(p.Commands[0], cluster.ID) {
			t.Errorf("told: %+v", p)
		}
		if len(result.Open) != 1 || len(result.Exists) != 1 {
			t.Errorf("open %v, exists %v", result.Open, result.Exists)
		}
		again, _ := scriptedIn(t, j, follow(func(context.Context) error { return nil }))
		if _, err := again.Run(t.Context()); err != nil || resumed != "token" {
			t.Errorf("resumed with %q: %v", resumed, err)
		}
	})
}

func TestAStepThatTakesTooLongWithoutAzureSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := scripted(t, does("waits", func(ctx context.Context, r *Run) error {
			return r.Wait(ctx, "for nothing", func(context.Context) (bool, error) { return false, nil })
		}))
		result, _ := w.Run(t.Context())
		if p := result.Problem; p.ID != "too-long" || len(p.Remedy) == 0 || strings.Contains(p.Title, "Azure") {
			t.Errorf("told: %+v", p)
		}
	})
}
