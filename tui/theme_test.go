package tui

import (
	"image/color"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/cctui/cctui/actions"
)

// luminance and contrast are WCAG 2.2's.
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	part := func(v uint32) float64 {
		x := float64(v) / 0xffff
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*part(r) + 0.7152*part(g) + 0.0722*part(b)
}

func contrast(one, other color.Color) float64 {
	light, dark := luminance(one), luminance(other)
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

// xterm is what the first eight of sixteen colours are, where nobody changed them. Source: XTerm-col.ad.
var xterm = []string{"#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5"}

// shown is a colour as a terminal with so many colours shows it.
func shown(c color.Color, colours colorprofile.Profile) color.Color {
	if basic, ok := colours.Convert(c).(ansi.BasicColor); ok {
		return lipgloss.Color(xterm[basic])
	}
	return colours.Convert(c)
}

func TestEverythingCanBeReadOnItsBackground(t *testing.T) {
	black, white := lipgloss.Color("#000000"), lipgloss.Color("#ffffff")
	on := map[background][]color.Color{
		backgroundDark: {black, lipgloss.Color("#1e1e1e")}, backgroundLight: {white, lipgloss.Color("#fdf6e3")}, backgroundUnknown: {black, white},
	}
	for _, colours := range []colorprofile.Profile{colorprofile.TrueColor, colorprofile.ANSI256, colorprofile.ANSI} {
		for kind, grounds := range on {
			least := 4.5
			if kind == backgroundUnknown || colours == colorprofile.ANSI {
				least = 3 // WCAG's least for marks and large text: words repeat what colours say
			}
			look := newTheme(kind, colours)
			if colours == colorprofile.ANSI && kind != backgroundUnknown {
				grounds = grounds[:1] // others come with sixteen colours of their own
			}
			for name, style := range map[string]lipgloss.Style{
				"muted": look.muted, "accent": look.accent, "good": look.good, "warn": look.warn, "bad": look.bad,
			} {
				if _, none := style.GetForeground().(lipgloss.NoColor); none {
					continue // the terminal's own
				}
				for _, ground := range grounds {
					if got := contrast(shown(style.GetForeground(), colours), ground); got < least {
						t.Errorf("%s with %s on background %d %v: %.1f to 1, want %.1f", name, colours, kind, ground, got, least)
					}
				}
			}
		}
	}
}

func TestTheBackgroundIsTheOneThatTheTerminalTells(t *testing.T) {
	for variable, want := range map[string]background{
		"": backgroundUnknown, "15;0": backgroundDark, "0;15": backgroundLight, "0;default;7": backgroundLight, "7;8": backgroundDark, "default;default": backgroundUnknown,
	} {
		if got := backgroundOf(variable); got != want {
			t.Errorf("COLORFGBG %q means %d, want %d", variable, got, want)
		}
	}
	onStage(t, 80, 24, func(s *show) {
		s.send(tea.EnvMsg{"COLORFGBG=0;15"})
		if s.m.on != backgroundLight {
			t.Error("the variable is not heeded")
		}
		s.send(tea.BackgroundColorMsg{Color: color.Black})
		s.send(tea.EnvMsg{"COLORFGBG=0;15"})
		if s.m.on != backgroundDark {
			t.Error("the variable counts more than what the terminal answers")
		}
	})
}

// everyState is in the order of a step's life.
var everyState = []actions.State{actions.Pending, actions.Running, actions.Waiting, actions.Done, actions.Skipped, actions.Failed, actions.Stale}

// What a screen says of a step without any colour is different for each state.
func TestNoStateIsToldByColourAlone(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		said := map[string]actions.State{}
		for _, state := range everyState {
			s.emit(actions.StepChanged{Step: "tools", Screen: actions.ScreenPrerequisites, State: state})
			i := slices.IndexFunc(s.m.listed(), func(listed actions.Step) bool { return listed.ID == "tools" })
			line := strings.Join(strings.Fields(ansi.Strip(s.m.stepLine(s.m.listed()[i], false, 58))), " ")
			line, _, _ = strings.Cut(line, " 0:0")
			if other, twice := said[line]; twice {
				t.Errorf("%q means %s and %s", line, state, other)
			}
			said[line] = state
		}
		if len(said) != len(everyState) {
			t.Errorf("said %q", slices.Collect(maps.Keys(said)))
		}
	})
}

// painted are sequences that set a colour.
var painted = regexp.MustCompile(`\x1b\[(?:[0-9;:]*[;:])?(?:[34][0-8]|9[0-7]|10[0-7])[;:m]`)

// What reaches a terminal without colours has none, and says the same.
func TestWithoutColoursNothingIsPaintedAndNothingIsMissing(t *testing.T) {
	onStage(t, 120, 40, func(s *show) {
		s.send(tea.ColorProfileMsg{Profile: colorprofile.ANSI})
		s.press("a")
		s.play("failed", nil)
		coloured := s.m.View().Content
		var plain strings.Builder
		if _, err := (&colorprofile.Writer{Forward: &plain, Profile: colorprofile.Ascii}).WriteString(coloured); err != nil {
			t.Fatal(err)
		}
		if !painted.MatchString(coloured) || painted.MatchString(plain.String()) {
			t.Errorf("painted: with colours %v, without %v", painted.MatchString(coloured), painted.MatchString(plain.String()))
		}
		if ansi.Strip(plain.String()) != ansi.Strip(coloured) {
			t.Error("without colours, something is missing")
		}
	})
}
