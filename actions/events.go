package actions

import "time"

// Event is something that happened in a walkthrough, for whoever shows it. Events come one at a
// time and in order; a recorded stream replays the run.
type Event interface {
	// When it happened.
	When() time.Time
	stamp(time.Time) Event
}

// At is the time of an event.
type At struct {
	Time time.Time `json:"time"`
}

// When it happened.
func (a At) When() time.Time { return a.Time }

// StepChanged is a step in a new state. Screen is ScreenCleanup while the step is being undone.
type StepChanged struct {
	At
	Step   string `json:"step"`
	Screen Screen `json:"screen"`
	State  State  `json:"state"`
	// Reason says what a waiting step waits for, and why another one is where it is.
	Reason string `json:"reason,omitempty"`
}

// Progressed is how far a running step is.
type Progressed struct {
	At
	Step string `json:"step"`
	Text string `json:"text"`
	// Fraction is from 0 to 1; negative where nobody knows.
	Fraction float64 `json:"fraction"`
}

// Logged is a detail.
type Logged struct {
	At
	Step string `json:"step"`
	Text string `json:"text"`
}

// OutputSet is a result of a step. Name is the json name of a field of Outputs.
type OutputSet struct {
	At
	Step  string `json:"step"`
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// ProblemRaised is why a step failed.
type ProblemRaised struct {
	At
	Step    string   `json:"step"`
	Problem *Problem `json:"problem"`
}

// Finished is the end, and always the last event.
type Finished struct {
	At
	Result
}

func (e StepChanged) stamp(t time.Time) Event   { e.Time = t; return e }
func (e Progressed) stamp(t time.Time) Event    { e.Time = t; return e }
func (e Logged) stamp(t time.Time) Event        { e.Time = t; return e }
func (e OutputSet) stamp(t time.Time) Event     { e.Time = t; return e }
func (e ProblemRaised) stamp(t time.Time) Event { e.Time = t; return e }
func (e Finished) stamp(t time.Time) Event      { e.Time = t; return e }
