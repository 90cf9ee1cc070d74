package actions

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cctui/cctui/azure"
)

func TestIndependentStepsRunSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := []Step{
			takes("group", time.Second),
			takes("cluster", 5*time.Second, "group"),
			takes("vault", 3*time.Second, "group"),
			takes("key", time.Second, "vault"),
			takes("consumer", time.Second, "cluster", "key"),
		}
		w, r := scripted(t, steps...)
		start := time.Now()
		result, err := w.Run(t.Context())
		if err != nil || result.Outcome != Succeeded || result.Steps[Done] != len(steps) {
			t.Fatalf("result %+v, error %v", result, err)
		}
		durations := map[string]time.Duration{"group": time.Second, "cluster": 5 * time.Second, "vault": 3 * time.Second, "key": time.Second, "consumer": time.Second}
		if took, want := time.Since(start), CriticalPath(steps, durations); took != want {
			t.Errorf("took %s, the critical path is %s", took, want)
		}
		if SerialTime(steps, durations) != 11*time.Second {
			t.Errorf("serial time is %s", SerialTime(steps, durations))
		}
		if got := r.states("key"); !slices.Equal(got, []State{Running, Done}) {
			t.Errorf("states of key: %v", got)
		}
		if _, ok := r.last().(Finished); !ok {
			t.Errorf("the last event is %T", r.last())
		}
	})
}

func TestWhatIsAlreadySoIsSkipped(t *testing.T) {
	step := does("vault", func(context.Context, *Run) error { return errors.New("made twice") })
	step.Probe = func(context.Context, *Run) (bool, error) { return true, nil }
	w, r := scripted(t, step)
	if result, err := w.Run(t.Context()); err != nil || result.Steps[Skipped] != 1 {
		t.Fatalf("result %+v, error %v", result, err)
	}
	if got := r.states("vault"); !slices.Equal(got, []State{Running, Skipped}) {
		t.Errorf("states: %v", got)
	}
}

func TestAfterAFailureTheRunEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusal := &azure.Error{Status: 403, Code: "RequestDisallowedByPolicy", Message: "no"}
		pool := Resource{Kind: "node pool", Name: "p", ID: "/subscriptions/s/p"}
		steps := []Step{
			does("fails", func(ctx context.Context, _ *Run) error {
				return errors.Join(pause(ctx, time.Second), refusal)
			}),
			does("waits", func(ctx context.Context, r *Run) error {
				return r.Wait(ctx, "for a message", func(context.Context) (bool, error) { return false, nil })
			}),
			does("tries again", func(context.Context, *Run) error { return &azure.Error{Status: 429} }),
			does("follows", func(ctx context.Context, r *Run) error {
				return r.Create(ctx, pool, func(op azure.LRO) error {
					return errors.Join(op.Accepted("token"), pause(ctx, time.Hour))
				})
			}),
			takes("is quicker", time.Millisecond),
			takes("dependent", time.Second, "fails"),
			takes("after waits", time.Second, "waits"),
		}
		w, r := scripted(t, steps...)
		start := time.Now()
		result, err := w.Run(t.Context())
		if result.Outcome != Failure || result.Problem.ID != "policy-disallows" || result.Problem.Step != "fails" || ExitCode(err) != ExitFailed {
			t.Fatalf("result %+v, error %v", result, err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("ended after %s", took)
		}
		want := map[State]int{Failed: 1, Done: 1, Pending: 5}
		if !maps.Equal(result.Steps, want) {
			t.Errorf("steps %v, want %v", result.Steps, want)
		}
		if len(r.states("dependent"))+len(r.states("after waits")) != 0 {
			t.Error("a step started after the failure")
		}
		for step, reason := range map[string]string{
			"waits":       "stopped, because fails failed",
			"tries again": "stopped, because fails failed",
			"follows":     "stopped, because fails failed; Azure is still at work on node pool p",
		} {
			if got := r.reasons(step); got[len(got)-1] != reason {
				t.Errorf("%s: %q", step, got)
			}
		}
		if !slices.Equal(result.Open, []Resource{pool}) {
			t.Errorf("open: %v", result.Open)
		}
	})
}

func TestCancellationLeavesAResumableRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cluster := Resource{Kind: "cluster", Name: "c", ID: "/subscriptions/s/c"}
		steps := []Step{
			does("cluster", func(ctx context.Context, r *Run) error {
				return r.Create(ctx, cluster, func(op azure.LRO) error {
					return errors.Join(op.Accepted("token"), pause(ctx, time.Hour))
				})
			}),
			takes("later", time.Second, "cluster"),
		}
		j := NewJournal()
		w, _ := scriptedIn(t, j, steps...)
		time.AfterFunc(time.Minute, cancel)
		result, err := w.Run(ctx)
		if result.Outcome != Interrupted || ExitCode(err) != ExitInterrupted {
			t.Fatalf("result %+v, error %v", result, err)
		}
		if !slices.Equal(result.Open, []Resource{cluster}) || !strings.Contains(result.Problem.Why, "at work on cluster c") {
			t.Errorf("open %v, why %q", result.Open, result.Problem.Why)
		}
		if result.Steps[Pending] != 2 {
			t.Errorf("steps %v", result.Steps)
		}
		var resumed string
		again, _ := scriptedIn(t, j, does("cluster", func(ctx context.Context, r *Run) error {
			return r.Create(ctx, cluster, func(op azure.LRO) error { resumed = op.ResumeToken; return nil })
		}))
		if _, err := again.Run(t.Context()); err != nil || resumed != "token" {
			t.Errorf("resumed with %q, error %v", resumed, err)
		}
	})
}

func TestPassingFailuresAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		w, r := scripted(t, does("busy", func(context.Context, *Run) error {
			if tries++; tries < 3 {
				return &azure.Error{Status: 429, Code: "TooManyRequests"}
			}
			return nil
		}))
		if _, err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.states("busy"); !slices.Equal(got, []State{Running, Waiting, Running, Waiting, Running, Done}) {
			t.Errorf("states: %v", got)
		}
		if got := r.reasons("busy"); !strings.Contains(got[0], "trying again in 500ms") {
			t.Errorf("reasons: %q", got)
		}
	})
}

func TestTriesAreBounded(t *testing.T) {
	for name, test := range map[string]struct {
		err   error
		tries int
	}{
		"passing": {&azure.Error{Status: 503}, maxTries},
		"final":   {&azure.Error{Status: 400, Code: "InvalidParameter"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				w, _ := scripted(t, does("step", func(context.Context, *Run) error { tries++; return test.err }))
				if result, _ := w.Run(t.Context()); result.Outcome != Failure || tries != test.tries {
					t.Errorf("outcome %s after %d tries, want %d", result.Outcome, tries, test.tries)
				}
			})
		})
	}
}

func TestAPanicIsAProblem(t *testing.T) {
	w, _ := scripted(t, does("broken", func(context.Context, *Run) error { panic("index out of range") }))
	result, err := w.Run(t.Context())
	if result.Problem == nil || result.Problem.ID != "defect" || !strings.Contains(result.Problem.Raw, "index out of range") {
		t.Fatalf("result %+v, error %v", result, err)
	}
}

func TestWaitPollsEverMoreSlowlyAndSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Duration
		start := time.Now()
		w, r := scripted(t, does("role", func(ctx context.Context, r *Run) error {
			return r.Wait(ctx, "for the role to take effect", func(context.Context) (bool, error) {
				asked = append(asked, time.Since(start))
				return time.Since(start) > time.Minute, nil
			})
		}))
		if _, err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if asked[0] != 0 || asked[1] != 50*time.Millisecond || asked[2] != 130*time.Millisecond {
			t.Errorf("asked at %v", asked[:3])
		}
		if n := len(asked); asked[n-1]-asked[n-2] != 15*time.Second {
			t.Errorf("the last pause was %s", asked[n-1]-asked[n-2])
		}
		if got := r.states("role"); !slices.Equal(got, []State{Running, Waiting, Running, Done}) {
			t.Errorf("states: %v", got)
		}
		if got := r.reasons("role"); !slices.Equal(got, []string{"for the role to take effect"}) {
			t.Errorf("reasons: %v", got)
		}
	})
}

func TestWaitForgivesAFewFailuresThatPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		w, _ := scripted(t, does("poll", func(ctx context.Context, r *Run) error {
			return r.Wait(ctx, "for it", func(context.Context) (bool, error) {
				if asked++; asked%2 == 1 && asked < 20 {
					return false, errors.New("read: connection reset by peer")
				}
				return asked >= 20, nil
			})
		}))
		if _, err := w.Run(t.Context()); err != nil || asked != 20 {
			t.Fatalf("asked %d times, error %v", asked, err)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := scripted(t, does("feature", func(ctx context.Context, r *Run) error {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			return r.Wait(ctx, "for the feature", func(context.Context) (bool, error) { return false, nil })
		}))
		result, _ := w.Run(t.Context())
		if result.Outcome != Failure || result.Problem.ID != "feature-pending" {
			t.Fatalf("result %+v", result)
		}
		if !strings.Contains(result.Problem.Raw, "waited 1h0m0s: for the feature") {
			t.Errorf("raw %q", result.Problem.Raw)
		}
	})
}

