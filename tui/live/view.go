package live

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/cctui/cctui/actions"
)

const (
	labelWidth  = 7  // of a message's offset
	markWidth   = 2  // of a mark and the space behind it
	stackedFrom = 60 // columns below which lanes stand one above the other
	mostWrapped = 8  // lines of one wrapped cell
)

// bar stands between two lanes.
const bar = " │ "

// View is the pane, at most so many columns wide and so many lines high.
func (m *Model) View(width, height int) string {
	return m.draw(&m.lanes, width, height, m.paint)
}

// paint gives up the less important lines first where there is little room.
func (m *Model) paint(width, height int) []string {
	var lines []string
	room := height - 1
	if height >= 3 {
		lines = append(lines, m.heading(width))
		room--
	}
	if height >= 5 {
		room--
	}
	lines = append(lines, m.body(width, room)...)
	if height >= 5 {
		lines = append(lines, m.status(width))
	}
	return append(lines, m.attestationLine(width))
}

// columns are the widths of the lanes: the plaintext has the most room.
func columns(width int) [3]int {
	room := width - labelWidth - 2*ansi.StringWidth(bar)
	side := room * 3 / 11
	return [3]int{broker: side, confidential: room - 2*side, ordinary: side}
}

func stacked(width int) bool { return width < stackedFrom }

// laneNames are the lanes as people know them.
var laneNames = [3]string{broker: "broker", confidential: "confidential consumer", ordinary: "ordinary consumer"}

func (m *Model) heading(width int) string {
	if stacked(width) {
		return fit(m.Style.Strong.Render("message")+"  "+m.Style.Muted.Render("broker, attested pod, ordinary pod"), width)
	}
	parts := [3]string{}
	for lane, w := range columns(width) {
		parts[lane] = m.Style.Strong.Render(laneNames[lane])
		if source := m.source(lane, w-len(laneNames[lane])-2); source != "" {
			parts[lane] += "  " + m.Style.Muted.Render(source)
		}
		parts[lane] = fit(parts[lane], w)
	}
	return blank(labelWidth) + strings.Join(parts[:], m.Style.Muted.Render(bar))
}

// source says where a lane is read from: by name, or where there is no room for that, what it is.
func (m *Model) source(lane, room int) string {
	s := m.sources[actions.Lanes()[lane]]
	text := oneLine(s.Text, maxCell)
	switch s.State {
	case "":
		return fitting(room, "waiting")
	case actions.SourceTopic, actions.SourceLog, actions.SourcePage:
		return fitting(room, text, string(s.State))
	case actions.SourceBroken:
		text = "! " + text
	}
	return text
}

// body is the window on the messages, the newest at the bottom.
func (m *Model) body(width, height int) []string {
	var lines []string // from the bottom up
	for number := m.last(); number >= m.rows.oldest() && len(lines) < height; number-- {
		if message := m.rows.at(number); m.shows(message) {
			of := m.message(message, width)
			for i := len(of) - 1; i >= 0 && len(lines) < height; i-- {
				lines = append(lines, of[i])
			}
		}
	}
	if len(lines) == 0 && height > 0 {
		return pad([]string{fit(m.Style.Muted.Render(m.nothing()), width)}, height)
	}
	reversed := make([]string, 0, max(height, 0))
	for i := len(lines) - 1; i >= 0; i-- {
		reversed = append(reversed, lines[i])
	}
	return pad(reversed, height)
}

// nothing says why there is no message to show.
func (m *Model) nothing() string {
	if m.filter != "" {
		return "No message holds the filter's text."
	}
	if m.rows.next == 0 {
		return "No message yet. They show here as soon as the producer sends."
	}
	return ""
}

// last is the row at the bottom. One that has left the ring takes the window along.
func (m *Model) last() int64 {
	if !m.paused {
		return m.rows.next - 1
	}
	return max(m.bottom, m.rows.oldest())
}

