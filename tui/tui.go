// Package tui is the interactive program: the walkthrough's screens on Bubble Tea.
//
// There is one root model. It changes only in Update, from messages; whatever takes time or
// touches the world happens in commands. A screen is data: its chapter's inputs, results and
// explanations, in the file that carries the chapter's name. The package knows the walkthrough by
// package actions and by the interfaces below, and nothing of Azure, Kubernetes or Kafka.
package tui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

// Engine is what the screens want of a walkthrough. Only commands call it, for its methods may
// take their time.
type Engine interface {
	Steps() []actions.Step
	States() map[string]actions.State
	Inputs() actions.Inputs
	Outputs() actions.Outputs
	// Status is what the run's journal knows.
	Status() actions.Status
	// Locations are those of the subscription; none before the sign-in.
	Locations(context.Context) ([]string, error)

	Run(context.Context) (actions.Result, error)
	RunScreen(context.Context, actions.Screen) (actions.Result, error)
	RunStep(ctx context.Context, id string) (actions.Result, error)
	// RunAgain runs a step that is done, and what needs it.
	RunAgain(ctx context.Context, id string) (actions.Result, error)
	Cleanup(context.Context) (actions.Result, error)
	// Cure carries out what a step's problem offers, and Skip goes on without a step.
	Cure(ctx context.Context, step, id string) error
	Skip(id string) error
	Edit(actions.Inputs) (stale []string, err error)

	// Live follows the messages; the channel is closed when the context ends.
	Live(context.Context) <-chan actions.LiveEvent
	Send(ctx context.Context, text string) (actions.Sent, error)
	Experiments() []actions.Experiment
	Experiment() string // the one that is applied; empty: none
	Apply(ctx context.Context, id string) (*actions.Problem, error)
	Restore(context.Context) error

	// Bundle writes what a person who helps wants to see, without secrets, and tells where.
	Bundle(context.Context) (path string, err error)
}

// Listener hears of a walkthrough: its events, and words for the user before there are any, such as
// the code to sign in with. Emit and Tell do not block.
type Listener interface {
	Emit(actions.Event)
	Tell(text string)
	// Choose asks while a place opens, and waits for the answer: its place among the answers.
	Choose(context.Context, Question) (int, error)
}

// Place is somewhere a walkthrough can happen.
type Place struct {
	Name    string // a word or two
	About   string // a sentence
	Sandbox bool
	// Remembered says in a few words what an earlier run left there; empty: nothing. May be nil.
	Remembered func() string
	// Open signs in and takes up the walkthrough.
	Open func(context.Context, Listener) (Engine, error)
}

// Options are what the program starts with.
type Options struct {
	// Places are those to choose from; where there is one, nobody is asked.
	Places []Place
	Mouse  bool
	// Log is the path of the file that holds the events, shown when something fails; may be empty.
	Log string
	Now func() time.Time // nil: the clock
	// Abandoned ends when the terminal is wanted back at once; nil: that does not happen.
	Abandoned context.Context
}

// ErrAbandoned tells that the terminal was given back at once, whatever was running.
var ErrAbandoned = errors.New("the screens were left at once")

// frames is how often a second the terminal is drawn at most.
const frames = 30

// Run shows the program until the user leaves it. It needs a terminal. Cancelling the context ends
// what runs, in good order, and then the program. The error is that of an interrupted run, if one was left.
func Run(ctx context.Context, o Options) error {
	m := New(ctx, o)
	options := []tea.ProgramOption{tea.WithFPS(frames), tea.WithoutSignalHandler()}
	if o.Abandoned != nil {
		options = append(options, tea.WithContext(o.Abandoned))
	}
	_, err := tea.NewProgram(m, options...).Run()
	if o.Abandoned != nil && o.Abandoned.Err() != nil {
		return ErrAbandoned
	}
	if err != nil {
		return err
	}
	return m.left
}
