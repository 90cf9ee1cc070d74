package actions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Cleanup removes what the run made, in the order opposite to the making, and nothing else. What
// fails does not keep the rest from being removed. It can be repeated, and resumed. Result lists
// what is gone, and what stays and why. When nothing is left, the journal begins a new run.
func (w *Walkthrough) Cleanup(ctx context.Context) (Result, error) {
	w.running.Lock()
	defer w.running.Unlock()
	w.resetStands()
	before := w.journal.read()
	errs := walk(ctx, reversed(w.steps), true, w.undo)
	after := w.journal.read()
	if len(errs) == 0 && len(after.owned()) > 0 {
		errs = append(errs, leftover(after.owned()))
	}
	result := w.result()
	result.Removed, result.Kept = gone(before, after), w.takeKept()
	if len(errs) == 0 {
		if err := w.journal.change(func(d *document) { *d = d.next() }); err != nil {
			errs = append(errs, Explain("", err))
		}
	}
	w.resetStands()
	return w.finish(ctx, result, errs)
}

// undo removes what one step made.
func (w *Walkthrough) undo(ctx context.Context, s Step) error {
	s.Screen = ScreenCleanup
	if s.Undo == nil || !w.journal.touched(s.ID) {
		return nil
	}
	made := w.journal.made(s.ID)
	w.moved(s, Running, "")
	_, err := w.persist(ctx, s, func(ctx context.Context, s Step) (_ bool, err error) {
		defer recovered(&err)
		return false, s.Undo(ctx, &Run{w: w, step: s})
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return w.abandon(ctx, s)
	case err != nil:
		return w.fail(s, err)
	}
	if err := w.journal.note(func(d *document) { delete(d.Steps, s.ID) }); err != nil {
		return w.fail(s, err)
	}
	switch {
	case !made:
		w.moved(s, Skipped, "the run made nothing of it")
	case w.journal.spared(s.ID):
		w.moved(s, Skipped, "it stays: somebody else needs it")
	default:
		w.moved(s, Done, "")
	}
	return nil
}

// resetStands makes every step one that still has to be carried out.
func (w *Walkthrough) resetStands() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.stands {
		w.stands[id] = &standing{state: Pending}
	}
}

func (w *Walkthrough) takeKept() []Kept {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.kept
	w.kept = nil
	return kept
}

// touched tells whether a step may have left something behind.
func (j *Journal) touched(id string) bool {
	_, started := j.read().Steps[id]
	return started || j.made(id)
}

// made tells whether a step made something that is there, or may be.
func (j *Journal) made(id string) bool {
	return slices.ContainsFunc(j.read().Resources, func(r resourceRecord) bool { return r.Step == id && r.owned() })
}

// spared tells whether something a step made was left to somebody else.
func (j *Journal) spared(id string) bool {
	return slices.ContainsFunc(j.read().Resources, func(r resourceRecord) bool { return r.Step == id && r.State == left })
}

// owned are the resources that are there, or may be.
func (d *document) owned() []Resource {
	var owned []Resource
	for _, r := range d.Resources {
		if r.owned() {
			owned = append(owned, r.Resource)
		}
	}
	return owned
}

// gone are the resources that were owned before and are not any more.
func gone(before, after document) []Resource {
	var gone []Resource
	for _, res := range before.owned() {
		if record := after.record(res); record != nil && record.State == removed {
			gone = append(gone, res)
		}
	}
	return gone
}

// next is the document of a new run in the same place.
func (d document) next() document {
	next := newDocument()
	next.Sandbox, next.Created = d.Sandbox, time.Now().UTC()
	return next
}

// leftover is a cleanup after which the journal still knows of something.
func leftover(left []Resource) *Problem {
	p := &Problem{
		ID:     "cleanup-incomplete",
		Title:  "Something of this run is still there",
		Remedy: []string{"Run cctui cleanup again.", "If it stays, remove it by hand."},
		Class:  ClassFailed,
	}
	names := make([]string, len(left))
	for i, res := range left {
		names[i] = res.String()
		if res.inAzure() {
			p.Commands = append(p.Commands, fmt.Sprintf("az resource delete --ids %q", res.ID))
		}
	}
	p.Why = "Every step was undone, and yet there remain: " + strings.Join(names, ", ") + "."
	return p
}
