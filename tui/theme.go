package tui

import (
	"image/color"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/cctui/cctui/actions"
)

// background is what the terminal's colours are read on.
type background int

const (
	backgroundUnknown background = iota // the terminal does not say
	backgroundDark
	backgroundLight
)

// backgroundOf is the one that the variable COLORFGBG of some terminals tells, as in "15;0".
func backgroundOf(colorfgbg string) background {
	last := colorfgbg[strings.LastIndex(colorfgbg, ";")+1:]
	number, err := strconv.Atoi(last)
	switch {
	case err != nil:
		return backgroundUnknown
	case number == 7 || number > 8:
		return backgroundLight
	}
	return backgroundDark
}

// theme is how things look. Colour only repeats what marks and words say.
type theme struct {
	strong, muted, accent lipgloss.Style
	good, warn, bad       lipgloss.Style
	badge, selected       lipgloss.Style
}

// palette are the colours of a theme. Each can be read on the backgrounds it is for.
type palette struct{ muted, accent, good, warn, bad color.Color }

// palettes are those for many colours.
var palettes = map[background]palette{
	backgroundDark:    {hex("#9198a1"), hex("#58a6ff"), hex("#56d364"), hex("#e3b341"), hex("#ff7b72")},
	backgroundLight:   {hex("#59636e"), hex("#0757ba"), hex("#116329"), hex("#7d4e00"), hex("#b31d28")},
	backgroundUnknown: {hex("#767676"), hex("#2878d8"), hex("#2a8540"), hex("#a86c00"), hex("#d1373f")},
}

// fewColours are those for sixteen, which are what the terminal's user made of them. There is no grey
// that is sure to be seen, so that nothing is muted; and yellow, green and cyan are not seen on white.
var fewColours = map[background]palette{
	backgroundDark:    {accent: lipgloss.Cyan, good: lipgloss.Green, warn: lipgloss.Yellow, bad: lipgloss.Red},
	backgroundLight:   {accent: lipgloss.Blue, warn: lipgloss.Magenta, bad: lipgloss.Red},
	backgroundUnknown: {warn: lipgloss.Magenta, bad: lipgloss.Red},
}

func hex(text string) color.Color { return lipgloss.Color(text) }

// newTheme is the one for a background, and for as many colours as there are.
func newTheme(on background, colours colorprofile.Profile) theme {
	paint := func(c color.Color) lipgloss.Style {
		if c == nil {
			return lipgloss.NewStyle()
		}
		return lipgloss.NewStyle().Foreground(c)
	}
	p, few := palettes[on], colours <= colorprofile.ANSI
	if few {
		p = fewColours[on]
	}
	t := theme{
		strong:   lipgloss.NewStyle().Bold(true),
		muted:    paint(p.muted),
		accent:   paint(p.accent).Bold(true),
		good:     paint(p.good),
		warn:     paint(p.warn),
		bad:      paint(p.bad).Bold(true),
		badge:    lipgloss.NewStyle().Bold(true).Reverse(true),
		selected: lipgloss.NewStyle().Bold(true),
	}
	if few {
		return t
	}
	t.badge = lipgloss.NewStyle().Bold(true).Foreground(hex("#1f2328")).Background(hex("#e3b341"))
	switch on {
	case backgroundDark:
		t.selected = t.selected.Background(hex("#1c2f4a"))
	case backgroundLight:
		t.selected = t.selected.Background(hex("#ddf4ff"))
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
