package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cctui/cctui/actions"
)

const about = `cctui takes you from an Azure subscription to a decrypted Kafka message, and shows why it could
be decrypted: Microsoft's walkthrough of AKS confidential containers, from the prerequisites to
the contrast (an ordinary pod sees only ciphertext), and back to nothing.

  cctui                     step through it, in a terminal
  cctui --auto              all of it, without a terminal
  cctui --auto --sandbox    the same against Azure, Kubernetes and Kafka on loopback: no account`

// root is the command line.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "cctui",
		Short:         "Confidential containers on AKS, step by step",
		Long:          about,
		Args:          noArguments,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return p.walkthrough(cmd) },
	}
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse(err.Error()) })
	root.PersistentFlags().StringVar(&p.configFlag, "config", "", "config `file` (see help config; variable CCTUI_CONFIG)")
	addFlags(root.PersistentFlags(), general)
	p.addInputs(root, mode, where, world, account, walkthrough)
	root.AddCommand(p.planCommand(), p.statusCommand(), p.cleanupCommand(), p.sandboxCommand(), p.verifyCommand(), p.versionCommand())
	root.AddCommand(helpTopics()...)
	return root
}

// addInputs gives a command the flags of some groups, in the table's order.
func (p *program) addInputs(cmd *cobra.Command, groups ...group) {
	cmd.Flags().SortFlags = false
	addFlags(cmd.Flags(), groups...)
}

// misuse is a command line that makes no sense.
type misuse string

func (m misuse) Error() string { return string(m) }
func (m misuse) Unwrap() error { return actions.Faults{{Message: string(m)}} }

// noArguments refuses words nobody reads, a mistyped command among them.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return misuse(fmt.Sprintf("%q is no command of %s; see %s --help", args[0], cmd.CommandPath(), cmd.CommandPath()))
}
