package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

// View draws what the model says, and asks the terminal for what goes with it.
func (m *Model) View() tea.View {
	v := tea.NewView(strings.Join(m.lines(), "\n"))
	v.AltScreen = true
	v.WindowTitle = m.title()
	v.ProgressBar = m.progressBar()
	v.ProgramStatus = m.programStatus()
	if m.options.Mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}

// lines are the whole screen: as many as it has, each as wide as it is.
func (m *Model) lines() []string {
	l := m.layout
	if l.tooSmall() {
		need := fmt.Sprintf("cctui needs %d×%d; this is %d×%d.", leastWidth, leastHeight, l.width, l.height)
		return fill([]string{need}, l.width, l.height)
	}
	if m.place == nil {
		return m.inFront(fill(m.header(), l.width, l.height))
	}
	if m.drawn == nil || !m.flowing {
		m.drawn = m.surroundings()
	}
	lines := append(slices.Clone(m.drawn.above), m.messages()...)
	lines = append(lines, m.drawn.below...)
	if m.dialog != nil {
		return m.inFront(lines)
	}
	return lines
}

// surroundings are what stands around the messages, which change much more often.
type surroundings struct{ above, below []string }

func (m *Model) surroundings() *surroundings {
	above := fill(m.header(), m.layout.width, m.layout.header.height)
	if !m.presenting {
		above = append(above, m.body()...)
	}
	return &surroundings{above, []string{fit(" "+m.theme.warn.Render(m.notice), m.layout.width), m.keyBar()}}
}

// messages are on the whole screen, or below the steps.
func (m *Model) messages() []string {
	l := m.layout
	if !m.presenting {
		return fill(m.live(), l.width, l.live.height)
	}
	height := l.status.y - l.header.height
	return fill(indented(m.pane.Present(l.width-2, height)), l.width, height)
}

// body is the list of screens, and to its right the steps of one and the details of one of them.
func (m *Model) body() []string {
	l := m.layout
	chapters := fill(m.chapterLines(), l.chapters.width, l.chapters.height)
	steps := fill(m.stepLines(), l.steps.width, l.steps.height)
	detail := m.scrolled(l.detail.width, l.detail.height)
	bar := m.theme.muted.Render(" │ ")
	lines := make([]string, l.chapters.height)
	for i := range lines {
		right := ""
		switch {
		case l.beside:
			right = steps[i] + bar + detail[i]
		case i < l.steps.height:
			right = steps[i]
		case i == l.steps.height:
			right = m.theme.muted.Render(strings.Repeat("─", l.steps.width))
		default:
			right = detail[i-l.steps.height-1]
		}
		lines[i] = fit(" "+chapters[i]+bar+right, l.width)
	}
	return lines
}

// live is the pane with the messages, under a rule; nothing where there is no room for it.
func (m *Model) live() []string {
	l := m.layout
	if l.live.height == 0 {
		return nil
	}
	title := m.theme.muted.Render(" ── ") + m.theme.strong.Render("live") + " "
	rule := title + m.theme.muted.Render(strings.Repeat("─", l.width-width(title)))
	return append([]string{rule}, indented(m.pane.View(l.width-2, l.live.height-1))...)
}

// indented are a text's lines, a column from the edge.
func indented(text string) []string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = " " + line
	}
	return lines
}

// keyBar is the keys that can be used now, as many as there is room for; help and leave are always there.
func (m *Model) keyBar() string {
	all := m.bindings()
	shown := func(b binding) string {
		return m.theme.accent.Render(b.shown) + " " + b.word(m)
	}
	always := " · " + shown(all[len(all)-2]) + " · " + shown(all[len(all)-1])
	bar := ""
	for _, b := range all[:len(all)-2] {
		if b.word(m) == "" || b.refusal(m) != "" {
			continue
		}
		longer := bar
		if bar != "" {
			longer += " · "
		}
		longer += shown(b)
		if width(longer)+width(always)+2 > m.layout.width {
			break
		}
		bar = longer
	}
	return fit(" "+strings.TrimPrefix(bar+always, " · "), m.layout.width)
}

func (m *Model) title() string {
	title := "cctui"
	if m.place != nil && m.place.Sandbox {
		title += " SANDBOX"
	}
	if m.engine == nil {
		return title
	}
	done, all := m.progress()
	return fmt.Sprintf("%s: %s, %d of %d", title, m.shown().title, done, all)
}

// progressBar is for terminals that show one in their tab or in the task bar.
func (m *Model) progressBar() *tea.ProgressBar {
	done, all := m.progress()
	switch {
	case m.running != nil && all > 0:
		return tea.NewProgressBar(tea.ProgressBarDefault, 100*done/all)
	case m.failed():
		return tea.NewProgressBar(tea.ProgressBarError, 100*done/max(all, 1))
	}
	return nil
}

func (m *Model) failed() bool { return m.result != nil && m.result.Outcome == actions.Failure }

// programStatus is for terminals that tell of programs in the background.
func (m *Model) programStatus() *tea.ProgramStatus {
	state := tea.ProgramStateIdle
	switch _, opening := m.dialog.(*openingDialog); {
	case opening:
		return &tea.ProgramStatus{State: tea.ProgramStateBlocked, Kind: tea.ProgramStatusKindAuth}
	case m.running != nil:
		state = tea.ProgramStateWorking
	case m.failed():
		state = tea.ProgramStateError
	case m.result != nil && m.result.Outcome == actions.Succeeded:
		state = tea.ProgramStateDone
	}
	return &tea.ProgramStatus{State: state}
}
