package live

import (
	"slices"
	"time"

	"github.com/cctui/cctui/actions"
)

const (
	// keptRows is how many messages are remembered.
	keptRows = 2000
	// matchedRows is how far back a message without an offset is looked for.
	matchedRows = 64
	// maxCell bounds the text of one cell, in bytes.
	maxCell = 1024
)

// row is one message, as seen in each lane.
type row struct {
	place
	own   bool // sent from here
	cells [3]cell
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
	text    string
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
	ring   []row
	next   int64 // number of the row that comes next
	places map[place]int64
}

func newRows(capacity int) *rows {
	return &rows{ring: make([]row, capacity), places: map[place]int64{}}
}

func (r *rows) oldest() int64 { return max(0, r.next-int64(len(r.ring))) }

func (r *rows) at(number int64) *row { return &r.ring[number%int64(len(r.ring))] }

// put files a record under its message.
func (r *rows) put(rec actions.LiveRecord) {
	lane := slices.Index(actions.Lanes(), rec.Lane)
	if lane < 0 {
		return
	}
	c := cell{there: true, at: rec.At, text: oneLine(rec.Text, maxCell), size: rec.Size, reading: rec.Reading}
	number, found := r.find(rec, lane, c.text)
	if !found {
		number = r.add(place{rec.Partition, rec.Offset})
	}
	message := r.at(number)
	message.cells[lane] = c
	message.own = message.own || rec.Own
}

// find is the message of a record that another lane has shown already.
func (r *rows) find(rec actions.LiveRecord, lane int, text string) (int64, bool) {
	if rec.Offset < 0 {
		return r.guess(rec, lane, text)
	}
	number, found := r.places[place{rec.Partition, rec.Offset}]
	if !found {
		return 0, false
	}
	before := r.at(number).cells[broker]
	// Where another record lies in the same place, the topic was made anew.
	return number, lane != broker || !before.there || before.text == text
}

// guess goes by the ciphertext, which is never twice the same, and else by the order: a page shows
// the message that comes in while it waits.
func (r *rows) guess(rec actions.LiveRecord, lane int, text string) (int64, bool) {
	for number := r.next - 1; number >= max(r.oldest(), r.next-matchedRows); number-- {
		cells := &r.at(number).cells
		if cells[lane].there || !cells[broker].there {
			continue
		}
		if rec.Reading != actions.ReadCiphertext || cells[broker].text == text {
			return number, true
		}
	}
	return 0, false
}

func (r *rows) add(at place) int64 {
	number := r.next
	slot := r.at(number)
	if old := slot.place; number >= int64(len(r.ring)) && r.places[old] == number-int64(len(r.ring)) {
		delete(r.places, old)
	}
	*slot = row{place: at}
	if at.offset >= 0 {
		r.places[at] = number
	}
	r.next++
	return number
}
