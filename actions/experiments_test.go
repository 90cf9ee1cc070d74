package actions

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/skr"
)

// fakeGuests are launched as the realm's are.
type fakeGuests struct{ w *realm }

func (f fakeGuests) Debuggable(_ context.Context, on bool) error {
	f.w.debuggable = on
	return f.w.call("guests.Debuggable")
}

// onStage is a walkthrough that has shown its message, with guests that can be launched otherwise.
func onStage(t *testing.T, w *realm, j *Journal) *Walkthrough {
	t.Helper()
	finish(t, w, j, nil)
	return again(t, w, j)
}

// again is the same run in another process.
func again(t *testing.T, w *realm, j *Journal) *Walkthrough {
	t.Helper()
	adapters := w.adapters()
	adapters.Guests = fakeGuests{w}
	walk, err := New(Options{Inputs: inputsOf(nil), Adapters: adapters, Profile: KataCC(), Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	return walk
}

// asMade tells whether the consumer is the one that the walkthrough makes.
func asMade(w *realm, walk *Walkthrough) bool {
	pod, err := fakeKube{w}.Pod(context.Background(), walk.Inputs().Namespace, consumerPod)
	_, sidecar := container(pod, sidecarContainer)
	return err == nil && sidecar && pod.RuntimeClass != "" && w.released &&
		policyHash(pod.Annotations[skr.PolicyAnnotation]) == walk.Outputs().Measurement
}

func TestEachExperimentEndsWithItsRefusalAndCanBeTakenBack(t *testing.T) {
	for experiment, refusal := range map[string]string{
		"no-sidecar":       "no-sidecar",
		"policy-drift":     "policy-drift",
		"ordinary-pod":     "attestation-refused",
		"wrong-authority":  "wrong-authority",
		"debuggable-guest": "debuggable-guest",
	} {
		t.Run(experiment, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newRealm()
				walk := onStage(t, w, NewJournal())
				p, err := walk.Apply(t.Context(), experiment)
				if err != nil {
					t.Fatal(err)
				}
				if p.ID != refusal || walk.Experiment() != experiment || w.released {
					t.Errorf("refused by %+v", p)
				}
				if err := walk.Restore(t.Context()); err != nil {
					t.Fatal(err)
				}
				if !asMade(w, walk) || walk.Experiment() != "" || w.debuggable {
					t.Error("the consumer is not as it was")
				}
			})
		})
	}
}

func TestAnExperimentLeftByADeadProcessIsTakenBackByTheNext(t *testing.T) {
	for name, mend := range map[string]func(context.Context, *Walkthrough) error{
		"asked to restore": func(ctx context.Context, walk *Walkthrough) error { return walk.Restore(ctx) },
		"asked to run":     func(ctx context.Context, walk *Walkthrough) error { _, err := walk.Run(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, j := newRealm(), NewJournal()
				if _, err := onStage(t, w, j).Apply(t.Context(), "debuggable-guest"); err != nil {
					t.Fatal(err)
				}
				next := again(t, w, j)
				if next.Experiment() != "debuggable-guest" {
					t.Fatalf("the journal says %q", next.Experiment())
				}
				if err := mend(t.Context(), next); err != nil {
					t.Fatal(err)
				}
				if !asMade(w, next) || next.Experiment() != "" || w.debuggable {
					t.Error("the consumer is not as it was")
				}
			})
		})
	}
}

func TestAnExperimentThatFailsHalfwayIsStillTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		walk := onStage(t, w, NewJournal())
		w.once("kube.Apply", errRefused)
		if _, err := walk.Apply(t.Context(), "no-sidecar"); err == nil {
			t.Fatal("it went well")
		}
		if err := walk.Restore(t.Context()); err != nil || !asMade(w, walk) {
			t.Errorf("not restored: %v", err)
		}
	})
}

