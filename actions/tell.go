package actions

import (
	"maps"
	"slices"
	"time"
)

// moved records and tells a step's new state.
func (w *Walkthrough) moved(s Step, state State, reason string) {
	w.mu.Lock()
	w.stands[s.ID].state = state
	w.mu.Unlock()
	w.emit(StepChanged{Step: s.ID, Screen: s.Screen, State: state, Reason: reason})
}

// waiting marks a step as waiting until the function it returns is called; then it is what it was
// before: running, or done where an experiment waits with a step's means.
func (w *Walkthrough) waiting(s Step, reason string) (done func()) {
	if waits, _ := w.countWaits(s, 1); waits == 1 {
		w.moved(s, Waiting, reason)
	}
	return func() {
		if waits, before := w.countWaits(s, -1); waits == 0 {
			w.moved(s, before, "")
		}
	}
}

// countWaits returns how many are under way, and the state before the first of them.
func (w *Walkthrough) countWaits(s Step, by int) (waits int, before State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	stand := w.stands[s.ID]
	if stand.waits == 0 {
		stand.before = stand.state
	}
	stand.waits += by
	return stand.waits, stand.before
}

// progress tells only what is new: polls report the same state over and over.
func (w *Walkthrough) progress(s Step, text string, fraction float64) {
	p := Progressed{Step: s.ID, Text: Sanitize(text, maxLine), Fraction: min(fraction, 1)}
	w.mu.Lock()
	repeated := w.stands[s.ID].last == p
	w.stands[s.ID].last = p
	w.mu.Unlock()
	if !repeated {
		w.emit(p)
	}
}

func (w *Walkthrough) keep(res Resource, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = append(w.kept, Kept{Resource: res, Why: why})
}

func (w *Walkthrough) emit(e Event) {
	if w.options.Emit == nil {
		return
	}
	w.emitting.Lock()
	defer w.emitting.Unlock()
	w.options.Emit(e.stamp(time.Now().UTC()))
}

func (w *Walkthrough) updateOutputs(s Step, apply func(*Outputs)) error {
	var before, after Outputs
	err := w.journal.note(func(d *document) {
		before = d.Outputs.clone()
		apply(&d.Outputs)
		after = d.Outputs.clone()
	})
	if err != nil {
		return err
	}
	changes := after.changes(before)
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		w.emit(OutputSet{Step: s.ID, Name: name, Value: shown(changes[name])})
	}
	return nil
}

// shown is an output's value as it may be shown.
func shown(value any) any {
	if text, ok := value.(string); ok {
		return Sanitize(text, maxOutput)
	}
	return value
}
