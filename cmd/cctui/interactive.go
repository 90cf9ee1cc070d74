package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/tui"
	"github.com/cctui/cctui/tui/print"
)

// interactive needs a terminal, and people in front of it.
func (p *program) interactive(ctx context.Context, chosen choice, faults []actions.Fault) error {
	faults = append(faults, actions.Validate(chosen.withDefaults("xxxx").Inputs)...)
	if !p.inTerminal || !p.outTerminal || p.getenv("TERM") == "dumb" {
		faults = append(faults, actions.Fault{Key: "auto", Message: "there is no terminal here to step through it: use --auto, which never asks"})
	}
	if err := chosen.usage(faults); err != nil {
		return err
	}
	if p.getenv("ACCESSIBLE") != "" {
		// Screens that redraw themselves cannot be read aloud; lines that stay can.
		return p.headless(ctx, chosen, nil, runFrom(chosen.From))
	}
	stage := &stage{program: p, chosen: chosen, log: eventLog{path: filepath.Join(stateDir(p.getenv), "log.jsonl")}}
	err := p.draw(ctx, func(abandoned context.Context) error {
		return tui.Run(ctx, tui.Options{Places: stage.places(), Mouse: !chosen.NoMouse, Log: stage.log.path, Abandoned: abandoned})
	})
	if errors.Is(err, tui.ErrAbandoned) {
		return err // nobody waits for anything any more
	}
	stage.farewell()
	return errors.Join(err, stage.close())
}

// farewell says what is left behind, and the two ways on: what the screens said is gone with them.
func (s *stage) farewell() {
	if s.open == nil || s.open.passing {
		return
	}
	status := s.open.journal.Status(actions.Steps())
	if len(status.Made) > 0 {
		print.Status(s.program.out, status, time.Now())
		fmt.Fprintln(s.program.out, "cctui goes on with it; cctui cleanup removes it.")
	}
}

// stage is what the screens play on: it opens a place when one is chosen, and closes it at the end.
type stage struct {
	program *program
	chosen  choice
	log     eventLog

	mu   sync.Mutex
	open *site
}

// places are those to choose from: the sandbox alone where the user asked for it, and one way to sign
// in where the user said which.
func (s *stage) places() []tui.Place {
	sandbox := tui.Place{
		Name: "Sandbox", Sandbox: true,
		About: "Azure, Kubernetes and Kafka on loopback: no account, no cost, a minute instead of half an hour.",
		Open:  s.opener(func(c *choice) { c.Sandbox = true }),
	}
	switch {
	case s.chosen.Sandbox:
		return []tui.Place{sandbox}
	case s.chosen.Auth != "":
		return []tui.Place{sandbox, s.azure(s.chosen.Auth, "signed in by "+s.chosen.Auth)}
	}
	return []tui.Place{sandbox, s.azure("cli", "signed in as az is"), s.azure("device-code", "with a code you enter in any browser")}
}

func (s *stage) azure(auth, how string) tui.Place {
	return tui.Place{
		Name:       "Azure subscription, " + how,
		About:      "Costs money while it exists; the cleanup removes it.",
		Remembered: s.remembered,
		Open:       s.opener(func(c *choice) { c.Auth = auth }),
	}
}

// remembered tells of an earlier run in Azure, without taking its journal.
func (s *stage) remembered() string {
	journal, err := actions.Peek(filepath.Join(stateDir(s.program.getenv), "azure"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ""
	case err != nil:
		return err.Error()
	}
	status := journal.Status(actions.Steps())
	if len(status.Steps) == 0 {
		return ""
	}
	return fmt.Sprintf("There is a run of %s to go on with: %d steps begun, %d resources made.", status.Created.Local().Format("2 January"), len(status.Steps), len(status.Made))
}

// opener opens a place, and is done with the one opened before, if that came to nothing.
func (s *stage) opener(choose func(*choice)) func(context.Context, tui.Listener) (tui.Engine, error) {
	return func(ctx context.Context, to tui.Listener) (tui.Engine, error) {
		if err := s.close(); err != nil {
			return nil, err
		}
		chosen := s.chosen
		choose(&chosen)
		at, err := s.program.open(ctx, chosen)
		if err != nil {
			return nil, err
		}
		s.keep(at)
		s.program.journal.Store(at.journal)
		at.credential.DeviceCode = func(code azure.DeviceCode) { to.Tell(code.Message) }
		options, err := at.options(ctx, chosen)
		if err != nil {
			return nil, err
		}
		if options.Inputs.Subscription, err = pickSubscription(ctx, options, to.Choose); err != nil {
			return nil, err
		}
		options.Emit = s.log.before(to.Emit)
		w, err := actions.New(options)
		if err == nil && chosen.From != "" {
			_, err = w.Reopen(chosen.From)
		}
		if err != nil {
			return nil, err
		}
		return engine{Walkthrough: w, journal: at.journal, log: &s.log}, nil
	}
}

// pickSubscription asks which, where there are several and none was chosen, now or in the run that
// is gone on with. Nothing has been written then.
func pickSubscription(ctx context.Context, o actions.Options, choose func(context.Context, tui.Question) (int, error)) (string, error) {
	if o.Inputs.Subscription != "" || len(o.Journal.Status(o.Steps).Steps) > 0 {
		return o.Inputs.Subscription, nil
	}
	all, err := o.Adapters.Azure.Subscriptions(ctx)
	if err != nil || len(all) < 2 {
		return "", err
	}
	q := tui.Question{
		Title: "Which subscription?",
		Text:  "You see several. Everything is made in this one, and paid for there. Nothing has been made or changed yet.",
	}
	for _, s := range all {
		q.Answers = append(q.Answers, tui.Answer{Label: s.Name, About: s.ID + ", tenant " + s.TenantID})
	}
	i, err := choose(ctx, q)
	if err != nil {
		return "", err
	}
	return all[i].ID, nil
}

func (s *stage) keep(at *site) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = at
}

func (s *stage) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		return nil
	}
	at := s.open
	s.open = nil
	return errors.Join(s.log.close(), at.close())
}

// engine is a walkthrough and its journal, as the screens want them.
type engine struct {
	*actions.Walkthrough
	journal *actions.Journal
	log     *eventLog
}

func (e engine) Status() actions.Status { return e.journal.Status(e.Steps()) }
