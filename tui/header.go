package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/cctui/cctui/actions"
)

// header says where this is and how far it is.
func (m *Model) header() []string {
	left := " " + m.theme.strong.Render("cctui") + " "
	if m.place != nil && m.place.Sandbox {
		left += " " + m.theme.badge.Render(" SANDBOX ") + " "
	}
	if m.engine != nil {
		left += " " + m.whereabouts()
	}
	return []string{
		ends(left, m.howFar()+" ", m.layout.width),
		m.theme.muted.Render(strings.Repeat("─", m.layout.width)),
	}
}

func (m *Model) whereabouts() string {
	parts := []string{}
	for _, part := range []string{m.board.known.SubscriptionName, m.inputs.Location} {
		if part != "" {
			parts = append(parts, oneLine(part))
		}
	}
	return m.theme.muted.Render(strings.Join(parts, " / "))
}

// barWidth is that of the progress bar in the header.
const barWidth = 12

func (m *Model) howFar() string {
	if m.engine == nil {
		return ""
	}
	done, all := m.progress()
	what := "walkthrough"
	if m.cleaning() {
		what = "cleanup"
	}
	full := 0
	if all > 0 {
		full = barWidth * done / all
	}
	bar := m.theme.accent.Render(strings.Repeat("━", full)) + m.theme.muted.Render(strings.Repeat("╌", barWidth-full))
	far := fmt.Sprintf("%s %d/%d  %s  %s", what, done, all, bar, clock(m.spent()))
	if m.layout.width < 80 {
		far = fmt.Sprintf("%d/%d  %s", done, all, clock(m.spent()))
	}
	return far
}

// spent is the time from the first step begun here to the last one ended, or now while one is under way.
func (m *Model) spent() time.Duration {
	cleanup := m.cleaning()
	var first, last time.Time
	for p, c := range m.board.cards {
		if p.cleanup != cleanup || c.started.IsZero() {
			continue
		}
		if first.IsZero() || c.started.Before(first) {
			first = c.started
		}
		if c.ended.After(last) {
			last = c.ended
		}
	}
	if m.running != nil && m.running.do != nil {
		last = m.now
	}
	if first.IsZero() || last.Before(first) {
		return 0
	}
	return last.Sub(first)
}

// chapterLines is the list of screens, each with the mark of its worst step and how many are through.
func (m *Model) chapterLines() []string {
	lines := make([]string, len(m.screens))
	for i, s := range m.screens {
		mark, style := m.theme.mark(m.chapterState(s))
		done, all := m.chapterCount(s)
		pointer, title := "  ", fmt.Sprintf("%d %s", i+1, s.title)
		if i == m.screen {
			pointer, title = m.theme.accent.Render("▸ "), m.theme.accent.Render(title)
		}
		tally := ""
		if all > 0 && m.layout.width >= narrow {
			tally = m.theme.muted.Render(fmt.Sprintf("%d/%d ", done, all))
		}
		lines[i] = ends(pointer+title, tally+style.Render(mark), m.layout.chapters.width)
	}
	return lines
}

// chapterState is the state that says most of a screen.
func (m *Model) chapterState(s screen) actions.State {
	done, all := m.chapterCount(s)
	for _, state := range []actions.State{actions.Failed, actions.Running, actions.Waiting, actions.Stale} {
		for _, step := range m.chapterSteps(s) {
			if m.board.card(place{step.ID, s.id == actions.ScreenCleanup}).state == state {
				return state
			}
		}
	}
	if done == all && all > 0 {
		return actions.Done
	}
	return actions.Pending
}

func (m *Model) chapterCount(s screen) (done, all int) {
	for _, step := range m.chapterSteps(s) {
		all++
		if through(m.board.card(place{step.ID, s.id == actions.ScreenCleanup}).state) {
			done++
		}
	}
	return done, all
}

// chapterSteps are the steps that count for a screen: of the cleanup, those that have been begun.
func (m *Model) chapterSteps(s screen) []actions.Step {
	if s.id != actions.ScreenCleanup {
		return s.steps
	}
	var begun []actions.Step
	for _, step := range s.steps {
		if m.begun(step) {
			begun = append(begun, step)
		}
	}
	return begun
}
