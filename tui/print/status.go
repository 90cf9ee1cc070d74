package print

import (
	"fmt"
	"io"
	"time"

	"github.com/cctui/cctui/actions"
)

// Status writes what exists of a run, what it costs, and where its steps stand.
func Status(out io.Writer, s actions.Status, now time.Time) {
	where := "Azure"
	if s.Sandbox != "" {
		where = "SANDBOX " + s.Sandbox
	}
	fmt.Fprintf(out, "run %s in %s, begun %s\n", s.Run, where, s.Created.Local().Format(time.DateTime))
	if s.Gone {
		fmt.Fprintln(out, "  That sandbox has ended, and with it all that the run made: nothing of it exists.")
		return
	}
	style := style{}
	for _, step := range s.Steps {
		fmt.Fprintf(out, "  %s %-21s %7s\n", style.state(step.State), name(step.ID), elapsed(step.Started, step.Finished))
	}
	resources(out, s)
	reminder(out, s, now)
}

// reminder is for who said how long it is to be kept.
func reminder(out io.Writer, s actions.Status, now time.Time) {
	if s.KeepUntil.IsZero() || len(s.Made) == 0 {
		return
	}
	until, apart := s.KeepUntil.Local().Format(time.DateTime), now.Sub(s.KeepUntil).Abs().Round(time.Minute)
	if s.Overdue(now) {
		fmt.Fprintf(out, "It was to be gone by %s, %s ago: cctui cleanup removes it.\n", until, hours(apart))
		return
	}
	fmt.Fprintf(out, "It is kept until %s, %s from now: then cctui cleanup removes it.\n", until, hours(apart))
}

// hours is a duration without seconds: 3h59m, 4h, 59m.
func hours(d time.Duration) string {
	h, m := int(d.Hours()), int(d.Minutes())%60
	switch {
	case h == 0:
		return fmt.Sprintf("%dm", m)
	case m == 0:
		return fmt.Sprintf("%dh", h)
	}
	return fmt.Sprintf("%dh%02dm", h, m)
}

func resources(out io.Writer, s actions.Status) {
	if len(s.Made) == 0 {
		fmt.Fprintln(out, "Nothing of it exists.")
		return
	}
	fmt.Fprintln(out, "It made:")
	for _, r := range s.Made {
		fmt.Fprintf(out, "  %-9s %s\n", r.State, r.Resource)
	}
	for _, c := range s.Costs {
		fmt.Fprintf(out, "  costs     %s\n", c)
	}
	if sum := s.HourlyCost(); sum > 0 {
		fmt.Fprintf(out, "  altogether very roughly $%.2f an hour, until cctui cleanup has removed it\n", sum)
	}
}
