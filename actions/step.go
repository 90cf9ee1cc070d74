package actions

import (
	"context"
	"time"
)

// Screen is a chapter of the walkthrough; the article's, in its order.
type Screen string

// The screens. A step's file in this package and its screen's file in tui carry the screen's name.
const (
	ScreenPrerequisites Screen = "prerequisites"
	ScreenCluster       Screen = "cluster"
	ScreenNodePool      Screen = "nodepool"
	ScreenIdentity      Screen = "identity"
	ScreenKeys          Screen = "keys"
	ScreenDeployment    Screen = "deployment"
	ScreenCleanup       Screen = "cleanup"
)

// Step is one thing the walkthrough does.
type Step struct {
	ID     string
	Screen Screen
	Title  string
	Why    string   // one sentence
	Needs  []string // ids of the steps whose results it uses
	Reads  []string // keys of the inputs it depends on; a change makes it, and what needs it, stale
	// Typical is how long it usually takes in Azure.
	Typical time.Duration
	// Commands are the equivalent az and kubectl commands with this run's names. What only a
	// run can know stands in shell variables, set by the commands of earlier steps.
	Commands func(Inputs) []string
	// Probe tells whether it is already so in the world, and records what it found in the
	// outputs. nil: the step always runs (it only reads).
	Probe func(context.Context, *Run) (done bool, err error)
	Run   func(context.Context, *Run) error
	// Renews says what is made anew when the user runs the step again, even where Probe would find
	// nothing to do; empty: nothing. It takes the old one's place: nothing ever is there twice.
	Renews string
	// Forgoes says what the user does without who skips the step; empty: it cannot be skipped. Only
	// steps may be that no later one relies on, and none that guards money or secrets.
	Forgoes string
	// Undo removes what Run made; it succeeds where nothing is left. nil: nothing to undo.
	Undo func(context.Context, *Run) error
	// UndoCommands are the equivalents of Undo.
	UndoCommands func(Inputs) []string
}

// State is where a step stands.
type State string

// The states of a step.
const (
	Pending State = "pending"
	Running State = "running"
	Waiting State = "waiting" // running, but for something to happen elsewhere
	Done    State = "done"
	Skipped State = "skipped" // already so in the world
	Failed  State = "failed"
	Stale   State = "stale" // an input it depends on was changed after it was done
)
