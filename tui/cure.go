package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

// cures are what cctui can do about the problem of the chosen step.
func (m *Model) cures() []actions.Cure {
	s := m.step()
	if s == nil || m.onCleanup() {
		return nil
	}
	if c := m.cardOf(s.ID); c.state == actions.Failed && c.problem != nil {
		return c.problem.Cures
	}
	return nil
}

func (m *Model) refuseCure() string {
	if s := m.step(); s == nil || m.cardOf(s.ID).problem == nil {
		return "nothing is wrong with this step"
	}
	if len(m.cures()) == 0 {
		return "cctui has no means against this; the step says what to do"
	}
	return m.refuseBusy()
}

func (m *Model) cureLabel() string {
	if len(m.cures()) == 0 {
		return ""
	}
	return "cure"
}

// askCure shows what can be done, what that touches, and what is lost.
func (m *Model) askCure() tea.Cmd {
	step := m.step().ID
	c := &choice{
		title:   "Do something about it",
		text:    []string{oneLine(m.cardOf(step).problem.Title) + "."},
		dismiss: func() tea.Cmd { return nil }, away: "back",
	}
	for _, cure := range m.cures() {
		c.answers = append(c.answers, answer{cure.Label, m.consequences(step, cure), func() (dialog, tea.Cmd) {
			if cure.Loses != "" {
				return m.warn(step, cure), nil
			}
			return nil, m.treat(step, cure)
		}})
	}
	m.dialog = c
	return nil
}

// consequences are what is lost by a cure, and what is run after it.
func (m *Model) consequences(step string, cure actions.Cure) string {
	text := []string{"Nothing is lost."}
	if cure.Loses != "" {
		text[0] = "Lost is " + oneLine(cure.Loses) + "."
	}
	if cure.From == "" || cure.From == step {
		text = append(text, "Then "+name(step)+" is tried again.")
	} else {
		text = append(text, m.touched(cure.From)...)
	}
	return strings.Join(text, " ")
}

// warn asks once more before something is lost.
func (m *Model) warn(step string, cure actions.Cure) dialog {
	return &choice{
		title: oneLine(cure.Label),
		text:  []string{"Lost is " + oneLine(cure.Loses) + ". It does not come back."},
		answers: []answer{
			{"Leave it as it is", "", func() (dialog, tea.Cmd) { return nil, nil }},
			{"Do it", oneLine(cure.Label) + ".", func() (dialog, tea.Cmd) { return nil, m.treat(step, cure) }},
		},
		dismiss: func() tea.Cmd { return nil }, away: "back",
	}
}

// cured is the outcome of a cure; what ran last is then tried again.
type cured struct {
	step string
	err  error
	refreshed
}

// treat carries out a cure. It can be stopped as a run can.
func (m *Model) treat(step string, cure actions.Cure) tea.Cmd {
	ctx, stop := context.WithCancel(m.ctx)
	m.running, m.result, m.following = &running{request: request{what: "the cure"}, stop: stop}, nil, true
	m.now = m.options.Now()
	engine := m.engine
	return func() tea.Msg {
		defer stop()
		err := engine.Cure(ctx, step, cure.ID)
		return cured{step, err, read(engine)}
	}
}

func (m *Model) takeCure(c cured) tea.Cmd {
	m.running = nil
	m.refresh(c.refreshed)
	switch {
	case m.leaving || m.ctx.Err() != nil:
		return m.end()
	case c.err != nil:
		m.notice = "Not cured: " + oneLine(problemOf(c.err).Title) + "."
		return nil
	case m.last.do == nil || m.last.cleanup:
		return m.run(runStep(c.step))
	}
	return m.run(m.last)
}
