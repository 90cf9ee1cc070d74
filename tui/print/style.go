package print

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cctui/cctui/actions"
)

// style writes marks and words; colour only repeats what they say.
type style struct{ colour bool }

func (s style) paint(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(text string) string   { return s.paint("1", text) }
func (s style) green(text string) string  { return s.paint("32", text) }
func (s style) yellow(text string) string { return s.paint("33", text) }
func (s style) red(text string) string    { return s.paint("31", text) }

// state is a step's mark and word, all of one width.
func (s style) state(state actions.State) string {
	switch state {
	case actions.Done:
		return s.green("✓ done   ")
	case gone:
		return s.green("✓ removed")
	case actions.Skipped:
		return s.green("✓ there  ")
	case actions.Failed:
		return s.red("✗ failed ")
	case actions.Stale:
		return s.yellow("~ stale  ")
	case actions.Waiting:
		return s.yellow("… waiting")
	case actions.Running:
		return "… running"
	}
	return fmt.Sprintf("  %-7s", state)
}

// verdict is the mark and word of a check.
func (s style) verdict(ok bool) string {
	if ok {
		return s.green("✓ yes")
	}
	return s.red("✗ no ")
}

// elapsed is a clock: 0:03, 12:40, 1:02:03.
func elapsed(from, to time.Time) string {
	if from.IsZero() || to.Before(from) {
		return ""
	}
	seconds := int(to.Sub(from).Seconds())
	if seconds >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// shorten cuts a text to a number of characters, the last of which then is an ellipsis.
func shorten(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
