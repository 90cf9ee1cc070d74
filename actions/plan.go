package actions

import (
	"fmt"
	"regexp"
	"strings"
)

// PlannedStep is a step as the plan tells it, before anything happens.
type PlannedStep struct {
	ID             string   `json:"id"`
	Screen         Screen   `json:"screen"`
	Title          string   `json:"title"`
	Why            string   `json:"why"`
	Needs          []string `json:"needs"`
	Reads          []string `json:"reads"`
	Commands       []string `json:"commands"`
	Undo           []string `json:"undo"`
	TypicalSeconds int      `json:"typicalSeconds"`
	Cost           string   `json:"cost,omitempty"` // what it costs while it is there, in plain words
}

// Plan tells what the steps would do with complete inputs. It changes nothing.
func Plan(in Inputs, steps []Step) []PlannedStep {
	plan := make([]PlannedStep, len(steps))
	for i, s := range steps {
		plan[i] = PlannedStep{
			ID: s.ID, Screen: s.Screen, Title: s.Title, Why: s.Why,
			Needs: list(s.Needs), Reads: list(s.Reads),
			Commands:       commands(s.Commands, in),
			Undo:           commands(s.UndoCommands, in),
			TypicalSeconds: int(s.Typical.Seconds()),
			Cost:           costOf(s.ID, in).String(),
		}
	}
	return plan
}

// list is never nil: whoever reads the JSON expects an array.
func list(items []string) []string { return append([]string{}, items...) }

func commands(of func(Inputs) []string, in Inputs) []string {
	if of == nil {
		return []string{}
	}
	return list(of(in))
}

// Runbook is the plan as a bash script of the equivalent commands. What undoes it stands at its
// end, commented out.
func Runbook(plan []PlannedStep) string {
	var b strings.Builder
	b.WriteString("#!/usr/bin/env bash\n" +
		"# The walkthrough of cctui by hand: az and kubectl commands that do the same.\n" +
		"set -euo pipefail\n")
	var screen Screen
	for _, s := range plan {
		if s.Screen != screen {
			screen = s.Screen
			fmt.Fprintf(&b, "\n# ===== %s =====\n", screen)
		}
		b.WriteString("\n" + comment(s.ID+": "+s.Title) + comment(s.Why))
		if s.Cost != "" {
			b.WriteString(comment("Costs: " + s.Cost))
		}
		for _, command := range s.Commands {
			b.WriteString(command + "\n")
		}
	}
	b.WriteString("\n# ===== cleanup =====\n# To remove it all again, in a new shell too:\n")
	for _, command := range recollect(plan) {
		b.WriteString(comment(command))
	}
	for i := range plan {
		for _, command := range plan[len(plan)-1-i].Undo {
			b.WriteString(comment(command))
		}
	}
	return b.String()
}

// assignment is a command that sets a variable for those that follow.
var assignment = regexp.MustCompile(`^(?:export )?([A-Z_]+)=`)

// recollect are the commands that set what the cleanup refers to. Of the cluster it must be certain:
// kubectl would otherwise remove things from whichever it was last used with.
func recollect(plan []PlannedStep) []string {
	var undo, needed []string
	for _, s := range plan {
		undo = append(undo, s.Undo...)
	}
	text := strings.Join(undo, "\n")
	for _, s := range plan {
		for _, command := range s.Commands {
			m := assignment.FindStringSubmatch(command)
			if m != nil && (m[1] == "KUBECONFIG" || strings.Contains(text, "${"+m[1]+"}")) {
				needed = append(needed, command)
			}
		}
	}
	return needed
}

// comment makes every line of a text a comment.
func comment(text string) string {
	return "# " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n# ") + "\n"
}
