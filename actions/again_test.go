package actions

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cctui/cctui/kube"
)

// Whatever is run again, the world has afterwards what it had before, and not twice.
func TestNothingIsMadeTwiceByRunningAgain(t *testing.T) {
	replaced := []string{"consumer", "producer", "contrast"}
	for _, s := range Steps() {
		t.Run(s.ID, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newRealm()
				walk, _ := walkthrough(t, w, NewJournal(), nil)
				if _, err := walk.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				objects, left := len(w.objects), w.left()
				w.calls = nil
				result, err := walk.RunAgain(t.Context(), s.ID)
				if err != nil || result.Steps[Done]+result.Steps[Skipped] != len(Steps()) {
					t.Fatalf("%v %+v", err, result.Steps)
				}
				if !slices.Equal(w.left(), left) || len(w.objects) != objects {
					t.Errorf("there were %v and %d objects, there are %v and %d", left, objects, w.left(), len(w.objects))
				}
				writes := w.writes()
				inCluster := !slices.ContainsFunc(writes, func(call string) bool { return call != "kube.Delete" && call != "kube.Apply" })
				if slices.Contains(replaced, s.ID) != (len(writes) > 0) || !inCluster {
					t.Errorf("wrote %v", writes)
				}
			})
		})
	}
}

func TestRunningAgainGoesThroughAllThatDependsOnIt(t *testing.T) {
	ran := &tally{}
	note := func(id string, needs ...string) Step {
		return does(id, func(context.Context, *Run) error { ran.add(id); return nil }, needs...)
	}
	w, r := scripted(t, note("group"), note("vault", "group"), note("key", "vault"), note("cluster", "group"), note("later", "key"))
	if _, err := w.RunStep(t.Context(), "key"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.RunAgain(t.Context(), "vault"); err != nil {
		t.Fatal(err)
	}
	if want := []string{"group", "vault", "key", "vault", "key"}; !slices.Equal(ran.all(), want) {
		t.Errorf("ran %v, want %v", ran.all(), want)
	}
	if got, want := r.states("key"), []State{Running, Done, Stale, Running, Done}; !slices.Equal(got, want) {
		t.Errorf("key was %v, want %v", got, want)
	}
	if got := r.reasons("key"); !slices.Equal(got, []string{"to be run again from vault"}) {
		t.Errorf("reasons %q", got)
	}
	if _, err := w.RunAgain(t.Context(), "cluster"); err != nil || !slices.Contains(ran.all(), "cluster") {
		t.Errorf("a step that was never run: %v, ran %v", err, ran.all())
	}
	if result, err := w.RunAgain(t.Context(), "moon"); err == nil || result.Outcome != Failure {
		t.Errorf("a step that does not exist: %+v", result)
	}
}

// What the user asked to be made anew is made anew, even by the next process; once.
func TestTheWishToRunAgainOutlivesTheProcess(t *testing.T) {
	made := 0
	step := does("policy", func(context.Context, *Run) error { made++; return nil })
	step.Probe = func(context.Context, *Run) (bool, error) { return made > 0, nil }
	step.Renews = "the policy"
	j := NewJournal()
	w, _ := scriptedIn(t, j, step)
	for range 2 {
		if _, err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Reopen("policy"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 2} {
		next, _ := scriptedIn(t, j, step)
		if _, err := next.Run(t.Context()); err != nil || made != want {
			t.Errorf("made %d times, want %d; error %v", made, want, err)
		}
	}
}

// A consumer without its sidecar has the right policy, and is not the right one.
func TestAConsumerThatLostItsSidecarIsReplacedWhenLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		walk, _ := walkthrough(t, w, NewJournal(), func(in *Inputs) { in.Patience = time.Minute })
		w.admission = func(kind, name string, o kube.Object) {
			if kind == "Pod" && name == consumerPod {
				spec := o["spec"].(map[string]any)
				spec["containers"] = spec["containers"].([]any)[1:]
			}
		}
		if _, err := walk.Run(t.Context()); problemOf(err).ID != "no-sidecar" {
			t.Fatal(err)
		}
		w.admission = nil
		if _, err := walk.RunAgain(t.Context(), "key"); err != nil {
			t.Fatal(err)
		}
		if _, err := walk.Run(t.Context()); err != nil {
			t.Errorf("%+v", problemOf(err))
		}
	})
}
