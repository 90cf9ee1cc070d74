package actions

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"
)

// recorder keeps the events of a walkthrough.
type recorder struct {
	mu     sync.Mutex
	events []Event
}

func (r *recorder) emit(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// states are those a step went through.
func (r *recorder) states(id string) (states []State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if changed, ok := e.(StepChanged); ok && changed.Step == id {
			states = append(states, changed.State)
		}
	}
	return states
}

// reasons are those that a step gave for its states, without the empty ones.
func (r *recorder) reasons(id string) (reasons []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if changed, ok := e.(StepChanged); ok && changed.Step == id && changed.Reason != "" {
			reasons = append(reasons, changed.Reason)
		}
	}
	return reasons
}

// last is the last event.
func (r *recorder) last() Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[len(r.events)-1]
}

// does is a step that runs a function and always has to.
func does(id string, run func(context.Context, *Run) error, needs ...string) Step {
	return Step{ID: id, Screen: ScreenCluster, Title: id, Needs: needs, Run: run}
}

// takes is a step that takes a time, and can be cancelled.
func takes(id string, d time.Duration, needs ...string) Step {
	return does(id, func(ctx context.Context, _ *Run) error { return pause(ctx, d) }, needs...)
}

// testInputs are complete and valid.
func testInputs() Inputs { return Inputs{}.WithDefaults("7f3a2b") }

// scripted is a walkthrough of the given steps, and the record of its events.
func scripted(t *testing.T, steps ...Step) (*Walkthrough, *recorder) {
	t.Helper()
	return scriptedIn(t, NewJournal(), steps...)
}

// scriptedIn is scripted with a journal that another walkthrough may have used.
func scriptedIn(t *testing.T, j *Journal, steps ...Step) (*Walkthrough, *recorder) {
	t.Helper()
	r := &recorder{}
	w, err := New(Options{Inputs: testInputs(), Journal: j, Emit: r.emit, Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	return w, r
}

// tally counts how often each name came, for steps that run side by side.
type tally struct {
	mu    sync.Mutex
	names []string
}

func (t *tally) add(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.names = append(t.names, name)
}

func (t *tally) all() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.names)
}