// shows tells whether the filter lets a message pass. It is asked of many, often, and looks once.
func (m *Model) shows(r *row) bool {
	if r.judged != m.filter {
		r.judged, r.passes = m.filter, r.contains(strings.ToLower(m.filter))
	}
	return m.filter == "" || r.passes
}

// message is a row's lines.
func (m *Model) message(r *row, width int) []string {
	if stacked(width) {
		return m.stackedMessage(r, width)
	}
	widths := columns(width)
	var cells [3][]string
	height := 1
	for lane, w := range widths {
		cells[lane] = m.cell(r, lane, w)
		height = max(height, len(cells[lane]))
	}
	lines := make([]string, height)
	for i := range lines {
		label := blank(labelWidth)
		if i == 0 {
			label = m.label(r)
		}
		var parts [3]string
		for lane, w := range widths {
			parts[lane] = blank(w)
			if i < len(cells[lane]) {
				parts[lane] = cells[lane][i]
			}
		}
		lines[i] = label + strings.Join(parts[:], m.Style.Muted.Render(bar))
	}
	return lines
}

// stackedMessage has one line for each lane that has shown the message.
func (m *Model) stackedMessage(r *row, width int) (lines []string) {
	for lane, name := range [3]string{"broker   ", "attested ", "ordinary "} {
		if !r.cells[lane].there {
			continue
		}
		label := blank(labelWidth)
		if len(lines) == 0 {
			label = m.label(r)
		}
		before := label + m.Style.Muted.Render(name)
		for i, line := range m.cell(r, lane, width-ansi.StringWidth(before)) {
			if i > 0 {
				before = blank(labelWidth + len(name))
			}
			lines = append(lines, before+line)
		}
	}
	return lines
}

// label is a message's offset. The program's own messages are marked.
func (m *Model) label(r *row) string {
	number := "·"
	if r.offset >= 0 {
		number = fmt.Sprint(r.offset)
	}
	if r.own {
		return m.Style.Accent.Render(fit("◆"+number, labelWidth))
	}
	return m.Style.Muted.Render(fit("#"+number, labelWidth))
}

// cell is what one lane shows of a message, each line exactly so wide.
func (m *Model) cell(r *row, lane, width int) []string {
	c := r.cells[lane]
	if !c.there {
		return []string{blank(width)}
	}
	mark, words, look := m.Style.verdict(lane, c.reading)
	if lane == broker && c.reading == actions.ReadCiphertext {
		words = fmt.Sprintf("%d B", c.size)
	}
	if !m.wrap {
		return []string{look.Render(mark + " " + fitAround(c.harmless(width), m.aside(lane, c, words), width-markWidth))}
	}
	lines := wrapped(c.harmless(maxCell)+m.aside(lane, c, words), width-2, mostWrapped)
	for i, line := range lines {
		if i > 0 {
			mark = " "
		}
		lines[i] = look.Render(fit(mark+" "+line, width))
	}
	return lines
}

// aside is a word behind the text, where the text does not speak for itself.
func (m *Model) aside(lane int, c cell, words string) string {
	if c.reading == actions.ReadPlaintext && lane == confidential {
		return ""
	}
	return " (" + words + ")"
}

// status says what is shown, and what is not.
func (m *Model) status(width int) string {
	parts := []string{"following"}
	if m.paused {
		parts = []string{m.Style.Warn.Render(fmt.Sprintf("paused, %d new", m.unseen())) + " (f follows)"}
	}
	switch {
	case m.typing:
		parts = append(parts, m.Style.Accent.Render("filter: "+m.filter+"▏")+" enter keeps it, esc ends it")
	case m.filter != "":
		parts = append(parts, "only messages with “"+m.filter+"” (esc: all)")
	}
	for lane, name := range actions.Lanes() {
		if n := m.dropped[name]; n > 0 {
			parts = append(parts, m.Style.Warn.Render(fmt.Sprintf("%d of %s not shown: too fast", n, laneNames[lane])))
		}
	}
	return fit(strings.Join(parts, " · "), width)
}
