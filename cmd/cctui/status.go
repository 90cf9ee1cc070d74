package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/tui/print"
)

func (p *program) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell what exists of the runs this machine remembers, and what it costs",
		Long: `Tells what exists of the runs this machine remembers, and what it costs: of the run in Azure, and of
those in a sandbox that another process serves (cctui sandbox); with --sandbox, of these alone.
A run in a sandbox of its own ends with its process, and is not remembered.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.status(cmd) },
	}
	p.addInputs(cmd, where)
	return cmd
}

// status reads journals only: it needs no sign-in, and works while a run is under way. A journal that
// cannot be read keeps nobody from the others.
func (p *program) status(cmd *cobra.Command) error {
	chosen, faults := p.choose(cmd)
	if err := chosen.usage(faults); err != nil {
		return err
	}
	all, unreadable := p.statuses(cmd.Context())
	if chosen.Sandbox {
		all = slices.DeleteFunc(all, func(s actions.Status) bool { return s.Sandbox == "" })
	}
	if chosen.Output == "json" {
		return errors.Join(writeJSON(p.out, all), unreadable)
	}
	for _, status := range all {
		print.Status(p.out, status, time.Now())
	}
	if len(all) == 0 && unreadable == nil {
		fmt.Fprintln(p.out, "No run is remembered here.")
	}
	return unreadable
}

// statuses are those of the run in Azure and of the runs in shared sandboxes, the newest last. The
// error tells of journals that cannot be read.
func (p *program) statuses(ctx context.Context) (all []actions.Status, unreadable error) {
	all = []actions.Status{}
	runs, err := os.ReadDir(stateDir(p.getenv))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return all, err
	}
	for _, run := range runs {
		if !run.IsDir() { // the log of the screens
			continue
		}
		journal, err := actions.Peek(filepath.Join(stateDir(p.getenv), run.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			unreadable = errors.Join(unreadable, err)
			continue
		}
		status := journal.Status(actions.Steps())
		if status.Sandbox != "" && p.discovery().ended(ctx, status.Sandbox) {
			status.Gone, status.Made, status.Costs = true, []actions.ResourceStatus{}, nil
		}
		all = append(all, status)
	}
	slices.SortFunc(all, func(a, b actions.Status) int { return a.Created.Compare(b.Created) })
	return all, unreadable
}

// mourn tells of the runs whose sandbox has ended.
func (p *program) mourn(ctx context.Context) {
	all, _ := p.statuses(ctx) // what cannot be read, status tells
	for _, status := range all {
		if status.Gone {
			fmt.Fprintf(p.err, "The sandbox of run %s has ended, and with it all that the run made.\n", status.Run)
		}
	}
}
