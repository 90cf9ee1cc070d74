package actions

import (
	"fmt"
	"slices"
)

// Edit changes the inputs. Steps that were done with others, and all that need them, become
// stale; their ids are returned. It waits for what runs. Faulty inputs change nothing, and neither
// does a new name for something that the run has made.
func (w *Walkthrough) Edit(in Inputs) (stale []string, err error) {
	w.running.Lock()
	defer w.running.Unlock()
	if faults := Validate(in); len(faults) > 0 {
		return nil, Faults(faults)
	}
	if faults := w.renamed(in); len(faults) > 0 {
		return nil, faults
	}
	if err := w.journal.change(func(d *document) { d.Inputs = in }); err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.inputs = in
	w.mu.Unlock()
	for _, s := range w.outdated(in) {
		if err := w.setStale(s, "an input was changed after it was done"); err != nil {
			return nil, err
		}
		stale = append(stale, s.ID)
	}
	return stale, nil
}

// placeInputs say where everything is, nameInputs what it is called there.
var (
	placeInputs = []string{"subscription", "tenant"}
	nameInputs  = []string{
		"location", "resource-group", "cluster", "existing-cluster", "cluster-resource-group", "node-pool",
		"identity", "federated-credential", "namespace", "service-account",
		"vault", "existing-vault", "managed-hsm", "attestation-endpoint", "attestation-provider", "key",
	}
)

// renamed are the changed inputs by which the run finds what it has made: with other values, cleanup
// would look elsewhere, and what is there would go on costing money.
func (w *Walkthrough) renamed(in Inputs) Faults {
	doc := w.journal.read()
	was, is := doc.Inputs.values(), in.values()
	chosen := map[string][]string{
		"subscription": {doc.Outputs.SubscriptionID, doc.Outputs.SubscriptionName},
		"tenant":       {doc.Outputs.TenantID},
	}
	var faults Faults
	for _, key := range w.settled(doc) {
		if was[key] == is[key] || slices.Contains(chosen[key], is[key]) {
			continue
		}
		faults = append(faults, Fault{Key: key, Value: is[key], Message: fmt.Sprintf(
			"is not %q, by which this run finds what it has made: keep that, or remove it first with cctui cleanup", was[key])})
	}
	return faults
}

// settled are the inputs that the resources of the run depend on.
func (w *Walkthrough) settled(doc document) []string {
	var makers []string
	for _, r := range doc.Resources {
		if r.owned() {
			makers = append(makers, r.Step)
		}
	}
	if len(makers) == 0 {
		return nil
	}
	settled := slices.Clone(placeInputs)
	for _, s := range upstream(w.steps, makers...) {
		for _, key := range s.Reads {
			// A step that has nothing to undo, like the check of the quota, found nothing by a name.
			if s.Undo != nil && slices.Contains(nameInputs, key) && !slices.Contains(settled, key) {
				settled = append(settled, key)
			}
		}
	}
	return settled
}

// outdated are the steps that were done with other inputs, and those after them that were done too.
func (w *Walkthrough) outdated(in Inputs) []Step {
	records := w.journal.read().Steps
	var changed []string
	for _, s := range w.steps {
		if r := records[s.ID]; r.Fingerprint != "" && r.Fingerprint != fingerprint(in, s.Reads) {
			changed = append(changed, s.ID)
		}
	}
	var outdated []Step
	for _, s := range downstream(w.steps, changed...) {
		if state := records[s.ID].State; state == Done || state == Skipped || state == Stale {
			outdated = append(outdated, s)
		}
	}
	return outdated
}

func (w *Walkthrough) setStale(s Step, reason string) error {
	w.mu.Lock()
	w.stands[s.ID].confirmed = false
	w.mu.Unlock()
	if err := w.journal.setStep(s.ID, func(r *stepRecord) { r.State, r.Waived = Stale, false }); err != nil {
		return err
	}
	w.moved(s, Stale, reason)
	return nil
}
