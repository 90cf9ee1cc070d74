package live

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/cctui/cctui/actions"
)

// oneLine makes foreign text harmless, and one line.
func oneLine(text string, limit int) string {
	text = actions.Sanitize(text, limit)
	if strings.ContainsAny(text, "\n\t") {
		text = strings.Join(strings.Fields(text), " ")
	}
	return text
}

// plain tells of a text that each of its bytes is a column.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// fit makes a line exactly so wide: what is too long ends in an ellipsis.
func fit(line string, width int) string {
	if width <= 0 {
		return ""
	}
	line = cut(line, width)
	return line + blank(width-columnsOf(line))
}

// cut shortens a line to a width. An ellipsis tells of more.
func cut(line string, width int) string {
	if !plain(line) {
		return ansi.Truncate(line, width, "…")
	}
	if len(line) <= width {
		return line
	}
	return line[:max(width-1, 0)] + "…"
}

// columnsOf is how wide a line is. Most are plain, and need not be measured sign by sign.
func columnsOf(line string) int {
	if plain(line) {
		return len(line)
	}
	return ansi.StringWidth(line)
}

// joinWhole puts each part behind a gap, up to the last that fits whole.
func joinWhole(parts []string, gap string, width int) string {
	var line string
	for _, part := range parts {
		if ansi.StringWidth(line+gap+part) > width {
			break
		}
		line += gap + part
	}
	return line
}

// fitting is the first of some wordings that fits, the longest standing first; empty where none does.
func fitting(width int, wordings ...string) string {
	for _, words := range wordings {
		if ansi.StringWidth(words) <= width {
			return words
		}
	}
	return ""
}

// fitAround shortens the text and keeps what stands behind it.
func fitAround(text, behind string, width int) string {
	room := width - columnsOf(behind)
	if room < 4 {
		return fit(text, width)
	}
	return fit(cut(text, room)+behind, width)
}

func blank(n int) string { return strings.Repeat(" ", max(n, 0)) }

// wrapped breaks text into at most so many lines; an ellipsis tells of more.
func wrapped(text string, width, lines int) []string {
	if width <= 0 || lines <= 0 {
		return nil
	}
	all := strings.Split(ansi.Wrap(text, width, ""), "\n")
	if len(all) <= lines {
		return all
	}
	all = all[:lines]
	all[lines-1] = ansi.Truncate(all[lines-1], width-1, "") + "…"
	return all
}

// join makes lines one text that is at most so wide and so high.
func join(lines []string, width, height int) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	lines = lines[:min(len(lines), height)]
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, width, "…")
	}
	return strings.Join(lines, "\n")
}

// pad makes a list of lines exactly so long.
func pad(lines []string, height int) []string {
	for len(lines) < height {
		lines = append(lines, "")
	}
	return lines[:max(height, 0)]
}
