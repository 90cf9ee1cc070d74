package main

import (
	"context"
	"errors"
	"time"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/tui/print"
)

// view shows a walkthrough to whoever called the program.
type view interface {
	Event(actions.Event)
}

// view is the renderer of --output. passing: what the run makes ends with this process.
func (p *program) view(chosen choice, passing bool) view {
	if chosen.Output == "json" {
		return print.NewJSON(p.out)
	}
	colour := p.getenv("NO_COLOR") == "" && p.getenv("TERM") != "dumb"
	options := print.TextOptions{
		Progress:       p.err,
		Result:         p.out,
		Steps:          actions.Steps(),
		Sandbox:        chosen.Sandbox,
		Quiet:          chosen.Quiet,
		Verbose:        chosen.Verbose,
		ProgressColour: colour && p.errTerminal,
		ResultColour:   colour && p.outTerminal,
	}
	if !passing {
		options.Resume = "the same command again"
		options.Cleanup = "cctui cleanup" + map[bool]string{true: " --sandbox"}[chosen.Sandbox]
	}
	return print.NewText(options)
}

// keepTime tells a renderer of lines the time, so that long waits are not silent.
func keepTime(ctx context.Context, v view) (stop func()) {
	text, ok := v.(*print.Text)
	if !ok {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case now := <-ticker.C:
				text.Tick(now)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// failed tells an error that came before the walkthrough could tell anything, as the walkthrough
// would: the last event is the result.
func (p *program) failed(v view, sandbox bool, err error) error {
	var wrong *usageError
	text := isText(v)
	if errors.As(err, &wrong) && text {
		return err // a list reads better than a problem
	}
	problem := actions.Explain("sign-in", err)
	if wrong != nil {
		problem = wrong.problem()
	}
	outcome := actions.Failure
	if problem.Class == actions.ClassInterrupted {
		outcome = actions.Interrupted
	}
	now := actions.At{Time: time.Now()}
	v.Event(actions.ProblemRaised{At: now, Step: problem.Step, Problem: problem})
	v.Event(actions.Finished{At: now, Result: actions.Result{Outcome: outcome, Sandbox: sandbox, Problem: problem, Steps: map[actions.State]int{}}})
	p.alreadyToldIt = true
	return problem
}

func isText(v view) bool {
	_, ok := v.(*print.Text)
	return ok
}
