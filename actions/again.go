package actions

import (
	"context"
	"fmt"
)

// Reopen has a step carried out once more, with all that needs it and was done: they become stale,
// and their ids are returned. It waits for what runs. Whether there is something to do the steps'
// probes decide; only what the step Renews is made anew in any case.
func (w *Walkthrough) Reopen(id string) (reopened []string, err error) {
	w.running.Lock()
	defer w.running.Unlock()
	return w.reopen(id)
}

// RunAgain is Reopen, and then Run for what was reopened.
func (w *Walkthrough) RunAgain(ctx context.Context, id string) (Result, error) {
	return w.runReopened(ctx, id, func(reopened []string) []Step {
		return upstream(w.steps, append(reopened, id)...)
	})
}

// RunFrom is Reopen, and then Run.
func (w *Walkthrough) RunFrom(ctx context.Context, id string) (Result, error) {
	return w.runReopened(ctx, id, func([]string) []Step { return w.steps })
}

func (w *Walkthrough) runReopened(ctx context.Context, id string, which func(reopened []string) []Step) (Result, error) {
	w.running.Lock()
	defer w.running.Unlock()
	reopened, err := w.reopen(id)
	if err != nil {
		return w.finish(ctx, w.result(), []error{Explain(id, err)})
	}
	return w.runUnlocked(ctx, which(reopened))
}

func (w *Walkthrough) reopen(id string) (reopened []string, err error) {
	if _, err := w.find(id); err != nil {
		return nil, err
	}
	records := w.journal.read().Steps
	if _, begun := records[id]; !begun {
		return nil, nil
	}
	if err := w.journal.setStep(id, func(r *stepRecord) { r.Again = true }); err != nil {
		return nil, err
	}
	for _, s := range downstream(w.steps, id) {
		if state := records[s.ID].State; state != Done && state != Skipped && state != Stale {
			continue // it is to be run in any case
		}
		if err := w.setStale(s, "to be run again from "+id); err != nil {
			return nil, err
		}
		reopened = append(reopened, s.ID)
	}
	return reopened, nil
}

// find is a step by its id.
func (w *Walkthrough) find(id string) (Step, error) {
	for _, s := range w.steps {
		if s.ID == id {
			return s, nil
		}
	}
	return Step{}, fmt.Errorf("there is no step %q", id)
}

// Again tells whether the user wants the step carried out once more, although it was done.
func (r *Run) Again() bool { return r.w.journal.read().Steps[r.step.ID].Again }
