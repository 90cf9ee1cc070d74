package actions

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// maxTries is how often a step is tried while its failures are of the kind that passes.
const maxTries = 6

// carryOut brings one step to its end and keeps journal and listeners informed. Its error is a *Problem.
func (w *Walkthrough) carryOut(ctx context.Context, s Step) error {
	if err := w.begin(s); err != nil {
		return w.fail(s, err)
	}
	skipped, err := w.persist(ctx, s, w.attempt)
	if err != nil && ctx.Err() != nil {
		return w.abandon(ctx, s)
	}
	if err != nil {
		return w.fail(s, err)
	}
	if err := w.complete(s, skipped); err != nil {
		return w.fail(s, err)
	}
	return nil
}

func (w *Walkthrough) begin(s Step) error {
	w.mu.Lock()
	w.stands[s.ID].problem = nil
	w.mu.Unlock()
	w.moved(s, Running, "")
	return w.journal.setStep(s.ID, func(r *stepRecord) {
		*r = stepRecord{State: Running, Started: time.Now().UTC(), Again: r.Again}
	})
}

func (w *Walkthrough) complete(s Step, skipped bool) error {
	state, reason := Done, ""
	if skipped {
		state, reason = Skipped, "already so"
	}
	in := w.Inputs()
	err := w.journal.note(func(d *document) {
		d.settleStep(s.ID)
		d.Steps[s.ID] = stepRecord{
			State: state, Fingerprint: fingerprint(in, s.Reads),
			Started: d.Steps[s.ID].Started, Finished: time.Now().UTC(),
		}
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.stands[s.ID].confirmed = true
	w.mu.Unlock()
	w.moved(s, state, reason)
	return nil
}

// abandon leaves a step that was cancelled; it is probed and carried on when the run is resumed. An
// operation in Azure goes on without us: following it would only keep the user from the reason why
// the run cannot succeed.
func (w *Walkthrough) abandon(ctx context.Context, s Step) error {
	reason := "interrupted"
	var failure *Problem
	if errors.As(context.Cause(ctx), &failure) {
		reason = "stopped, because " + failure.Step + " failed"
	}
	if open := azureNames(w.journal.openOf(s.ID)); open != "" {
		reason += "; Azure is still at work on " + open
	}
	w.moved(s, Pending, reason)
	return interruption(s.ID)
}

// fail records and tells why a step failed.
func (w *Walkthrough) fail(s Step, err error) error {
	p := Explain(s.ID, err).named(w.Inputs())
	journalErr := w.journal.setStep(s.ID, func(r *stepRecord) { r.State, r.Finished = Failed, time.Now().UTC() })
	if journalErr != nil {
		w.emit(Logged{Step: s.ID, Text: Sanitize(journalErr.Error(), maxLogText)})
	}
	w.mu.Lock()
	w.stands[s.ID].problem = p
	w.mu.Unlock()
	w.emit(ProblemRaised{Step: s.ID, Problem: p})
	w.moved(s, Failed, p.Title)
	return p
}

// persist tries again while the failures are of the kind that passes.
func (w *Walkthrough) persist(ctx context.Context, s Step, try func(context.Context, Step) (bool, error)) (skipped bool, err error) {
	tries := 0
	for p := range retries.pauses() {
		if skipped, err = w.inTime(ctx, s, try); err == nil || ctx.Err() != nil {
			return skipped, err
		}
		if tries++; tries == maxTries || !Explain(s.ID, err).Retry {
			return false, err
		}
		if pauseErr := w.pauseBefore(ctx, s, p, err); pauseErr != nil {
			return false, err
		}
	}
	return false, err
}

func (w *Walkthrough) pauseBefore(ctx context.Context, s Step, p time.Duration, err error) error {
	problem := Explain(s.ID, err)
	w.emit(Logged{Step: s.ID, Text: problem.Error()})
	defer w.waiting(s, fmt.Sprintf("%s; trying again in %s", problem.Title, p))()
	return pause(ctx, p)
}

// attempt asks whether it is already so, and otherwise makes it so. Nobody is asked where the user
// wants anew what is already so.
func (w *Walkthrough) attempt(ctx context.Context, s Step) (skipped bool, err error) {
	defer recovered(&err)
	r := &Run{w: w, step: s}
	if s.Probe != nil && (s.Renews == "" || !r.Again()) {
		if done, err := s.Probe(ctx, r); done || err != nil {
			return done, err
		}
	}
	return false, s.Run(ctx, r)
}

// recovered makes a panic of a step its error: a defect in one step must not cost the user the
// account of what the others made.
func recovered(err *error) {
	if cause := recover(); cause != nil {
		*err = &Problem{
			ID:     "defect",
			Title:  "This step has a defect",
			Why:    "The program met a situation that its authors did not think of.",
			Remedy: []string{"Run the same command again; what was made is in the journal.", "If it happens again, report it with the text below."},
			Class:  ClassFailed,
			Raw:    Sanitize(fmt.Sprintf("%v\n%s", cause, debug.Stack()), maxRaw),
		}
	}
}
