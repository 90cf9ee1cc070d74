package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/cctui/cctui/actions"
)

// maxText bounds what is shown of any one foreign text, in bytes.
const maxText = 4 << 10

// clean makes foreign text harmless. Its lines stay apart; tabs, whose width depends on where they
// stand, become spaces.
func clean(text string) string {
	text = text[:min(len(text), 4*maxText)] // what is far beyond the bound need not be read
	return strings.ReplaceAll(actions.Sanitize(text, maxText), "\t", "    ")
}

// oneLine is clean text without breaks.
func oneLine(text string) string { return strings.Join(strings.Fields(clean(text)), " ") }

// fit makes a line exactly so wide: what is too long ends in an ellipsis.
func fit(line string, width int) string {
	if width <= 0 {
		return ""
	}
	room := width - ansi.StringWidth(line)
	if room < 0 {
		line = ansi.Truncate(line, width, "…")
		room = width - ansi.StringWidth(line)
	}
	return line + spaces(room)
}

// ends puts one text at each end of a line. The right one stays whole as long as it can.
func ends(left, right string, width int) string {
	right = ansi.Truncate(right, max(width, 0), "…")
	return fit(left, width-ansi.StringWidth(right)) + right
}

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

// wrap breaks text into lines of at most so many columns. It breaks at spaces, and inside a word only
// where that is longer than a line: a command must not be broken at its hyphens.
func wrap(text string, columns int) (lines []string) {
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, wrapLine(line, max(columns, 1))...)
	}
	return lines
}

func wrapLine(line string, columns int) (lines []string) {
	current := ""
	for word := range strings.SplitAfterSeq(line, " ") {
		if width(current+strings.TrimRight(word, " ")) > columns && strings.TrimSpace(current) != "" {
			lines, current = append(lines, strings.TrimRight(current, " ")), ""
		}
		text := strings.TrimRight(current+word, " ")
		gap := (current + word)[len(text):]
		parts := strings.Split(ansi.Hardwrap(text, columns, true), "\n")
		lines, current = append(lines, parts[:len(parts)-1]...), parts[len(parts)-1]+gap
	}
	return append(lines, strings.TrimRight(current, " "))
}

// width is how many columns a text takes.
func width(text string) int { return ansi.StringWidth(text) }

// hanging is wrapped text whose first line begins with a word, and whose others line up beneath.
func hanging(word, text string, columns int) []string {
	margin := ansi.StringWidth(word)
	lines := wrap(text, columns-margin)
	for i, line := range lines {
		if i == 0 {
			lines[i] = word + line
			continue
		}
		lines[i] = spaces(margin) + line
	}
	return lines
}

// clock is a duration as people read it: 0:03, 12:40, 1:02:03.
func clock(d time.Duration) string {
	seconds := int(max(d, 0).Seconds())
	if seconds >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// typical is how long something usually takes, roughly.
func typical(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("~%d s", int(d.Seconds()))
	}
	return fmt.Sprintf("~%d min", int(d.Round(time.Minute).Minutes()))
}

// count is a number of things: "1 step", "3 steps".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// name is a step's id as people read it.
func name(step string) string { return strings.ReplaceAll(step, "-", " ") }
