package tui

// The smallest terminal the screens are made for, and widths at which they change.
const (
	leastWidth, leastHeight = 60, 16

	narrow     = 100 // below, the list of screens does without tallies
	sideBySide = 150 // from here on, the steps stand beside their details
	stepsWidth = 64  // of the steps, where they do
	mostProse  = 104 // columns of running text that are still easy to read
	liveFrom   = 34  // lines from which on the live pane has room beside everything else
)

// rect is a part of the screen, in cells.
type rect struct{ x, y, width, height int }

func (r rect) contains(x, y int) bool {
	return x >= r.x && x < r.x+r.width && y >= r.y && y < r.y+r.height
}

// layout is where everything is. It is computed when the size or the screen changes, and never while drawing.
type layout struct {
	width, height int
	header        rect
	chapters      rect
	steps         rect
	detail        rect
	live          rect // without height where there is no room
	status        rect
	keys          rect
	beside        bool // steps and details stand side by side
}

// arrange divides a terminal for a screen with so many steps. A live pane gets the lower part, if
// there is one and room for it.
func arrange(width, height, steps int, live bool) layout {
	l := layout{width: width, height: height}
	if l.tooSmall() {
		return l
	}
	l.header = rect{0, 0, width, 2}
	l.keys = rect{0, height - 1, width, 1}
	l.status = rect{0, height - 2, width, 1}
	top, bottom := l.header.height, l.status.y
	if live && height >= liveFrom {
		lines := (bottom - top) * 2 / 5
		l.live = rect{0, bottom - lines, width, lines}
		bottom = l.live.y
	}
	l.chapters = rect{1, top, 24, bottom - top}
	if width < narrow {
		l.chapters.width = 19
	}
	left := l.chapters.x + l.chapters.width + 3
	l.divide(rect{left, top, width - left - 1, bottom - top}, steps)
	return l
}

// divide shares the rest between the steps and the details of the chosen one.
func (l *layout) divide(rest rect, steps int) {
	if l.beside = l.width >= sideBySide; l.beside {
		l.steps = rect{rest.x, rest.y, stepsWidth, rest.height}
		l.detail = rect{rest.x + stepsWidth + 3, rest.y, rest.width - stepsWidth - 3, rest.height}
		return
	}
	lines := min(steps+1, rest.height/2)
	l.steps = rect{rest.x, rest.y, rest.width, lines}
	l.detail = rect{rest.x, rest.y + lines + 1, rest.width, rest.height - lines - 1}
}

func (l layout) tooSmall() bool { return l.width < leastWidth || l.height < leastHeight }

// prose is how wide running text may be in a space.
func prose(width int) int { return min(width, mostProse) }

// fill makes lines exactly fill a space: what is too much is cut, what is missing is blank.
func fill(lines []string, width, height int) []string {
	filled := make([]string, max(height, 0))
	for i := range filled {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		filled[i] = fit(line, width)
	}
	return filled
}

// window is the first line of a list to show in so many lines, so that the chosen one is among them.
func window(chosen, lines, height int) int {
	return min(max(chosen-height/2, 0), max(lines-height, 0))
}
