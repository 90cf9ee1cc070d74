package tui

import (
	"slices"
	"strings"

	"github.com/cctui/cctui/actions"
)

// screen is a chapter of the walkthrough as data: what it is about, what can be chosen, what comes of it.
type screen struct {
	id       actions.Screen
	title    string
	about    string
	fields   []field
	findings []finding
	steps    []actions.Step // of the walkthrough that is open
}

// finding is a result worth showing, and the step that found it. A step's first one stands for it.
type finding struct {
	step, label string
	of          func(actions.Outputs) string
}

// screens are the chapters in the article's order.
func screens() []screen {
	return []screen{prerequisites(), cluster(), nodePool(), identity(), keys(), deployment(), cleanup()}
}

// found are a step's results, of those it has.
func (s screen) found(step string, o actions.Outputs) (found []row) {
	for _, f := range s.findings {
		if text := oneLine(f.of(o)); f.step == step && text != "" {
			found = append(found, row{f.label, text})
		}
	}
	return found
}

// row is a word and what belongs to it.
type row struct{ label, text string }

// stepsOf are the steps a screen shows, in its order: those of the cleanup are the others' undoing.
func stepsOf(id actions.Screen, all []actions.Step) []actions.Step {
	if id != actions.ScreenCleanup {
		return slices.DeleteFunc(slices.Clone(all), func(s actions.Step) bool { return s.Screen != id })
	}
	undone := slices.DeleteFunc(slices.Clone(all), func(s actions.Step) bool { return s.Undo == nil })
	slices.Reverse(undone)
	return undone
}

// last is the last part of an Azure resource id, which is its name.
func last(id string) string { return id[strings.LastIndex(id, "/")+1:] }
