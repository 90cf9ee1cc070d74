package tui

import (
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/cctui/cctui/actions"
)

// theme is how things look. Colour only repeats what marks and words say.
type theme struct {
	strong, muted, accent   lipgloss.Style
	good, warn, bad         lipgloss.Style
	badge, selected, button lipgloss.Style
}

// newTheme is the one for a background, and for as many colours as there are. With sixteen there is
// no grey that is sure to be seen on every background, so that nothing is muted by colour.
func newTheme(dark bool, colours colorprofile.Profile) theme {
	either := lipgloss.LightDark(dark)
	paint := func(light, dark string) lipgloss.Style {
		return lipgloss.NewStyle().Foreground(either(lipgloss.Color(light), lipgloss.Color(dark)))
	}
	t := theme{
		strong:   lipgloss.NewStyle().Bold(true),
		muted:    paint("#59636e", "#9198a1"),
		accent:   paint("#0757ba", "#58a6ff").Bold(true),
		good:     paint("#116329", "#56d364"),
		warn:     paint("#7d4e00", "#e3b341"),
		bad:      paint("#b31d28", "#ff7b72").Bold(true),
		badge:    lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Color("#1f2328")).Background(lipgloss.Color("#e3b341")),
		selected: lipgloss.NewStyle().Bold(true).Background(either(lipgloss.Color("#ddf4ff"), lipgloss.Color("#1c2f4a"))),
		button:   lipgloss.NewStyle().Bold(true).Reverse(true),
	}
	if colours <= colorprofile.ANSI {
		t.muted = lipgloss.NewStyle()
		t.selected = lipgloss.NewStyle().Bold(true)
		t.accent = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Cyan)
		t.good = lipgloss.NewStyle().Foreground(lipgloss.Green)
		t.warn = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
		t.bad = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Red)
		t.badge = lipgloss.NewStyle().Bold(true).Reverse(true)
	}
	return t
}

// mark is the one character for a state, and the style that goes with it.
func (t theme) mark(s actions.State) (string, lipgloss.Style) {
	switch s {
	case actions.Done, actions.Skipped:
		return "✓", t.good
	case actions.Running:
		return "●", t.accent
	case actions.Waiting:
		return "…", t.warn
	case actions.Failed:
		return "✗", t.bad
	case actions.Stale:
		return "~", t.warn
	}
	return "○", t.muted
}
