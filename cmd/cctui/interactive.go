package main

import (
	"context"

	"github.com/cctui/cctui/actions"
)

// interactive needs a terminal, and people in front of it.
func (p *program) interactive(_ context.Context, chosen choice, faults []actions.Fault) error {
	faults = append(faults, actions.Validate(chosen.withDefaults("xxxx").Inputs)...)
	if !p.inTerminal || !p.outTerminal || p.getenv("TERM") == "dumb" {
		return chosen.usage(append(faults, actions.Fault{Key: "auto", Message: "there is no terminal here to step through it: use --auto, which never asks"}))
	}
	return chosen.usage(append(faults, actions.Fault{Key: "auto", Message: "the screens are not part of this build: use --auto, which shows the same walkthrough line by line"}))
}
