package actions

// Edit changes the inputs. Steps that were done with others, and all that need them, become
// stale; their ids are returned. It waits for what runs. Faulty inputs change nothing.
func (w *Walkthrough) Edit(in Inputs) (stale []string, err error) {
	w.running.Lock()
	defer w.running.Unlock()
	if faults := Validate(in); len(faults) > 0 {
		return nil, Faults(faults)
	}
	if err := w.journal.change(func(d *document) { d.Inputs = in }); err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.inputs = in
	w.mu.Unlock()
	for _, s := range w.outdated(in) {
		if err := w.setStale(s); err != nil {
			return nil, err
		}
		stale = append(stale, s.ID)
	}
	return stale, nil
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

func (w *Walkthrough) setStale(s Step) error {
	w.mu.Lock()
	w.stands[s.ID].confirmed = false
	w.mu.Unlock()
	if err := w.journal.setStep(s.ID, func(r *stepRecord) { r.State = Stale }); err != nil {
		return err
	}
	w.moved(s, Stale, "an input was changed after it was done")
	return nil
}
