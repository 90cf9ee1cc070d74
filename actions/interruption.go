package actions

import (
	"fmt"
	"strings"
)

// interruption is that of one step.
func interruption(step string) *Problem {
	return &Problem{ID: "interrupted", Title: "Interrupted", Step: step, Class: ClassInterrupted}
}

// interrupted tells what a run that was left has made and what Azure still works on, so that
// leaving never hides a cost.
func interrupted(r Result) *Problem {
	p := interruption("")
	p.Why = "Nothing was made."
	if inAzure := azureNames(r.Exists); inAzure != "" {
		p.Why = "This exists and may cost money: " + inAzure + "."
	}
	if underWay := azureNames(r.Open); underWay != "" {
		p.Why += " Azure is still at work on " + underWay + ", whether cctui runs or not."
	}
	p.Remedy = []string{
		"Run the same command again to go on where it stopped.",
		"cctui status tells what exists; cctui cleanup stops and removes it.",
	}
	for _, res := range r.Open {
		if res.inAzure() {
			p.Commands = append(p.Commands, fmt.Sprintf("az resource show --ids %q", res.ID))
		}
	}
	return p
}

// azureNames lists the resources that Resource Manager knows; what is inside a cluster goes with it.
func azureNames(resources []Resource) string {
	var names []string
	for _, res := range resources {
		if res.inAzure() {
			names = append(names, res.String())
		}
	}
	return strings.Join(names, ", ")
}

func (r Resource) inAzure() bool { return strings.HasPrefix(r.ID, "/subscriptions/") }
