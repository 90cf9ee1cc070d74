package actions

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/cctui/cctui/kube"
)

// A confidential pod takes most of a minute to start: one that an earlier process began is waited for.
func TestAPodThatIsStartingIsNotMadeAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		ctx, die := context.WithCancel(t.Context())
		w.hooks["kube.WaitPod"] = func() error { die(); return ctx.Err() }
		walk, _ := walkthrough(t, w, j, nil)
		if _, err := walk.Run(ctx); err == nil {
			t.Fatal("it was not interrupted")
		}
		delete(w.hooks, "kube.WaitPod")
		w.starting, w.calls = true, nil
		finish(t, w, j, nil)
		if slices.Contains(w.calls, "kube.Delete") {
			t.Error("the pod was deleted, though nothing was wrong with it")
		}
	})
}

// The power fails, and what the journal was told last is lost with it: what the run made in its own
// cluster, identity and vault is there, and nobody wrote it down.
func TestWhatLiesInTheRunsOwnNeedsNoJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		finish(t, w, j, nil)
		inside := func(r resourceRecord) bool { return r.In != "" }
		lost := map[string]bool{}
		for _, r := range j.read().Resources {
			if inside(r) {
				lost[r.Step] = true
			}
		}
		if !lost["producer"] || !lost["federated-credential"] || !lost["roles"] {
			t.Fatalf("of the steps %v something would be lost", lost)
		}
		err := j.change(func(d *document) {
			d.Resources = slices.DeleteFunc(d.Resources, inside)
			for step := range lost {
				delete(d.Steps, step)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		w.calls = nil
		finish(t, w, j, nil)
		if writes := w.writes(); len(writes) > 0 {
			t.Errorf("nothing was wrong with it, and yet: %v", writes)
		}
		if kept := clean(t, w, j, nil).Kept; len(kept) > 0 {
			t.Errorf("cleanup kept %v", kept)
		}
		if left := w.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// The pod is there and its service is not: whoever made the one died before the other.
func TestTheOrdinaryConsumerGetsTheServiceItLacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		finish(t, w, j, nil)
		service := kube.Ref{APIVersion: "v1", Kind: "Service", Namespace: testInputs().Namespace, Name: ordinaryService}
		if _, there := w.objects[service]; !there {
			t.Fatalf("there is no %s to lose", service)
		}
		delete(w.objects, service)
		finish(t, w, j, nil)
		if _, there := w.objects[service]; !there {
			t.Error("it still lacks its service")
		}
	})
}

func TestWhatIsWrongWithAPodShows(t *testing.T) {
	for name, test := range map[string]struct {
		pod      kube.Pod
		unharmed bool
	}{
		"ready":         {kube.Pod{Phase: "Running", Ready: true, Containers: []kube.Container{{State: "running"}}}, true},
		"not scheduled": {kube.Pod{Phase: "Pending", Containers: []kube.Container{{}}}, true},
		"starting":      {kube.Pod{Phase: "Pending", Containers: []kube.Container{{State: "waiting", Reason: "ContainerCreating"}}}, true},
		"no image":      {kube.Pod{Phase: "Pending", Containers: []kube.Container{{State: "waiting", Reason: "ImagePullBackOff"}}}, false},
		"restarted":     {kube.Pod{Phase: "Running", Containers: []kube.Container{{State: "running", Restarts: 1}}}, true},
		"given up":      {kube.Pod{Phase: "Running", Containers: []kube.Container{{State: "waiting", Reason: "CrashLoopBackOff", Restarts: 3}}}, false},
		"ended":         {kube.Pod{Phase: "Failed"}, false},
		"going":         {kube.Pod{Phase: "Running", Ready: true, Deleting: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := unharmed(test.pod); got != test.unharmed {
				t.Errorf("unharmed: %v", got)
			}
		})
	}
}
