package actions

import (
	"errors"
	"fmt"
	"time"
)

// Skip goes on without a step that is not done, where the step's Forgoes allows it. It waits for
// what runs. A later process goes on without the step, too, until it is to be run again.
func (w *Walkthrough) Skip(id string) error {
	w.running.Lock()
	defer w.running.Unlock()
	s, err := w.find(id)
	if err != nil {
		return err
	}
	if s.Forgoes == "" {
		return fmt.Errorf("the step %s cannot be skipped: what comes after it relies on it", id)
	}
	if state := w.States()[id]; state == Done || state == Skipped {
		return errors.New("the step " + id + " is done already")
	}
	in := w.Inputs()
	err = w.journal.setStep(id, func(r *stepRecord) {
		*r = stepRecord{State: Skipped, Waived: true, Fingerprint: fingerprint(in, s.Reads), Started: r.Started, Finished: time.Now().UTC()}
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.stands[id].confirmed = true
	w.mu.Unlock()
	w.moved(s, Skipped, "skipped by you: "+s.Forgoes)
	return nil
}

// waived are the steps that the user skips.
func (d *document) waived(steps []Step) (ids []string) {
	for _, s := range steps {
		if d.Steps[s.ID].Waived {
			ids = append(ids, s.ID)
		}
	}
	return ids
}
