package tui

import (
	"encoding/json"
	"time"

	"github.com/cctui/cctui/actions"
)

// place is where a step is carried out: in the walkthrough, or in the cleanup.
type place struct {
	step    string
	cleanup bool
}

// card is what is known of a step.
type card struct {
	state          actions.State
	reason         string
	started, ended time.Time
	progress       string
	fraction       float64 // from 0 to 1; negative where nobody knows
	log            []entry
	problem        *actions.Problem
}

// entry is a line of a step's log.
type entry struct {
	at   time.Time
	text string
}

// maxEntries is how many lines of a step's log are kept.
const maxEntries = 500

// board is where the walkthrough stands, as its events told. It is the same for the same events.
type board struct {
	cards   map[place]*card
	undoing map[string]bool // steps that were last heard of in the cleanup
	outputs map[string]any  // by json name
	known   actions.Outputs // the same, typed
}

func newBoard() *board {
	return &board{cards: map[place]*card{}, undoing: map[string]bool{}, outputs: map[string]any{}}
}

// card is what is known of a step; one nobody has heard of is pending.
func (b *board) card(p place) card {
	if c := b.cards[p]; c != nil {
		return *c
	}
	return card{state: actions.Pending, fraction: -1}
}

// of is a step's card to write on.
func (b *board) of(p place) *card {
	if b.cards[p] == nil {
		b.cards[p] = &card{state: actions.Pending, fraction: -1}
	}
	return b.cards[p]
}

// current is the card of a step where it was last heard of.
func (b *board) current(step string) *card { return b.of(place{step, b.undoing[step]}) }

// set takes over the states of a walkthrough, where they are other than what is known.
func (b *board) set(states map[string]actions.State) {
	for step, state := range states {
		if c := b.of(place{step: step}); c.state != state {
			*c = card{state: state, fraction: -1}
		}
	}
}

// restart makes every step of the walkthrough one that is still to be done.
func (b *board) restart() {
	for p, c := range b.cards {
		if !p.cleanup {
			*c = card{state: actions.Pending, fraction: -1}
		}
	}
}

// keep takes over outputs.
func (b *board) keep(known actions.Outputs) {
	b.known, b.outputs = known, map[string]any{}
	if text, err := json.Marshal(known); err == nil {
		_ = json.Unmarshal(text, &b.outputs) // it is an object: it was one a line ago
	}
}

// apply takes in an event.
func (b *board) apply(e actions.Event) {
	switch e := e.(type) {
	case actions.StepChanged:
		b.stepChanged(e)
	case actions.Progressed:
		c := b.current(e.Step)
		c.progress, c.fraction = oneLine(e.Text), e.Fraction
	case actions.Logged:
		b.current(e.Step).note(e.When(), e.Text)
	case actions.OutputSet:
		b.output(e.Name, e.Value)
	case actions.ProblemRaised:
		b.current(e.Step).problem = e.Problem
	case actions.Finished:
		b.proof(e.Result)
	}
}

// proof takes over what a run saw at its end, whoever saw it before.
func (b *board) proof(r actions.Result) {
	if r.Message != "" {
		b.output("message", r.Message)
	}
	if r.Ciphertext != "" {
		b.output("ciphertext", r.Ciphertext)
	}
	if r.Attestation != nil {
		b.output("attestation", r.Attestation)
	}
}

func (b *board) stepChanged(e actions.StepChanged) {
	b.undoing[e.Step] = e.Screen == actions.ScreenCleanup
	c := b.current(e.Step)
	begins := e.State == actions.Running && c.state != actions.Waiting
	if begins {
		*c = card{started: e.When(), fraction: -1}
	}
	c.state, c.reason = e.State, oneLine(e.Reason)
	if !underWay(e.State) {
		c.progress, c.fraction = "", -1
	}
	if c.ended.IsZero() && (through(e.State) || e.State == actions.Failed) {
		c.ended = e.When() // the first time: experiments wait with a step's means after it is done
	}
	if c.reason != "" {
		c.note(e.When(), c.reason)
	}
}

func (c *card) note(at time.Time, text string) {
	c.log = append(c.log, entry{at, clean(text)})
	if len(c.log) > maxEntries {
		c.log = c.log[1:]
	}
}

// output keeps a result; nil takes it away. One that is no output of this version is passed over.
func (b *board) output(name string, value any) {
	b.outputs[name] = value
	if value == nil {
		delete(b.outputs, name)
	}
	text, err := json.Marshal(b.outputs)
	if err != nil {
		return
	}
	var known actions.Outputs
	if json.Unmarshal(text, &known) == nil {
		b.known = known
	}
}

// elapsed is how long the step has taken, until now where it is under way; zero where nobody saw it.
func (c card) elapsed(now time.Time) time.Duration {
	switch {
	case c.started.IsZero():
		return 0
	case underWay(c.state):
		return now.Sub(c.started)
	}
	return c.ended.Sub(c.started)
}

func underWay(s actions.State) bool { return s == actions.Running || s == actions.Waiting }

func through(s actions.State) bool { return s == actions.Done || s == actions.Skipped }
