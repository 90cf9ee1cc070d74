package tui

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/cctui/cctui/actions"
)

// hostile are texts as pods, records and services may send them.
var hostile = []string{
	"\x1b[2J\x1b[H\x1b]0;owned\x07gone",
	"\x1b]52;c;ZXZpbA==\x07", "\x9b31mC1", "a\x00b\x08\x7f", "line\r\nline\rline\n\n\n",
	"\u202egnp.exe\u2066\u2069\u200b", "🏳️‍🌈👩‍👩‍👧‍👦 e\u0301\u0301\u0301 世界ｗｉｄｅ", "\xff\xfe\xc3", "a\tb\tc",
	strings.Repeat("x", 1<<20), strings.Repeat("世a\u0301", 2000),
}

// told is a model that was told a text wherever others can put one.
func toldBy(text string, width, height int) *Model {
	m := New(context.Background(), Options{Places: []Place{{Name: text, About: text, Sandbox: true}}, Now: func() time.Time { return time.Time{} }})
	m.take(tea.WindowSizeMsg{Width: width, Height: height})
	m.take(told(text))
	in := actions.Inputs{Message: text, Location: text}.WithDefaults("7f3a01")
	status := actions.Status{Made: []actions.ResourceStatus{{Resource: actions.Resource{Kind: text, Name: text, ID: "/subscriptions/" + text}, Step: "cluster", State: "making"}}}
	m.take(opened{place: m.options.Places[0], engine: &fakeEngine{}, steps: actions.Steps(), refreshed: refreshed{inputs: in, status: status}})
	problem := &actions.Problem{Title: text, Why: text, Remedy: []string{text}, Commands: []string{text}, Links: []string{text}, Raw: text}
	m.take(batch{
		happened{actions.StepChanged{Step: "sign-in", State: actions.Running}},
		happened{actions.OutputSet{Step: "sign-in", Name: "accountName", Value: text}},
		happened{actions.OutputSet{Step: "sign-in", Name: "subscriptionName", Value: text}},
		happened{actions.OutputSet{Step: "message", Name: "message", Value: text}},
		happened{actions.OutputSet{Step: "contrast", Name: "ciphertext", Value: text}},
		happened{actions.OutputSet{Step: text, Name: text, Value: text}},
		happened{actions.Logged{Step: "sign-in", Text: text}},
		happened{actions.Progressed{Step: "sign-in", Text: text, Fraction: 0.5}},
		happened{actions.StepChanged{Step: "tools", State: actions.Waiting, Reason: text}},
		happened{actions.ProblemRaised{Step: "sign-in", Problem: problem}},
		happened{actions.StepChanged{Step: "sign-in", State: actions.Failed, Reason: text}},
		happened{actions.Finished{Result: actions.Result{
			Outcome: actions.Failure, Problem: problem, Kept: []actions.Kept{{Why: text}},
			Attestation: &actions.Attestation{Evidence: text, Authority: text},
		}}},
	})
	return m
}

// check holds every line against the screen's width, and the whole against its height.
func check(t *testing.T, m *Model, width, height int) {
	t.Helper()
	content := m.View().Content
	lines := strings.Split(content, "\n")
	if len(lines) > max(height, 1) {
		t.Fatalf("%d lines on a screen of %d", len(lines), height)
	}
	for _, line := range lines {
		if got := ansi.StringWidth(line); got > width {
			t.Fatalf("a line of %d columns on a screen of %d: %q", got, width, line)
		}
	}
	for i := 0; i < len(content); {
		if written := colour(content[i:]); written > 0 {
			i += written
			continue
		}
		r, size := utf8.DecodeRuneInString(content[i:])
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			t.Fatalf("%U reaches the terminal: %q", r, content)
		}
		i += size
	}
}

// colour is the length of a sequence that the screens themselves write; 0 where a text begins with none.
func colour(text string) int {
	rest, found := strings.CutPrefix(text, "\x1b[")
	if rest = strings.TrimLeft(rest, "0123456789;:"); !found || !strings.HasPrefix(rest, "m") {
		return 0
	}
	return len(text) - len(rest) + len("m")
}

// tour are keys that lead past everything there is to see.
var tour = []string{"1", "pgdown", "l", "down", "esc", "e", "down", "down", "x", "esc", "6", "e", "esc", "7", "enter", "x", "esc", "?", "pgdown", "esc", "tab", "q"}

func TestForeignTextStaysWithinItsLinesAndIsHarmless(t *testing.T) {
	for _, text := range hostile {
		for _, size := range [][2]int{{60, 16}, {160, 40}} {
			m := toldBy(text, size[0], size[1])
			check(t, m, size[0], size[1])
			for _, key := range tour {
				m.take(keyPress(key))
				check(t, m, size[0], size[1])
			}
		}
	}
}

func TestMemoryIsBoundedWhateverAStepSays(t *testing.T) {
	b := newBoard()
	for range 2 * maxEntries {
		b.apply(actions.Logged{Step: "policy", Text: strings.Repeat("x", 2*maxText)})
	}
	kept := 0
	for _, e := range b.card(place{step: "policy"}).log {
		kept += len(e.text)
	}
	if most := maxEntries * maxText; kept > most {
		t.Errorf("%d bytes kept, want at most %d", kept, most)
	}
}

// FuzzLayout tells any text wherever others can put one, and then resizes, types and looks as a script says, and
// looks at the end. What comes of the beginning of a script is the end of a shorter one.
func FuzzLayout(f *testing.F) {
	for i, text := range hostile[:9] {
		f.Add(text, []byte{resize, byte(20 * i), byte(5 * i), look, '1', 'e', resize, 80, 24, '?', '\x1b', 'q'})
	}
	f.Add("", []byte{resize, 0, 0, look, resize, 1, 1, 'a', 'a', 'a', 'a'})
	f.Add("x", []byte{resize, 160, 40, '7', look, '\x1b', resize, 59, 15, look, resize, 60, 16, look, resize, 200, 34, '\t'})
	f.Fuzz(func(t *testing.T, text string, script []byte) {
		width, height := 80, 24
		m := toldBy(text[:min(len(text), mostFuzzed)], width, height)
		for step := 0; len(script) > 0 && step < mostSteps; step++ {
			switch key := script[0]; {
			case key == look:
				check(t, m, width, height)
			case key == resize && len(script) > 2:
				width, height = int(script[1])%(mostWidth+1), int(script[2])%(mostHeight+1)
				m.take(tea.WindowSizeMsg{Width: width, Height: height})
				script = script[2:]
			case !strings.Contains("abxrs", string(key)): // these would have the engine do something
				m.take(keyPress(string(key)))
			}
			script = script[1:]
		}
		check(t, m, width, height)
	})
}

const (
	look       = 0xfe
	resize     = 0xff // the next two bytes are a size
	mostSteps  = 20
	mostFuzzed = 1 << 10 // bytes; longer texts are among the hostile
	// Beyond, nothing is laid out in another way.
	mostWidth  = sideBySide + stepsWidth
	mostHeight = liveFrom + 10
)
