// Package live shows messages as they flow through the lanes: ciphertext on the broker, plaintext in
// the attested consumer, ciphertext in the ordinary one, and why.
//
// It is a dumb part of a bigger screen. It does no I/O, starts nothing, and knows package actions
// only. To embed it:
//
//	pane := live.New(now)          // now tells the time: it bounds how often is drawn
//	pane.Update(event)             // for each actions.LiveEvent
//	pane.Press(key)                // for keys, as Bubble Tea names them; Keys tells which, and why not
//	pane.View(width, height)       // lanes among other things
//	pane.Present(width, height)    // lanes over the whole screen, for an audience
//	pane.Due()                     // when to draw again though nothing happens; zero: no need
//	pane.Style, pane.SetStage(…)   // looks, and what is being done on stage
//
// What it draws is never wider or higher than it was told, whatever the text is.
package live

import (
	"maps"
	"time"

	"github.com/cctui/cctui/actions"
)

// redraw is the least time between two frames that differ: more often nobody can look.
const redraw = 200 * time.Millisecond

// Model is the pane. It is not safe for concurrent use.
type Model struct {
	Style Style

	now         func() time.Time
	rows        *rows
	sources     map[actions.Lane]actions.Source
	dropped     map[actions.Lane]int
	attestation *actions.LiveAttestation
	stage       Stage

	paused   bool
	bottom   int64 // last row shown while paused
	known    int64 // newest row when it was paused
	wrap     bool
	filter   string
	typing   bool // the filter is being typed
	spot     spotlight
	version  int  // of what is drawn
	urgent   bool // the change was the user's, who wants to see it at once
	lanes    frame
	presents frame
}

// Stage is what is being done before the audience.
type Stage struct {
	Title   string           // of the experiment; empty: none
	Sees    string           // what the audience sees, and why
	Busy    string           // what is under way; empty: nothing
	Problem *actions.Problem // the refusal
}

// New is an empty pane.
func New(now func() time.Time) *Model {
	return &Model{
		now: now, rows: newRows(keptRows),
		sources: map[actions.Lane]actions.Source{}, dropped: map[actions.Lane]int{},
	}
}

// Update takes in what was seen.
func (m *Model) Update(e actions.LiveEvent) {
	for _, r := range e.Records {
		m.rows.put(r)
	}
	for lane, n := range e.Dropped {
		m.dropped[lane] += n
	}
	maps.Copy(m.sources, e.Sources)
	if e.Attestation != nil {
		m.attestation = e.Attestation
	}
	m.version++
}

// SetStage says what is being done before the audience.
func (m *Model) SetStage(s Stage) {
	m.stage = s
	m.changed()
}

// Restyle has everything drawn anew, in another style.
func (m *Model) Restyle(s Style) {
	m.Style = s
	m.changed()
}

// changed is a change that is to be seen at once.
func (m *Model) changed() {
	m.version++
	m.urgent = true
}

// frame is what was drawn last.
type frame struct {
	width, height, version int
	at                     time.Time
	text                   string
}

// draw draws anew only where something changed, and not too often.
func (m *Model) draw(f *frame, width, height int, paint func(width, height int) []string) string {
	now := m.now()
	same := f.width == width && f.height == height && !f.at.IsZero()
	if same && (f.version == m.version || !m.urgent && now.Sub(f.at) < redraw) {
		return f.text
	}
	*f = frame{width: width, height: height, version: m.version, at: now, text: join(paint(width, height), width, height)}
	m.urgent = false
	return f.text
}

// Due is how long from now the pane wants to be drawn again; zero: what was drawn is what there is.
func (m *Model) Due() time.Duration {
	last := m.lanes
	if m.presents.at.After(last.at) {
		last = m.presents
	}
	if last.version == m.version {
		return 0
	}
	return max(redraw-m.now().Sub(last.at), time.Millisecond)
}
