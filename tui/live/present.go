package live

import (
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/cctui/cctui/actions"
)

const (
	calm     = time.Second     // how long a message stands at least
	ownStays = 8 * time.Second // how long one's own does, once everybody has shown it
	besideBy = 96              // columns from which on the lanes stand side by side
	prose    = 100             // columns of a caption that are still easy to read
)

// spotlight is the message that the audience is shown, and since when.
type spotlight struct {
	number int64
	since  time.Time
	lit    bool
}

// Present is the lanes over a whole screen, for an audience: one message, large and calm, what went
// before it, and a caption.
func (m *Model) Present(width, height int) string {
	return m.draw(&m.presents, width, height, m.paintStage)
}

func (m *Model) paintStage(width, height int) []string {
	foot := m.foot(width, height)
	room := height - len(foot)
	var lines []string
	if width >= besideBy {
		lines = m.beside(width, room)
	} else {
		lines = m.above(width, room)
	}
	return append(pad(lines, room), foot...)
}

// light chooses the message: the newest that every lane has shown, but none is taken away at once.
func (m *Model) light() *row {
	now := m.now()
	if m.spot.lit && m.spot.number < m.rows.oldest() {
		m.spot.lit = false
	}
	stays := calm
	if m.spot.lit && m.rows.at(m.spot.number).own && m.complete(m.rows.at(m.spot.number)) {
		stays = ownStays
	}
	if !m.spot.lit || now.Sub(m.spot.since) >= stays {
		m.relight(now)
	}
	if !m.spot.lit {
		return nil
	}
	return m.rows.at(m.spot.number)
}

// relight prefers an own message that has come since, so that the one typed on stage is not missed.
func (m *Model) relight(now time.Time) {
	best := int64(-1)
	for number := m.rows.next - 1; number >= m.rows.oldest() && number > m.rows.next-matchedRows; number-- {
		if m.spot.lit && number <= m.spot.number {
			break
		}
		message := m.rows.at(number)
		if !m.complete(message) {
			continue
		}
		if best < 0 || message.own {
			best = number
		}
		if message.own {
			break
		}
	}
	if best < 0 && !m.spot.lit {
		best = m.rows.next - 1
	}
	if best >= 0 {
		m.spot = spotlight{number: best, since: now, lit: true}
	}
}

// complete tells whether every lane that is being read has shown the message.
func (m *Model) complete(r *row) bool {
	for lane, name := range actions.Lanes() {
		switch m.sources[name].State {
		case actions.SourceTopic, actions.SourceLog:
			if !r.cells[lane].there {
				return false
			}
		}
	}
	return true
}

// title says whose view a lane is. The second line has shorter wordings for narrow lanes.
type title struct {
	name  string
	views []string
}

var titles = [3]title{
	broker:       {"ON THE BROKER", []string{"what whoever runs Kafka sees", "what Kafka's host sees"}},
	confidential: {"IN THE ATTESTED POD", []string{"what the confidential consumer sees", "what the consumer sees"}},
	ordinary:     {"IN AN ORDINARY POD", []string{"what the same program sees without attestation", "the same program, no attestation", "the same, not attested"}},
}

// beside puts the lanes next to each other.
func (m *Model) beside(width, height int) []string {
	w := (width - 2*ansi.StringWidth(bar)) / 3
	message := m.light()
	var lanes [3][]string
	for lane := range lanes {
		lanes[lane] = pad(m.column(message, lane, w, height), height)
	}
	lines := make([]string, max(height, 0))
	for i := range lines {
		var parts [3]string
		for lane := range lanes {
			parts[lane] = fit(lanes[lane][i], w)
		}
		lines[i] = strings.Join(parts[:], m.Style.Muted.Render(bar))
	}
	return lines
}

// column is one lane: its title, the message, and what it has shown before.
func (m *Model) column(message *row, lane, width, height int) []string {
	head := titles[lane]
	lines := []string{"", m.Style.Strong.Render(head.name), m.Style.Muted.Render(fitting(width, head.views...)), ""}
	lines = append(lines, m.large(message, lane, width-2, min(height/2, 12))...)
	lines = append(lines, "", m.Style.Muted.Render("before"))
	if len(lines) >= height {
		return lines
	}
	return append(lines, m.before(lane, width, height-len(lines))...)
}

// large is the message, with room around it, and the verdict beneath.
func (m *Model) large(message *row, lane, width, height int) []string {
	c, notes := m.onStage(message, lane)
	if !c.there {
		return pad([]string{m.Style.Muted.Render("  …")}, height)
	}
	mark, words, look := m.Style.verdict(lane, c.reading)
	words += fitting(width-4-ansi.StringWidth(words), notes...)
	var lines []string
	for _, line := range wrapped(c.harmless(maxCell), width-2, height-3) {
		lines = append(lines, "  "+look.Bold(c.reading == actions.ReadPlaintext).Render(line))
	}
	lines = append(lines, "", "  "+look.Render(mark+" "+words))
	return pad(lines, height)
}

