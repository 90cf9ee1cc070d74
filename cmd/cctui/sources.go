package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/sandbox"
)

// choice is what the user chose, and where: flag before variable before config file before
// the journal of the run being continued before the default.
type choice struct {
	settings
	origin map[string]string // by key; "--location", "CCTUI_LOCATION", "/home/…/config.yaml"
	config string            // path of the config file, whether it is there or not
}

// sources are where choices are made.
type sources struct {
	flags  *pflag.FlagSet
	getenv func(string) string
	file   config
}

// choose reads what the user chose; what nobody chose is still empty. Faults are listed together.
func (p *program) choose(cmd *cobra.Command) (choice, []actions.Fault) {
	path, named := configPath(p.configFlag, p.getenv)
	chosen, faults := sources{flags: cmd.Flags(), getenv: p.getenv, file: readConfig(path, named)}.settle()
	if chosen.Output == "sh" && cmd.Name() != "plan" {
		faults = append(faults, actions.Fault{Key: "output", Value: "sh", Message: "is for cctui plan only"})
	}
	if err := sandbox.CheckFaults(chosen.SandboxFaults); err != nil {
		faults = append(faults, actions.Fault{Key: "sandbox-fault", Message: err.Error()})
	}
	return chosen, faults
}

// settle reads every input from the first source that has it. Its faults are all there are.
func (s sources) settle() (choice, []actions.Fault) {
	chosen := choice{origin: map[string]string{}, config: s.file.path}
	faults := s.file.faults()
	for _, in := range inputs() {
		texts, origin := s.find(in)
		if len(texts) == 0 {
			continue
		}
		chosen.origin[in.key] = origin
		if err := assign(in, &chosen.settings, texts); err != nil {
			faults = append(faults, actions.Fault{Key: in.key, Value: strings.Join(texts, ","), Message: err.Error()})
		}
	}
	return chosen, faults
}

func (s sources) find(in input) (texts []string, origin string) {
	if f := s.flags.Lookup(in.key); f != nil && f.Changed {
		return f.Value.(*flagText).texts, "--" + in.key
	}
	for _, name := range in.variables() {
		if text := s.getenv(name); text != "" {
			return []string{text}, name
		}
	}
	return s.file.values[in.key], s.file.path
}

// variables are the environment variables of an input, the first that is set counts.
func (in input) variables() []string {
	own := "CCTUI_" + strings.ToUpper(strings.ReplaceAll(in.key, "-", "_"))
	if in.variable == "" {
		return []string{own}
	}
	return []string{own, in.variable}
}

// fill takes what was chosen nowhere else from earlier, the inputs of the run being continued.
func (c *choice) fill(earlier actions.Inputs) {
	from := settings{Inputs: earlier}
	for _, in := range inputs() {
		text := show(in.field(&from))
		if _, chosen := c.origin[in.key]; chosen || text == "" {
			continue
		}
		c.origin[in.key] = "the run being continued"
		// What a journal holds was valid when it was written.
		_ = assign(in, &c.settings, []string{text})
	}
}

// addFlags gives a command the flags of the groups.
func addFlags(flags *pflag.FlagSet, groups ...group) {
	defaults := settings{}.withDefaults("xxxx")
	for _, in := range inputs() {
		for _, g := range groups {
			if in.group == g {
				addFlag(flags, in, show(in.field(&defaults)))
			}
		}
	}
}

func addFlag(flags *pflag.FlagSet, in input, preset string) {
	help := in.help
	if preset != "" {
		help += fmt.Sprintf(" (default %s)", preset)
	}
	f := flags.VarPF(&flagText{kind: kind(in)}, in.key, "", help)
	if kind(in) == "bool" {
		f.NoOptDefVal = "true"
	}
}
