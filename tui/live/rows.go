package live

import (
	"slices"
	"strings"
	"time"

	"github.com/cctui/cctui/actions"
)

const (
	// keptRows is how many messages are remembered.
	keptRows = 2000
	// matchedRows is how far back a message is looked at again: for one whose place nobody told, and
	// for one to show on stage.
	matchedRows = 64
	// maxCell bounds the text of one cell, in bytes.
	maxCell = 1024
)

// row is one message, as seen in each lane.
type row struct {
	place
	own        bool   // sent from here
	ciphertext string // of an own message, known before the broker shows it
	cells      [3]cell

	judged string // the filter that was asked last; empty: none since the message changed
	passes bool
}

// place is where a message lies on the topic. The offset is -1 where nobody told.
type place struct {
	partition int
	offset    int64
}

// cell is a message in one lane.
type cell struct {
	there   bool
	at      time.Time
	text    string // as it came, and not harmless: a thousand come for each that is shown
	size    int
	reading actions.Reading
}

// The cells of a row.
const (
	broker = iota
	confidential
	ordinary
)

// rows keeps the newest messages in a ring. Each has a number that never changes, from 0 on.
type rows struct {
	ring     []row // as long as its capacity once that is needed
	capacity int64
	next     int64 // number of the row that comes next
	places   map[place]int64
}

func newRows(capacity int) *rows {
	return &rows{capacity: int64(capacity), places: map[place]int64{}}
}

func (r *rows) oldest() int64 { return max(0, r.next-r.capacity) }

func (r *rows) at(number int64) *row { return &r.ring[number%r.capacity] }

// put files a record under its message.
func (r *rows) put(rec actions.LiveRecord) {
	lane := slices.Index(actions.Lanes(), rec.Lane)
	if lane < 0 {
		return
	}
	c := cell{there: true, at: rec.At, text: bounded(rec.Text), size: rec.Size, reading: rec.Reading}
	number, found := r.find(rec, lane)
	if !found {
		number = r.add()
	}
	message := r.at(number)
	if !message.placed() && rec.Offset >= 0 {
		message.place = place{rec.Partition, rec.Offset}
		r.places[message.place] = number
	}
	message.cells[lane], message.judged = c, ""
	message.own = message.own || rec.Own || rec.Ciphertext != ""
	if rec.Ciphertext != "" {
		message.ciphertext = bounded(rec.Ciphertext)
	}
}

func bounded(text string) string {
	if len(text) <= maxCell {
		return text
	}
	return strings.Clone(text[:maxCell])
}

// harmless is the text, or as much of it as fills so many columns, fit to be shown.
func (c cell) harmless(width int) string {
	if most := max(width, 0) + 1; len(c.text) > most && plain(c.text[:most]) {
		return c.text[:most]
	}
	return oneLine(c.text, maxCell)
}

// find is the message of a record that another lane has shown already: by its place, or else by its
// ciphertext, which is never twice the same. A plaintext without a place fits any message but one's
// own, whose ciphertext is known, so it has none but its own row.
func (r *rows) find(rec actions.LiveRecord, lane int) (int64, bool) {
	text, depth := bounded(rec.Text), r.capacity
	if rec.Offset >= 0 {
		if number, found := r.places[place{rec.Partition, rec.Offset}]; found {
			return number, r.at(number).agrees(lane, rec.Reading, text)
		}
		depth = matchedRows
	}
	ciphertext := bounded(rec.Ciphertext)
	if rec.Reading == actions.ReadCiphertext {
		ciphertext = text
	}
	if ciphertext == "" {
		return 0, false
	}
	for number := r.next - 1; number >= max(r.oldest(), r.next-depth); number-- {
		message := r.at(number)
		if (rec.Offset < 0 || !message.placed()) && message.holds(ciphertext) {
			return number, true
		}
	}
	return 0, false
}

func (r *row) placed() bool { return r.offset >= 0 }

// holds tells whether the message is this ciphertext.
func (r *row) holds(text string) bool {
	return r.ciphertext == text || slices.ContainsFunc(r.cells[:], func(c cell) bool { return c.reading == actions.ReadCiphertext && c.text == text })
}

// contains tells whether a lane shows a text, of which the case does not count.
func (r *row) contains(lower string) bool {
	return slices.ContainsFunc(r.cells[:], func(c cell) bool { return strings.Contains(strings.ToLower(c.text), lower) })
}

// agrees is false where another record lies in the same place: the topic was made anew. A plaintext
// cannot be compared with what other lanes show.
func (r *row) agrees(lane int, reading actions.Reading, text string) bool {
	before := r.cells[lane]
	if before.there && before.text != text && (lane == broker || before.reading == reading) {
		return false
	}
	for _, c := range r.cells {
		if reading == actions.ReadCiphertext && c.reading == actions.ReadCiphertext && c.text != text {
			return false
		}
	}
	return true
}

// add begins a message that has no place yet.
func (r *rows) add() int64 {
	number := r.next
	if number < r.capacity {
		r.ring = append(r.ring, row{})
	}
	slot := r.at(number)
	if old := slot.place; number >= r.capacity && r.places[old] == number-r.capacity {
		delete(r.places, old)
	}
	*slot = row{place: place{offset: -1}}
	r.next++
	return number
}
