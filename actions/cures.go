package actions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cctui/cctui/azure"
)

// Cure is something that cctui itself can do about a problem, if the user wants it.
type Cure struct {
	ID    string `json:"id"`
	Label string `json:"label"`           // what it does
	Loses string `json:"loses,omitempty"` // what is lost by it for good; empty: nothing
	// From is the step from which on things are run again after it; empty: the one that failed.
	From string `json:"from,omitempty"`
}

// treatment is how a cure is carried out.
type treatment struct {
	Cure
	do func(context.Context, *Run) error // nil: running again is all
}

const lostWithKey = "with all its versions, for good: what was encrypted with it can never be read again"

// treatments are the cures that change something, apart from running again. <key> stands for an input.
func treatments() []treatment {
	return []treatment{
		{Cure{ID: "recover-key", Label: "Recover the deleted key <key>", From: "key"}, undeleteKey},
		{Cure{ID: "purge-key", Label: "Purge the deleted key <key>", Loses: "the deleted key <key> " + lostWithKey, From: "key"}, purgeDeletedKey},
		{Cure{ID: "recover-vault", Label: "Recover the deleted key vault <vault>"}, undeleteVault},
		{Cure{ID: "purge-vault", Label: "Purge the deleted key vault <vault>", Loses: "the deleted key vault <vault> with every key, secret and certificate in it, for good"}, purgeDeletedVault},
		{Cure{ID: "install-extensions", Label: "Add or update the az extensions on this machine"}, installExtensions},
		{Cure{ID: "register-providers", Label: "Register the resource providers in the subscription"}, runProviders},
		{Cure{ID: "register-feature", Label: "Register the preview feature in the subscription, and wait for it"}, runFeature},
		{Cure{ID: "fetch-credentials", Label: "Fetch the cluster's credentials anew"}, func(ctx context.Context, r *Run) error {
			_, err := reconnect(ctx, r)
			return err
		}},
	}
}

// againFrom begins the ids of cures that consist in running again from a step.
const againFrom = "again-"

// treatmentOf finds a cure.
func treatmentOf(id string) (treatment, bool) {
	if step, ok := strings.CutPrefix(id, againFrom); ok {
		return treatment{Cure: Cure{ID: id, Label: "Run again from the step " + step, From: step}}, true
	}
	all := treatments()
	i := slices.IndexFunc(all, func(t treatment) bool { return t.ID == id })
	if i < 0 {
		return treatment{}, false
	}
	return all[i], true
}

// offer are cures by their ids.
func offer(ids ...string) (cures []Cure) {
	for _, id := range ids {
		t, ok := treatmentOf(id)
		if !ok {
			panic("there is no cure " + id)
		}
		cures = append(cures, t.Cure)
	}
	return cures
}

// Cure carries out what the problem of a step offers. What is to be run afterwards is stale or
// pending then. It waits for what runs; its error is a *Problem, which has been told.
func (w *Walkthrough) Cure(ctx context.Context, step, id string) error {
	w.running.Lock()
	defer w.running.Unlock()
	s, err := w.find(step)
	if err != nil {
		return Explain(step, err)
	}
	t, err := w.offered(step, id)
	if err != nil {
		return Explain(step, err)
	}
	label := placeholders(w.Inputs()).Replace(t.Label)
	w.moved(s, Running, label)
	if err := w.treat(ctx, s, t); err != nil && ctx.Err() != nil {
		return w.abandon(ctx, s)
	} else if err != nil {
		return w.fail(s, err)
	}
	w.moved(s, Pending, label+": done")
	return nil
}

// offered is a cure that the step's problem came with. Nothing else is carried out: some lose something.
func (w *Walkthrough) offered(step, id string) (treatment, error) {
	w.mu.Lock()
	problem := w.stands[step].problem
	w.mu.Unlock()
	if problem == nil || !slices.ContainsFunc(problem.Cures, func(c Cure) bool { return c.ID == id }) {
		return treatment{}, fmt.Errorf("the step %s has no problem that %q would cure", step, id)
	}
	t, ok := treatmentOf(id)
	if !ok {
		return treatment{}, fmt.Errorf("there is no cure %q", id)
	}
	return t, nil
}

func (w *Walkthrough) treat(ctx context.Context, s Step, t treatment) (err error) {
	defer recovered(&err)
	if t.do != nil {
		if err := t.do(ctx, &Run{w: w, step: s}); err != nil {
			return err
		}
	}
	if t.From != "" {
		_, err = w.reopen(t.From)
	}
	return err
}

func undeleteKey(ctx context.Context, r *Run) error {
	if err := r.Azure().RecoverKey(ctx, r.Outputs().VaultURI, r.Inputs().Key); err != nil {
		return fmt.Errorf("recover key %s: %w", r.Inputs().Key, err)
	}
	return nil
}

func purgeDeletedKey(ctx context.Context, r *Run) error {
	if err := r.Azure().PurgeKey(ctx, r.Outputs().VaultURI, r.Inputs().Key); err != nil {
		return fmt.Errorf("purge key %s: %w", r.Inputs().Key, err)
	}
	return nil
}

func undeleteVault(ctx context.Context, r *Run) error {
	return makeVault(ctx, r, r.Azure().RecoverVault)
}

func purgeDeletedVault(ctx context.Context, r *Run) error {
	in := r.Inputs()
	progress := azure.LRO{Progress: func(state string) { r.Progress(Sanitize(state, maxLine), -1) }}
	if err := r.Azure().PurgeVault(ctx, r.Outputs().SubscriptionID, in.Location, in.Vault, progress); err != nil {
		return fmt.Errorf("purge key vault %s: %w", in.Vault, err)
	}
	return nil
}

func installExtensions(ctx context.Context, r *Run) error {
	found, err := r.CLI().Versions(ctx)
	if err != nil {
		return fmt.Errorf("ask az for its version: %w", err)
	}
	_, err = completeExtensions(ctx, r, found, true)
	return err
}
