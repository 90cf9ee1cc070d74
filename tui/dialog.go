package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// dialog stands in front of the screens and takes the keys until it is closed.
type dialog interface {
	// update takes a key, a paste or the mouse. The dialog it returns takes its place; nil closes it.
	update(tea.Msg) (dialog, tea.Cmd)
	// content is the title, the lines in so many columns, and what the keys do. Of more lines than the height
	// the last ones are not seen.
	content(t theme, width, height int) (title string, lines []string, keys string)
}

// excerpt is what is seen of a text that is longer than its room.
type excerpt struct{ top int }

func (e *excerpt) update(msg tea.Msg) {
	const leap = 10
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		e.top += wheeled(msg)
	case tea.KeyPressMsg:
		e.top += map[string]int{"pgdown": leap, "pgup": -leap}[msg.String()]
	}
}

func (e *excerpt) of(t theme, text []string, width, height int) []string {
	e.top = min(max(e.top, 0), max(len(text)-height, 0))
	if len(text) <= height {
		return text
	}
	return t.part(text, e.top, width, height)
}

// mostDialog is how wide a dialog gets, border included.
const mostDialog = 92

// inFront draws the dialog over what is behind it.
func (m *Model) inFront(behind []string) []string {
	l := m.layout
	outer := min(l.width-4, mostDialog)
	inner := outer - 4
	title, lines, keys := m.dialog.content(m.theme, inner, l.height-8)
	height := min(len(lines), l.height-8)
	if more := len(lines) - height; more > 0 {
		keys += m.theme.muted.Render(" · ↓ " + count(more, "line"))
	}
	text := append([]string{m.theme.strong.Render(title), ""}, fill(lines, inner, height)...)
	text = fill(append(text, "", keys), inner, height+4)
	box := strings.Split(lipgloss.NewStyle().Border(lipgloss.RoundedBorder()).
		BorderForeground(m.theme.accent.GetForeground()).Padding(0, 1).Render(strings.Join(text, "\n")), "\n")
	return overlay(behind, box, (l.width-outer)/2, max((l.height-len(box))/2, 1))
}

// overlay lays lines over others, from a column and a line on.
func overlay(behind, front []string, x, y int) []string {
	all := make([]string, len(behind))
	copy(all, behind)
	for i, line := range front {
		if y+i >= len(all) {
			break
		}
		whole := width(all[y+i])
		left := ansi.Truncate(all[y+i], x, "")
		right := ansi.TruncateLeft(all[y+i], x+width(line), "")
		all[y+i] = fit(fit(left, x)+line+right, whole)
	}
	return all
}
