package main

import (
	"cmp"
	"embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed help/*.txt
var topics embed.FS

// helpTopics are commands that only explain: cobra lists them apart and shows them by help.
func helpTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "What the exit codes mean", Long: topic("exit-codes")},
		{Use: "environment", Short: "The variables cctui reads", Long: topic("environment") + variables()},
		{Use: "config", Short: "The config file", Long: topic("config") + sample()},
	}
}

func topic(name string) string {
	text, err := topics.ReadFile("help/" + name + ".txt")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// variables lists the one of each input, and that of other programs which stands in for it.
func variables() string {
	var list strings.Builder
	for _, in := range inputs() {
		help := in.help
		if in.variable != "" {
			help += " (or " + in.variable + ")"
		}
		fmt.Fprintf(&list, "  %-32s %s\n", in.variables()[0], help)
	}
	return list.String()
}

// sample is a config file with every key, at its default, commented out.
func sample() string {
	defaults := settings{}.withDefaults("xxxx")
	var file strings.Builder
	for _, in := range inputs() {
		preset := show(in.field(&defaults))
		if kind(in) == "bool" {
			preset = cmp.Or(preset, "false")
		}
		line := strings.TrimRight(in.key+": "+preset, " ")
		fmt.Fprintf(&file, "  # %s\n  # %s\n", in.help, line)
	}
	return file.String()
}
