package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cctui/cctui/actions"
)

func (p *program) cleanupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cleanup",
		Short: "Remove what the run made, and nothing else; asks for the cluster's name",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return p.cleanup(cmd) },
	}
	p.addInputs(cmd, removal, where, world, account)
	return cmd
}

func (p *program) cleanup(cmd *cobra.Command) error {
	chosen, faults := p.choose(cmd)
	if !chosen.Yes && !p.inTerminal {
		faults = append(faults, actions.Fault{Key: "yes", Message: "there is no terminal here to type the cluster's name at"})
	}
	if err := chosen.usage(faults); err != nil {
		return err
	}
	at, err := p.open(cmd.Context(), chosen)
	if err != nil {
		return p.failed(p.view(chosen, false), chosen.Sandbox, err)
	}
	defer at.close()
	if err := p.confirm(chosen, at.journal.Status(actions.Steps())); err != nil {
		return err
	}
	// Names may have been chosen anew since; what was made has the old ones.
	chosen.Inputs = at.journal.Inputs().Over(chosen.Inputs)
	return p.carryOut(cmd.Context(), at, chosen, (*actions.Walkthrough).Cleanup)
}

// confirm asks for the cluster's name, after naming all that goes.
func (p *program) confirm(chosen choice, status actions.Status) error {
	if chosen.Yes || len(status.Made) == 0 {
		return nil
	}
	fmt.Fprintln(p.err, "This will be removed:")
	for _, r := range status.Made {
		fmt.Fprintln(p.err, "  ", r.Resource)
	}
	cluster := cmp.Or(status.Inputs.ExistingCluster, status.Inputs.Cluster)
	fmt.Fprintf(p.err, "Type the cluster's name (%s) to go on: ", cluster)
	line, err := bufio.NewReader(io.LimitReader(p.in, 1024)).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	if strings.TrimSpace(line) != cluster {
		return misuse("that is not the cluster's name; nothing was removed")
	}
	return nil
}
