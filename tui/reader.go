package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// reader shows a text that may be longer than the screen.
type reader struct {
	title  string
	lines  func(t theme, width int) []string
	top    int
	length int // of the text, as it was last counted
}

func (r *reader) update(msg tea.Msg) (dialog, tea.Cmd) {
	if wheel, ok := msg.(tea.MouseWheelMsg); ok {
		r.move(wheeled(wheel))
	}
	key, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return r, nil
	}
	switch key.String() {
	case "esc", "q", "enter", "?", "l":
		return nil, nil
	case "down", "j":
		r.move(1)
	case "up", "k":
		r.move(-1)
	case "pgdown", "space":
		r.move(10)
	case "pgup":
		r.move(-10)
	case "home", "g":
		r.move(-r.length)
	case "end", "G":
		r.move(r.length)
	}
	return r, nil
}

func (r *reader) move(by int) { r.top = min(max(r.top+by, 0), max(r.length-1, 0)) }

func (r *reader) content(t theme, width, height int) (title string, lines []string, keys string) {
	lines = r.lines(t, width)
	top := min(r.top, max(len(lines)-height, 0))
	return r.title, lines[top:], t.accent.Render("↑ ↓ pgup pgdn") + " scroll · " + t.accent.Render("esc") + " close"
}

// showHelp lists every key, what it does, and why it cannot be used now, where that is so.
func (m *Model) showHelp() tea.Cmd {
	const keyWidth = 13
	lines := func(t theme, width int) []string {
		text := page{width: width, theme: t}
		for _, b := range m.bindings() {
			text.add(hanging(t.accent.Render(fit(b.shown, keyWidth)), b.about, width)...)
			if why := b.refusal(m); why != "" {
				text.add(spaces(keyWidth) + t.muted.Render("not now: "+why))
			}
		}
		text.add("")
		text.prose("Marks: ✓ done or there already · – skipped by you · ● running · … waiting · ✗ failed · ~ stale, an input was changed after it was done · ○ not yet")
		return text.lines
	}
	m.dialog = &reader{title: "Keys", lines: lines, length: len(m.bindings())}
	return nil
}

// showLog is all that the chosen step said.
func (m *Model) showLog() tea.Cmd {
	s := m.step()
	entries := m.cardOf(s.ID).log
	lines := func(t theme, width int) []string {
		text := page{width: width, theme: t}
		for _, e := range entries {
			for i, line := range strings.Split(e.text, "\n") {
				at := t.muted.Render(e.at.Local().Format(time.TimeOnly)) + " "
				if i > 0 {
					at = spaces(len(time.TimeOnly) + 1)
				}
				text.add(hanging(at, line, width)...)
			}
		}
		return text.lines
	}
	m.dialog = &reader{title: "Log of " + name(s.ID), lines: lines, length: len(entries)}
	return nil
}
