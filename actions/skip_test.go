package actions

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

func TestAStepThatNothingReliesOnCanBeSkipped(t *testing.T) {
	ran := &tally{}
	fails := does("compare", func(context.Context, *Run) error { ran.add("compare"); return errors.New("no") })
	fails.Forgoes = "the comparison"
	guards := does("gate", func(context.Context, *Run) error { return nil })
	j := NewJournal()
	w, r := scriptedIn(t, j, guards, fails)
	if err := w.Skip("gate"); err == nil || !strings.Contains(err.Error(), "cannot be skipped") {
		t.Errorf("skipping what others rely on: %v", err)
	}
	if _, err := w.Run(t.Context()); err == nil {
		t.Fatal("the step does not fail")
	}
	if err := w.Skip("compare"); err != nil {
		t.Fatal(err)
	}
	if got := r.reasons("compare"); got[len(got)-1] != "skipped by you: the comparison" {
		t.Errorf("reasons %q", got)
	}
	if err := w.Skip("compare"); err == nil {
		t.Error("skipped twice")
	}
	for _, w := range []*Walkthrough{w, must(New(Options{Inputs: testInputs(), Journal: j, Steps: []Step{guards, fails}}))} {
		result, err := w.Run(t.Context())
		if err != nil || result.Steps[Skipped] != 1 || !slices.Equal(result.Waived, []string{"compare"}) {
			t.Errorf("%+v %v", result, err)
		}
	}
	if !slices.Equal(ran.all(), []string{"compare"}) {
		t.Errorf("ran %v although it was skipped", ran.all())
	}
	if _, err := w.RunAgain(t.Context(), "compare"); err == nil || len(ran.all()) != 2 {
		t.Error("a skipped step is not run when that is asked for")
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// What may be skipped is a matter of money and secrets: the list is not to grow by itself.
func TestOnlyTheseMayBeSkipped(t *testing.T) {
	var may []string
	for _, s := range Steps() {
		if s.Forgoes != "" {
			may = append(may, s.ID)
		}
	}
	if !slices.Equal(may, []string{"tools", "contrast"}) {
		t.Errorf("may be skipped: %q", may)
	}
}

// Each of them can be done without, and the cleanup leaves nothing of it.
func TestTheWalkthroughSucceedsWithoutWhatMayBeSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		w.versions.CLI = "2.0.0"
		walk, _ := walkthrough(t, w, j, nil)
		for _, id := range []string{"tools", "contrast"} {
			if err := walk.Skip(id); err != nil {
				t.Fatal(err)
			}
		}
		if result, err := walk.Run(t.Context()); err != nil || result.Message == "" || result.Ciphertext != "" {
			t.Fatalf("%+v %v", result, err)
		}
		clean(t, w, j, nil)
		if left := w.left(); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	})
}
