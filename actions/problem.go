package actions

import (
	"context"
	"errors"
	"slices"
)

// Class is the kind of a problem; it decides the exit code.
type Class string

// The classes.
const (
	ClassFailed       Class = "failed"
	ClassUsage        Class = "usage"
	ClassInterrupted  Class = "interrupted"
	ClassSignIn       Class = "sign-in"
	ClassAvailability Class = "availability"
)

// Problem is a failure as the user is told it.
type Problem struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"` // what happened
	Why      string   `json:"why,omitempty"`
	Step     string   `json:"step,omitempty"`
	Remedy   []string `json:"remedy,omitempty"`
	Commands []string `json:"commands,omitempty"`
	Links    []string `json:"links,omitempty"`
	// Cures are what cctui can do about it by itself, if the user wants it.
	Cures []Cure `json:"cures,omitempty"`
	// Retry tells that the same step may well succeed a little later.
	Retry bool  `json:"retry,omitempty"`
	Class Class `json:"class"`
	// Raw is the error as it came, made harmless.
	Raw string `json:"raw,omitempty"`
}

func (p *Problem) Error() string {
	if p.Raw == "" {
		return p.Title
	}
	return p.Title + ": " + p.Raw
}

// Explain says what an error of a step means. It is nil for a nil error. A Problem explains itself;
// what the table does not know comes back as "unexpected".
func Explain(step string, err error) *Problem {
	if err == nil {
		return nil
	}
	var own *Problem
	if errors.As(err, &own) {
		p := *own
		if p.Step == "" {
			p.Step = step
		}
		if p.Class == "" {
			p.Class = ClassFailed
		}
		return &p
	}
	if errors.Is(err, context.Canceled) {
		return interruption(step)
	}
	s := inspect(step, err)
	i := slices.IndexFunc(known, func(r row) bool { return r.matches(s) })
	if i < 0 {
		return unexpected(s)
	}
	p := known[i].problem(s)
	if errors.Is(err, errPatience) {
		p.Retry = false // there has been enough of it
	}
	return p
}
