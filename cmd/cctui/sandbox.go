package main

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cctui/cctui/sandbox"
	"github.com/cctui/cctui/sandbox/azcli"
)

//go:embed instructions.txt
var instructions string

func (p *program) sandboxCommand() *cobra.Command {
	var listen, kafka string
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve Azure, Kubernetes and Kafka on loopback, for kubectl, curl, kcat and cctui --sandbox",
		Long:  topic("sandbox") + scripted(),
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.serve(cmd, sandbox.Options{Addr: listen, KafkaAddr: kafka})
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "loopback `address` of Azure and Kubernetes, e.g. 127.0.0.1:8443 (default a free port)")
	cmd.Flags().StringVar(&kafka, "listen-kafka", "", "loopback `address` of Kafka (default a free port)")
	p.addInputs(cmd, world)
	cmd.AddCommand(p.sandboxKubeconfig(), p.sandboxToken(), p.sandboxEnvironment(), p.sandboxCLI())
	return cmd
}

// scripted lists what can be made to go wrong, and then what each of the arguments may be.
func scripted() string {
	var list, arguments strings.Builder
	taking := map[string][]string{} // names of faults, by argument
	for _, fault := range sandbox.Faults() {
		name := fault.Name
		if fault.Argument != "" {
			taking[fault.Argument] = append(taking[fault.Argument], name)
			name += "[=…]"
		}
		fmt.Fprintf(&list, "  %-26s %s\n", name, fault.Explanation)
	}
	for _, argument := range slices.Sorted(maps.Keys(taking)) {
		fmt.Fprintf(&arguments, "  %s:\n    %s\n", argument, strings.Join(taking[argument], ", "))
	}
	return list.String() + "\nWhat may follow a name and an equals sign:\n\n" + arguments.String()
}

// serve runs a sandbox until Ctrl+C, which is how it is meant to end.
func (p *program) serve(cmd *cobra.Command, options sandbox.Options) (err error) {
	chosen, faults := p.choose(cmd)
	if err := chosen.usage(faults); err != nil {
		return err
	}
	if other, found := p.discovery().running(cmd.Context()); found {
		return misuse(fmt.Sprintf("a sandbox is being served already, at port %d", other.Port))
	}
	settled := chosen.withDefaults("")
	options.Profile, options.Scale, options.Faults = settled.SandboxProfile, settled.SandboxScale, settled.SandboxFaults // no profile: instant
	p.mourn(cmd.Context())
	served, err := sandbox.Start(cmd.Context(), options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.discovery().withdraw(), served.Close()) }()
	if err := p.discovery().announce(served.Endpoints()); err != nil {
		return fmt.Errorf("tell other processes of the sandbox: %w", err)
	}
	if err := p.introduce(chosen, served.Endpoints()); err != nil {
		return err
	}
	ended := "The sandbox has ended, and with it all that was in it."
	p.parting.Store(&ended)
	<-cmd.Context().Done()
	return nil
}

// introduce prints where everything is, and what to type.
func (p *program) introduce(chosen choice, e sandbox.Endpoints) error {
	if chosen.Output == "json" {
		return writeJSON(p.out, e)
	}
	_, err := strings.NewReplacer(
		"{resource manager}", e.ResourceManager, "{authority}", e.Authority, "{kafka}", e.Kafka.Address,
		"{ca}", p.discovery().ca(), "{tenant}", e.Tenant, "{subscription}", e.Subscription,
	).WriteString(p.out, instructions)
	return err
}

// sandboxCLI is the stand-in for az, with az's own arguments and exit codes.
func (p *program) sandboxCLI() *cobra.Command {
	return &cobra.Command{
		Use:                "az …",
		Short:              "The sandbox's stand-in for az: version, extension and confcom katapolicygen",
		Long:               topic("az"),
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || slices.Contains([]string{"-h", "--help"}, args[0]) {
				return cmd.Help()
			}
			p.alreadyToldIt = true
			switch code := azcli.Run(cmd.Context(), args, p.out, p.err); code {
			case 0:
				return nil
			case 2:
				return misuse("az did not understand its arguments")
			default:
				return fmt.Errorf("az ended with %d", code)
			}
		},
	}
}
