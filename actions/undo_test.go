package actions

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cctui/cctui/azure"
)

// makes is a step that makes a resource of its name, and removes it again.
func makes(id string, removals *tally, needs ...string) Step {
	res := Resource{Kind: "thing", Name: id}
	s := does(id, func(ctx context.Context, r *Run) error {
		return r.Create(ctx, res, func(azure.LRO) error { return nil })
	}, needs...)
	s.Undo = func(ctx context.Context, r *Run) error {
		return r.Remove(ctx, res, func(azure.LRO) error {
			removals.add(id)
			return pause(ctx, time.Second)
		})
	}
	return s
}

func TestCleanupRemovesInReverseSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var removals tally
		j := NewJournal()
		steps := []Step{
			makes("group", &removals),
			makes("cluster", &removals, "group"),
			makes("vault", &removals, "group"),
			takes("policy", 0, "vault"), // nothing to undo, and yet it keeps the order
			makes("key", &removals, "policy"),
		}
		w, r := scriptedIn(t, j, steps...)
		if _, err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		run := j.RunID()
		start := time.Now()
		result, err := w.Cleanup(t.Context())
		if err != nil || len(result.Removed) != 4 || result.Run != run {
			t.Fatalf("result %+v, error %v", result, err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %s", took)
		}
		got := removals.all()
		if slices.Index(got, "key") > slices.Index(got, "vault") || got[3] != "group" {
			t.Errorf("removed in the order %v", got)
		}
		for _, e := range r.events {
			if changed, ok := e.(StepChanged); ok && changed.Screen == ScreenCleanup && changed.Step == "policy" {
				t.Error("a step without undo was undone")
			}
		}
		if j.RunID() == run || len(j.Status(steps).Made) != 0 {
			t.Error("the journal did not begin a new run")
		}
		if again, err := w.Cleanup(t.Context()); err != nil || len(again.Removed) != 0 {
			t.Errorf("again: %+v, error %v", again, err)
		}
	})
}

func TestAFailingRemovalDoesNotKeepTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var removals tally
		stuck := makes("vault", &removals, "group")
		undo, broken := stuck.Undo, true
		stuck.Undo = func(ctx context.Context, r *Run) error {
			if broken {
				return &azure.Error{Status: 409, Code: "ScopeLocked"}
			}
			return undo(ctx, r)
		}
		w, _ := scripted(t, makes("group", &removals), makes("cluster", &removals, "group"), stuck)
		if _, err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		result, err := w.Cleanup(t.Context())
		if ExitCode(err) != ExitFailed || result.Problem.ID != "locked" || !slices.Equal(removals.all(), []string{"cluster"}) {
			t.Fatalf("removed %v, result %+v", removals.all(), result)
		}
		broken = false
		result, err = w.Cleanup(t.Context())
		if err != nil || len(result.Removed) != 2 {
			t.Errorf("result %+v, error %v", result, err)
		}
	})
}

func TestCleanupThatLeavesSomethingSaysSo(t *testing.T) {
	step := makes("vault", &tally{})
	step.Undo = nil
	w, _ := scripted(t, step)
	if _, err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	result, err := w.Cleanup(t.Context())
	if err == nil || result.Problem.ID != "cleanup-incomplete" || len(result.Exists) != 1 {
		t.Errorf("result %+v, error %v", result, err)
	}
}

func TestAnInterruptedCleanupIsResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var removals tally
		j := NewJournal()
		steps := []Step{makes("group", &removals), makes("cluster", &removals, "group")}
		w, _ := scriptedIn(t, j, steps...)
		if _, err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if result, err := w.Cleanup(ctx); ExitCode(err) != ExitInterrupted || len(result.Open) != 1 {
			t.Fatalf("result %+v, error %v", result, err)
		}
		again, _ := scriptedIn(t, j, steps...)
		if result, err := again.Cleanup(t.Context()); err != nil || len(result.Removed) != 2 {
			t.Errorf("result %+v, error %v", result, err)
		}
	})
}

func TestUndoOfWhatNeverBeganIsLeftOut(t *testing.T) {
	step := makes("cluster", &tally{})
	step.Undo = func(context.Context, *Run) error { return errors.New("there is no cluster to ask") }
	w, _ := scripted(t, step)
	if _, err := w.Cleanup(t.Context()); err != nil {
		t.Error(err)
	}
}
