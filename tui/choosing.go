package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

// shown is the screen in front.
func (m *Model) shown() screen { return m.screens[m.screen] }

func (m *Model) onCleanup() bool { return m.shown().id == actions.ScreenCleanup }

// listed are the steps of the screen in front.
func (m *Model) listed() []actions.Step { return m.shown().steps }

// step is the chosen one; nil where there is none.
func (m *Model) step() *actions.Step {
	steps := m.listed()
	if len(steps) == 0 {
		return nil
	}
	return &steps[min(m.chosen[m.screen], len(steps)-1)]
}

// cardOf is what is known of a step on the screen in front.
func (m *Model) cardOf(step string) card {
	return m.board.card(place{step, m.onCleanup()})
}

// choose brings a step to the front, where it was last heard of.
func (m *Model) choose(step string) {
	cleanup := m.board.undoing[step]
	for i, s := range m.screens {
		for j, listed := range s.steps {
			if listed.ID == step && cleanup == (s.id == actions.ScreenCleanup) {
				m.show(i)
				m.move(j - m.chosen[i])
			}
		}
	}
}

// show brings a screen to the front.
func (m *Model) show(i int) {
	i = (i + len(m.screens)) % len(m.screens)
	if i != m.screen {
		m.screen, m.scroll = i, 0
		m.arrange(m.layout.width, m.layout.height)
	}
}

// showCleanup brings the last screen to the front.
func (m *Model) showCleanup() { m.show(len(m.screens) - 1) }

// move goes up or down the list of steps.
func (m *Model) move(by int) {
	at := min(max(m.chosen[m.screen]+by, 0), max(len(m.listed())-1, 0))
	if at != m.chosen[m.screen] {
		m.chosen[m.screen], m.scroll = at, 0
	}
}

// follow brings the first step under way to the front.
func (m *Model) follow() {
	if m.running == nil {
		return
	}
	for _, s := range m.steps {
		if underWay(m.board.card(place{s.ID, m.running.cleanup}).state) {
			m.choose(s.ID)
			return
		}
	}
}

// unfinished is the first step of the walkthrough that is not through; nil where there is none.
func (m *Model) unfinished() *actions.Step {
	for i, s := range m.steps {
		if !through(m.board.card(place{step: s.ID}).state) {
			return &m.steps[i]
		}
	}
	return nil
}

// progress is how many steps are through, of how many: of the cleanup while it runs.
func (m *Model) progress() (done, all int) {
	cleanup := m.cleaning()
	for _, s := range m.steps {
		c := m.board.card(place{s.ID, cleanup})
		if cleanup && !m.begun(s) {
			continue
		}
		all++
		if through(c.state) {
			done++
		}
	}
	return done, all
}

// begun tells whether the cleanup has something to do for a step.
func (m *Model) begun(s actions.Step) bool {
	_, heard := m.board.cards[place{s.ID, true}]
	return s.Undo != nil && heard
}

func (m *Model) click(x, y int) tea.Cmd {
	switch l := m.layout; {
	case l.chapters.contains(x, y):
		if i := y - l.chapters.y; i < len(m.screens) {
			m.following = false
			m.show(i)
		}
	case l.steps.contains(x, y):
		top, lines := m.stepsWindow()
		if i := y - l.steps.y - 1; i >= 0 && i < lines {
			m.following = false
			m.move(top + i - m.chosen[m.screen])
		}
	}
	return nil
}

func (m *Model) wheel(msg tea.MouseWheelMsg) {
	if m.layout.steps.contains(msg.X, msg.Y) {
		m.following = false
		m.move(notches(msg))
		return
	}
	m.scrollBy(wheeled(msg))
}

// notches are those of the wheel, downwards.
func notches(msg tea.MouseWheelMsg) int {
	return map[tea.MouseButton]int{tea.MouseWheelUp: -1, tea.MouseWheelDown: 1}[msg.Button]
}

// wheeled is by how many lines the wheel moves a text.
func wheeled(msg tea.MouseWheelMsg) int { return 3 * notches(msg) }

// scrollBy moves the details.
func (m *Model) scrollBy(lines int) {
	most := len(m.detailLines(m.layout.detail.width)) - m.layout.detail.height
	m.scroll = min(max(m.scroll+lines, 0), max(most, 0))
}
