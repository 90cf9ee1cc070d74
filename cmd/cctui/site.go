package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cctui/cctui/actions"
)

// site is where a walkthrough takes place, and the journal of what was done there.
type site struct {
	surroundings
	journal *actions.Journal
	closers []func() error
}

// open finds the place and takes its journal for this process. It does not sign in.
func (p *program) open(ctx context.Context, chosen choice) (*site, error) {
	around, err := p.surroundings(ctx, chosen)
	if err != nil {
		return nil, err
	}
	at := &site{surroundings: around, closers: []func() error{around.close}}
	dir, err := at.journalDir(stateDir(p.getenv))
	if err == nil {
		at.journal, err = actions.Open(dir)
	}
	if err != nil {
		return nil, errors.Join(err, at.close())
	}
	at.closers = append(at.closers, at.journal.Close)
	if at.journal.Torn() {
		fmt.Fprintln(p.err, "The journal's last write was cut short, as by a loss of power; going on from what stood there before it.")
	}
	if err := at.journal.Bind(at.sandboxID); err != nil {
		return nil, errors.Join(err, at.close())
	}
	return at, nil
}

// journalDir keeps the runs in Azure and in each shared sandbox apart. A run in a sandbox of its
// own cannot be gone on with, and leaves nothing.
func (s *site) journalDir(state string) (string, error) {
	switch {
	case s.passing:
		dir, err := os.MkdirTemp("", "cctui-")
		s.closers = append(s.closers, func() error { return os.RemoveAll(dir) })
		return dir, err
	case s.sandboxID != "":
		return filepath.Join(state, "sandbox-"+s.sandboxID), nil
	}
	return filepath.Join(state, "azure"), nil
}

// close gives everything back, the last thing first.
func (s *site) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	return errors.Join(errs...)
}

// options are the walkthrough's: choices completed and checked, and then, not before, signed in.
func (s *site) options(ctx context.Context, chosen choice) (actions.Options, error) {
	chosen = s.complete(chosen)
	if err := chosen.usage(actions.Validate(chosen.Inputs)); err != nil {
		return actions.Options{}, err
	}
	adapters, err := s.signIn(ctx)
	return actions.Options{
		Inputs:   chosen.Inputs,
		Adapters: adapters,
		Profile:  actions.KataCC(),
		Journal:  s.journal,
		Sandbox:  chosen.Sandbox,
		Steps:    actions.Steps(),
	}, err
}

// complete adds what the run being continued was told, what the place knows, and the defaults.
func (s *site) complete(chosen choice) choice {
	chosen.fill(s.journal.Inputs())
	chosen.Patience = cmp.Or(chosen.Patience, s.patience)
	chosen.settings = chosen.withDefaults(s.journal.Suffix())
	return chosen
}
