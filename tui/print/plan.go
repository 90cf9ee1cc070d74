package print

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cctui/cctui/actions"
)

// Plan writes what a walkthrough would do, screen by screen. retired is a plain word on the
// platform's announced end; empty: none.
func Plan(out io.Writer, plan []actions.PlannedStep, retired string) {
	if retired != "" {
		fmt.Fprintf(out, "%s\n", retired)
	}
	var screen actions.Screen
	for _, s := range plan {
		if s.Screen != screen {
			screen = s.Screen
			fmt.Fprintf(out, "\n%s\n", strings.ToUpper(string(screen)))
		}
		plannedStep(out, s)
	}
	fmt.Fprint(out, "\nTimes are typical for Azure; steps that do not need each other run side by side.\n")
}

func plannedStep(out io.Writer, s actions.PlannedStep) {
	typical := time.Duration(s.TypicalSeconds) * time.Second
	fmt.Fprintf(out, "\n  %s (%s), %s\n    %s\n", s.Title, s.ID, about(typical), s.Why)
	if len(s.Needs) > 0 {
		fmt.Fprintf(out, "    needs %s\n", strings.Join(s.Needs, ", "))
	}
	if s.Cost != "" {
		fmt.Fprintf(out, "    costs %s\n", s.Cost)
	}
	indented(out, "$ ", s.Commands)
	indented(out, "undo $ ", s.Undo)
}

func indented(out io.Writer, prompt string, commands []string) {
	for _, command := range commands {
		fmt.Fprintf(out, "    %s%s\n", prompt, strings.ReplaceAll(command, "\n", "\n      "))
	}
}

func about(d time.Duration) string {
	if d < time.Minute {
		return "seconds"
	}
	return fmt.Sprintf("about %d min", int(d.Round(time.Minute).Minutes()))
}
