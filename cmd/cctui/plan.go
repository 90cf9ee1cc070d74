package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/tui/print"
)

func (p *program) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Tell the steps, their equivalent commands and what they cost; changes nothing",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return p.plan(cmd) },
	}
	p.addInputs(cmd, account, walkthrough)
	return cmd
}

func (p *program) plan(cmd *cobra.Command) error {
	chosen, faults := p.choose(cmd)
	journal, err := p.peek()
	if err != nil {
		return err
	}
	chosen.fill(journal.Inputs())
	chosen.settings = chosen.withDefaults(journal.Suffix())
	if err := chosen.usage(append(faults, actions.Validate(chosen.Inputs)...)); err != nil {
		return err
	}
	plan := actions.Plan(chosen.Inputs, actions.Steps())
	switch chosen.Output {
	case "json":
		return writeJSON(p.out, plan)
	case "sh":
		_, err := io.WriteString(p.out, actions.Runbook(plan))
		return err
	}
	print.Plan(p.out, plan, actions.KataCC().Retired)
	return nil
}

// peek reads the journal of the run in Azure; where there is none, one of a run to come.
func (p *program) peek() (*actions.Journal, error) {
	journal, err := actions.Peek(filepath.Join(stateDir(p.getenv), "azure"))
	if errors.Is(err, fs.ErrNotExist) {
		return actions.NewJournal(), nil
	}
	return journal, err
}

func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