func TestAPodThatItsPolicyForbidsIsARefusalToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		walk := onStage(t, w, NewJournal())
		w.once("kube.WaitPod", &kube.PodError{Reason: "FailedCreatePodSandBox", Events: []kube.Event{{
			Reason: "FailedCreatePodSandBox", Message: `"CreateContainerRequest is blocked by policy: "`,
		}}})
		p, err := walk.Apply(t.Context(), "no-sidecar")
		if err != nil || p.ID != "policy-drift" {
			t.Errorf("refused by %+v, %v", p, err)
		}
	})
}

func TestARaceIsNoRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		walk := onStage(t, w, NewJournal())
		w.races = 1
		p, err := walk.Apply(t.Context(), "debuggable-guest")
		if err != nil || p.ID != "debuggable-guest" {
			t.Errorf("refused by %+v, %v", p, err)
		}
	})
}

func TestAKeyReleasedAllTheSameIsToldAsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		walk := onStage(t, w, NewJournal())
		w.admission = func(kind, name string, o kube.Object) { // somebody in the cluster mends it
			if kind == "Pod" && name == consumerPod {
				spec := o["spec"].(map[string]any)
				spec["runtimeClassName"] = "kata-cc-isolation"
			}
		}
		p, err := walk.Apply(t.Context(), "ordinary-pod")
		if p != nil || problemOf(err).ID != "experiment-not-refused" {
			t.Errorf("refused by %+v, %v", p, err)
		}
	})
}

func TestOnlyOneExperimentAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		walk := onStage(t, newRealm(), NewJournal())
		if _, err := walk.Apply(t.Context(), "no-sidecar"); err != nil {
			t.Fatal(err)
		}
		if _, err := walk.Apply(t.Context(), "policy-drift"); err == nil || !strings.Contains(err.Error(), "restore first") {
			t.Errorf("the second one: %v", err)
		}
	})
}

func TestAnExperimentThatNeedsHelpIsOfferedOnlyWhereItIs(t *testing.T) {
	offered := func(walk *Walkthrough) bool {
		return slices.ContainsFunc(walk.Experiments(), func(e Experiment) bool { return e.ID == "debuggable-guest" })
	}
	w := newRealm()
	without, _ := walkthrough(t, w, NewJournal(), nil)
	if with := again(t, w, NewJournal()); !offered(with) || offered(without) {
		t.Error("debuggable guests are offered where nobody can launch them, or not where somebody can")
	}
	for _, e := range experiments() {
		if e.Title == "" || e.Sees == "" || e.Apply == nil {
			t.Errorf("%s says too little", e.ID)
		}
	}
}

func TestWithoutAConsumerThereIsNothingToTry(t *testing.T) {
	walk, _ := walkthrough(t, newRealm(), NewJournal(), nil)
	if _, err := walk.Apply(t.Context(), "no-sidecar"); err == nil || !strings.Contains(err.Error(), "run the walkthrough first") {
		t.Errorf("applied: %v", err)
	}
	if walk.Experiment() != "" || errors.Is(walk.Restore(t.Context()), nil) {
		t.Error("something was noted, or restored")
	}
}

// What cctui does not know must not be lost: the log has it, without what could harm a terminal.
func TestTheLogTellsWhyAnExperimentFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		finish(t, w, j, nil)
		walk, r := walkthrough(t, w, j, nil)
		w.once("kube.Apply", errors.New("flux \x1b[31mcapacitor"))
		if _, err := walk.Apply(t.Context(), "no-sidecar"); err == nil {
			t.Fatal("it did not fail")
		}
		if said := r.logged("consumer"); !strings.Contains(said, "The experiment no-sidecar failed") || !strings.Contains(said, "flux capacitor") {
			t.Errorf("logged %q", said)
		}
		if _, err := walk.Apply(t.Context(), "no-sidecar"); err != nil {
			t.Fatal(err)
		}
		if said := r.logged("consumer"); !strings.Contains(said, "was refused") {
			t.Errorf("logged %q", said)
		}
	})
}
