package tui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

// runAgain is a request for a step that is done.
func runAgain(id string) request {
	return request{what: name(id) + " and what depends on it", do: func(e Engine, ctx context.Context) (actions.Result, error) {
		return e.RunAgain(ctx, id)
	}}
}

func (m *Model) refuseAgain() string {
	s := m.step()
	switch {
	case m.running != nil:
		return busy
	case s == nil || m.onCleanup():
		return "there is no step to run again here"
	case !through(m.cardOf(s.ID).state):
		return "this step is not done; enter runs it"
	}
	return ""
}

func (m *Model) againLabel() string {
	if m.refuseAgain() != "" {
		return ""
	}
	return "again from here"
}

// askAgain says what runs again, and what that touches.
func (m *Model) askAgain() tea.Cmd {
	s := *m.step()
	m.dialog = &choice{
		title: "Run again from " + name(s.ID),
		text:  m.touched(s.ID),
		answers: []answer{
			{"Run again", "", func() (dialog, tea.Cmd) { return nil, m.run(runAgain(s.ID)) }},
			{"Back", "", func() (dialog, tea.Cmd) { return nil, nil }},
		},
		dismiss: func() tea.Cmd { return nil }, away: "back",
	}
	return nil
}

// touched says what running again from a step does to the world.
func (m *Model) touched(from string) []string {
	steps := m.reached(func(s actions.Step) bool { return s.ID == from })
	text := []string{"Runs again: " + names(steps) + ".",
		"Each of them looks first, and makes only what is missing or not as it should be. Nothing is made twice."}
	renews := ""
	for _, s := range m.steps {
		if s.ID == from && s.Renews != "" {
			renews = "In any case " + s.Renews + "."
		}
	}
	var made []string
	for _, r := range m.status.Made {
		if slices.Contains(steps, r.Step) && (r.Step != from || renews == "") {
			made = append(made, oneLine(r.Resource.String()))
		}
	}
	if len(made) > 0 {
		text = append(text, "Looked at, and left alone where it is right: "+strings.Join(made, ", ")+".")
	}
	if renews != "" {
		text = append(text, renews)
	}
	return text
}

func (m *Model) refuseSkip() string {
	s := m.step()
	switch {
	case m.running != nil:
		return busy
	case s == nil || m.onCleanup() || m.cardOf(s.ID).state != actions.Failed:
		return "only a step that failed can be skipped"
	case s.Forgoes == "":
		return "what comes after this step relies on it"
	}
	return ""
}

func (m *Model) skipLabel() string {
	if m.refuseSkip() != "" {
		return ""
	}
	return "skip"
}

// skipped is the outcome of going on without a step.
type skipped struct {
	step string
	err  error
	refreshed
}

func (m *Model) askSkip() tea.Cmd {
	s, engine := *m.step(), m.engine
	m.dialog = &choice{
		title: "Go on without " + name(s.ID),
		text:  []string{"Then " + s.Forgoes + ". It is remembered; f runs the step after all."},
		answers: []answer{
			{"Skip it", "", func() (dialog, tea.Cmd) {
				return nil, func() tea.Msg {
					err := engine.Skip(s.ID)
					return skipped{s.ID, err, read(engine)}
				}
			}},
			{"Back", "", func() (dialog, tea.Cmd) { return nil, nil }},
		},
		dismiss: func() tea.Cmd { return nil }, away: "back",
	}
	return nil
}

func (m *Model) takeSkip(s skipped) {
	m.refresh(s.refreshed)
	if s.err != nil {
		m.notice = "Not skipped: " + oneLine(s.err.Error())
		return
	}
	m.result = nil
	m.notice = "Skipped " + name(s.step) + ". a runs all that is left."
	if m.unfinished() == nil {
		m.notice = "Skipped " + name(s.step) + "; every other step is done."
	}
}

// skips tells whether the user goes on without a step; others are skipped because it was so already.
func (m *Model) skips(s actions.Step, c card) bool {
	return c.state == actions.Skipped && !m.onCleanup() &&
		slices.ContainsFunc(m.status.Steps, func(known actions.StepStatus) bool { return known.ID == s.ID && known.Waived })
}