func TestRunStepAndRunScreenRunWhatIsNeededOnce(t *testing.T) {
	var ran tally
	note := func(id string, screen Screen, needs ...string) Step {
		return Step{ID: id, Screen: screen, Needs: needs, Run: func(context.Context, *Run) error { ran.add(id); return nil }}
	}
	w, _ := scripted(t,
		note("sign-in", ScreenPrerequisites),
		note("group", ScreenCluster, "sign-in"),
		note("identity", ScreenIdentity, "group"),
		note("vault", ScreenKeys, "group"),
	)
	for _, run := range []func() (Result, error){
		func() (Result, error) { return w.RunStep(t.Context(), "group") },
		func() (Result, error) { return w.RunScreen(t.Context(), ScreenKeys) },
		func() (Result, error) { return w.Run(t.Context()) },
	} {
		if _, err := run(); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"sign-in", "group", "vault", "identity"}; !slices.Equal(ran.all(), want) {
		t.Errorf("ran %v, want %v", ran.all(), want)
	}
}

func TestAResumedRunProbesAgain(t *testing.T) {
	made := false
	step := does("vault", func(context.Context, *Run) error { made = true; return nil })
	step.Probe = func(context.Context, *Run) (bool, error) { return made, nil }
	j := NewJournal()
	for _, want := range []State{Done, Skipped} {
		w, _ := scriptedIn(t, j, step)
		if result, err := w.Run(t.Context()); err != nil || result.Steps[want] != 1 {
			t.Fatalf("steps %v, want one %s; error %v", result.Steps, want, err)
		}
	}
}

func TestAnEditMakesWhatWasDoneWithItStale(t *testing.T) {
	ran := &tally{}
	note := func(id string, reads []string, needs ...string) Step {
		s := does(id, func(context.Context, *Run) error { ran.add(id); return nil }, needs...)
		s.Reads = reads
		return s
	}
	steps := []Step{
		note("group", []string{"resource-group"}),
		note("policy", []string{"consumer-image"}, "group"),
		note("key", []string{"key"}, "policy"),
		note("producer", []string{"message"}, "key"),
	}
	j := NewJournal()
	w, r := scriptedIn(t, j, steps...)
	if _, err := w.RunStep(t.Context(), "key"); err != nil {
		t.Fatal(err)
	}
	in := testInputs()
	in.ConsumerImage = "mcr.microsoft.com/acc/samples/kafka/consumer:2.0"
	stale, err := w.Edit(in)
	if err != nil || !slices.Equal(stale, []string{"policy", "key"}) {
		t.Fatalf("stale %v, error %v", stale, err)
	}
	if got := r.states("key"); got[len(got)-1] != Stale {
		t.Errorf("states of key: %v", got)
	}
	if _, err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"group", "policy", "key", "policy", "key", "producer"}; !slices.Equal(ran.all(), want) {
		t.Errorf("ran %v, want %v", ran.all(), want)
	}
	again, _ := scriptedIn(t, j, steps...) // with the inputs from before the edit
	if got := again.States(); got["group"] != Done || got["policy"] != Stale || got["producer"] != Stale {
		t.Errorf("states of the resumed run: %v", got)
	}
}

func TestFaultyInputsAreRefusedWhole(t *testing.T) {
	w, _ := scripted(t)
	in := testInputs()
	in.Pool, in.Vault = "Too-Long-For-A-Pool", "9"
	_, err := w.Edit(in)
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != 2 || ExitCode(err) != ExitUsage {
		t.Fatalf("error %v", err)
	}
	if w.Inputs() != testInputs() {
		t.Error("faulty inputs were taken")
	}
}

func TestOutputsAreToldAsTheyAreSet(t *testing.T) {
	w, r := scripted(t, does("policy", func(_ context.Context, r *Run) error {
		return r.Update(func(o *Outputs) { o.Measurement, o.Nodes = "5c1e", []string{"n1"} })
	}))
	if _, err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := map[string]any{}
	for _, e := range r.events {
		if o, ok := e.(OutputSet); ok {
			told[o.Name] = o.Value
		}
	}
	if told["measurement"] != "5c1e" || len(told) != 2 {
		t.Errorf("told %v", told)
	}
	out := w.Outputs()
	out.Nodes[0] = "changed"
	if w.Outputs().Nodes[0] != "n1" {
		t.Error("a copy of the outputs changes the outputs")
	}
}