// onStage is what a lane shows of the message, and notes on it, the longest first. A page does not tell
// which message it shows: then it is the newest there, and said to be just that.
func (m *Model) onStage(message *row, lane int) (c cell, notes []string) {
	if message != nil && message.cells[lane].there {
		if message.own {
			notes = []string{"   ◆ sent from here", "   ◆ from here", " ◆"}
		}
		return message.cells[lane], notes
	}
	if m.sources[actions.Lanes()[lane]].State != actions.SourcePage {
		return cell{}, nil
	}
	for number := m.rows.next - 1; number >= max(m.rows.oldest(), m.rows.next-matchedRows); number-- {
		if c := m.rows.at(number).cells[lane]; c.there {
			return c, []string{"   the newest on its page", "   on its page"}
		}
	}
	return cell{}, nil
}

// before are the messages before the one in the light, the newest first. A lane that has not shown
// one leaves its line empty, so that each line is one message in all lanes.
func (m *Model) before(lane, width, height int) []string {
	var lines []string
	for number := m.spot.number - 1; m.spot.lit && number >= m.rows.oldest() && len(lines) < height; number-- {
		c := m.rows.at(number).cells[lane]
		if !c.there {
			lines = append(lines, "")
			continue
		}
		mark, words, look := m.Style.verdict(lane, c.reading)
		lines = append(lines, look.Render(mark+" "+fitAround(c.harmless(width), m.aside(lane, c, words), width-markWidth)))
	}
	return lines
}

// above puts the lanes one above the other.
func (m *Model) above(width, height int) []string {
	message := m.light()
	each := height / 3
	var lines []string
	for lane, head := range titles {
		view := fitting(width-ansi.StringWidth(head.name)-2, head.views...)
		part := []string{m.Style.Strong.Render(head.name) + "  " + m.Style.Muted.Render(view)}
		if each > 1 {
			part = append(part, m.flat(message, lane, width, each-1)...)
		}
		lines = append(lines, pad(part, each)...)
	}
	return lines
}

// flat is the message where there is little height.
func (m *Model) flat(message *row, lane, width, height int) []string {
	if height > 3 {
		return m.large(message, lane, width, height)
	}
	c, _ := m.onStage(message, lane)
	if !c.there {
		return []string{m.Style.Muted.Render("  …")}
	}
	mark, words, look := m.Style.verdict(lane, c.reading)
	return []string{look.Render(fitAround("  "+mark+" "+c.harmless(width), " ("+words+")", width))}
}

// foot is the proof and the caption.
func (m *Model) foot(width, height int) []string {
	lines := []string{m.Style.Muted.Render(strings.Repeat("─", max(width, 0))), m.attestationLine(width)}
	room := min(height/3-len(lines), 7)
	if m.stage.Problem != nil { // a refusal names both values that differ
		room = min(height/2-len(lines), 9)
	}
	for _, paragraph := range m.caption() {
		for _, line := range wrapped(paragraph, min(width-2, prose), room) {
			lines = append(lines, "  "+line)
			room--
		}
	}
	return lines[:min(len(lines), max(height, 0))]
}

// caption says what the audience sees.
func (m *Model) caption() []string {
	s := m.stage
	var paragraphs []string
	if s.Title != "" {
		paragraphs = append(paragraphs, m.Style.Accent.Render(oneLine(s.Title, maxCell)+"."))
	}
	if p := s.Problem; p != nil { // before the explanation: where there is little room, the refusal is what counts
		paragraphs = append(paragraphs, m.Style.Bad.Render("Refused: "+oneLine(p.Title, maxCell)+".")+" "+oneLine(p.Why, maxCell))
	}
	if s.Title != "" {
		paragraphs = append(paragraphs, oneLine(s.Sees, maxCell))
	}
	if s.Busy != "" {
		paragraphs = append(paragraphs, m.Style.Warn.Render(oneLine(s.Busy, maxCell)+" …"))
	}
	if len(paragraphs) > 0 {
		return paragraphs
	}
	return []string{m.everyday()}
}

// everyday is the caption while nothing is being done.
func (m *Model) everyday() string {
	a := m.attestation
	switch {
	case a == nil:
		return "The producer encrypts each message with a public key. Its private half never leaves the vault, but for a pod that proves what it is."
	case a.Asking:
		return "The consumer's pod is being replaced. What the new one gets when it asks for the key is not known yet."
	case a.Released:
		return "One message, three places. Only the pod whose measured policy is the one the key was made for got the key, at " + a.At.Local().Format(time.TimeOnly) + "; everybody else sees ciphertext."
	case a.Problem != nil:
		return m.Style.Bad.Render("Refused at "+a.At.Local().Format(time.TimeOnly)+": "+oneLine(a.Problem.Title, maxCell)+".") + " " + oneLine(a.Problem.Why, maxCell)
	}
	return ""
}
