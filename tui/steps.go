package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cctui/cctui/actions"
)

// Widths of the columns of the list of steps.
const (
	nameWidth = 21
	timeWidth = 8
)

// stepLines is the screen's title, and a line for each step that fits.
func (m *Model) stepLines() []string {
	width := m.layout.steps.width
	lines := []string{ends(m.theme.strong.Render(m.shown().title), m.needs(), width)}
	steps := m.listed()
	top, height := m.stepsWindow()
	for i := top; i < min(top+height, len(steps)); i++ {
		lines = append(lines, m.stepLine(steps[i], i == min(m.chosen[m.screen], len(steps)-1), width))
	}
	return lines
}

// stepsWindow is the first step shown, and how many there is room for.
func (m *Model) stepsWindow() (top, height int) {
	height = m.layout.steps.height - 1
	return window(m.chosen[m.screen], len(m.listed()), height), height
}

func (m *Model) stepLine(s actions.Step, chosen bool, width int) string {
	c := m.cardOf(s.ID)
	mark, style := m.theme.mark(c.state)
	if m.skips(s, c) {
		mark, style = "–", m.theme.warn
	}
	label := fit(name(s.ID), nameWidth)
	pointer := " "
	if chosen {
		pointer, label = m.theme.accent.Render("▸"), m.theme.selected.Render(label)
	}
	left := pointer + style.Render(mark) + " " + label
	rest := max(width-nameWidth-timeWidth-4, 0)
	return left + " " + fit(m.says(s, c), rest) + m.times(s, c)
}

// says is what there is to say of a step in a few words.
func (m *Model) says(s actions.Step, c card) string {
	switch {
	case c.state == actions.Running && c.progress != "":
		return percent(c)
	case c.state == actions.Pending && c.reason != "":
		return m.theme.warn.Render(c.reason)
	case c.state == actions.Waiting && c.reason != "":
		return m.theme.warn.Render(c.reason)
	case c.state == actions.Failed && c.reason != "":
		return m.theme.bad.Render(c.reason)
	case through(c.state) && !m.onCleanup() && !m.skips(s, c):
		if found := m.shown().found(s.ID, m.board.known); len(found) > 0 {
			return found[0].text
		}
	}
	return m.theme.muted.Render(m.word(s, c))
}

// word is a step's state in words.
func (m *Model) word(s actions.Step, c card) string {
	switch {
	case m.skips(s, c):
		return "skipped by you"
	case c.state == actions.Skipped:
		return "was there already"
	case c.state == actions.Done && m.onCleanup():
		return "gone"
	case c.state == actions.Pending && m.onCleanup() && m.made(s.ID):
		return "to be removed"
	case c.state == actions.Pending && m.onCleanup():
		return "nothing to remove"
	case c.state == actions.Pending:
		return "not yet"
	}
	return string(c.state)
}

// made tells whether something of a step is there, or may be.
func (m *Model) made(step string) bool {
	return slices.ContainsFunc(m.status.Made, func(r actions.ResourceStatus) bool { return r.Step == step })
}

func percent(c card) string {
	if c.fraction < 0 {
		return c.progress
	}
	return fmt.Sprintf("%s %.0f %%", c.progress, c.fraction*100)
}

// times is the time it took or has taken, or usually takes where it has not been begun.
func (m *Model) times(s actions.Step, c card) string {
	text := ""
	if d := c.elapsed(m.now); !c.started.IsZero() && c.state != actions.Pending {
		text = clock(d)
	} else if c.state == actions.Pending && !m.onCleanup() {
		text = m.theme.muted.Render(typical(s.Typical))
	}
	return spaces(timeWidth-width(text)) + text
}

// needs are the screens this one builds on, with their marks.
func (m *Model) needs() string {
	var needed []string
	for i, s := range m.screens {
		if m.onCleanup() || s.id == m.shown().id || !m.buildsOn(s.id) {
			continue
		}
		mark, style := m.theme.mark(m.chapterState(s))
		needed = append(needed, fmt.Sprintf("%d %s", i+1, style.Render(mark)))
	}
	if len(needed) == 0 {
		return ""
	}
	return m.theme.muted.Render("needs ") + strings.Join(needed, "  ")
}

func (m *Model) buildsOn(id actions.Screen) bool {
	for _, s := range m.listed() {
		for _, other := range m.steps {
			if other.Screen == id && slices.Contains(s.Needs, other.ID) {
				return true
			}
		}
	}
	return false
}
