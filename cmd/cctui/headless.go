package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/cctui/cctui/actions"
)

// walkthrough is the root command.
func (p *program) walkthrough(cmd *cobra.Command) error {
	chosen, faults := p.choose(cmd)
	if !chosen.Auto {
		return p.interactive(cmd.Context(), chosen, faults)
	}
	return p.headless(cmd.Context(), chosen, faults, runFrom(chosen.From))
}

// headless carries something out without a terminal: everything that is missing or wrong is told
// before anything is asked of Azure.
func (p *program) headless(ctx context.Context, chosen choice, faults []actions.Fault, act action) error {
	if len(faults) > 0 {
		faults = append(faults, actions.Validate(chosen.withDefaults("xxxx").Inputs)...)
		return p.failed(p.view(chosen, false), chosen.Sandbox, chosen.usage(faults))
	}
	at, err := p.open(ctx, chosen)
	if err != nil {
		return p.failed(p.view(chosen, false), chosen.Sandbox, err)
	}
	defer at.close()
	return p.carryOut(ctx, at, chosen, act)
}

// action is what a walkthrough is asked to do.
type action func(*actions.Walkthrough, context.Context) (actions.Result, error)

// runFrom is a run that begins again at a step, or where the last one ended if there is none.
func runFrom(step string) action {
	if step == "" {
		return (*actions.Walkthrough).Run
	}
	return func(w *actions.Walkthrough, ctx context.Context) (actions.Result, error) { return w.RunFrom(ctx, step) }
}

func (p *program) carryOut(ctx context.Context, at *site, chosen choice, act action) error {
	show := p.view(chosen, at.passing)
	options, err := at.options(ctx, chosen)
	if err != nil {
		return p.failed(show, chosen.Sandbox, err)
	}
	options.Emit = show.Event
	w, err := actions.New(options)
	if faults := (actions.Faults)(nil); errors.As(err, &faults) {
		err = chosen.usage(faults) // what the run has made cannot be renamed
	}
	if err != nil {
		return p.failed(show, chosen.Sandbox, err)
	}
	p.journal.Store(at.journal)
	defer keepTime(ctx, show)()
	p.alreadyToldIt = true
	_, err = act(w, ctx)
	return err
}
