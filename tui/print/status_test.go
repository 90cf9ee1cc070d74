package print_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/tui/print"
)

func TestStatusRemindsOfTheTimeToKeep(t *testing.T) {
	begun := time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)
	made := []actions.ResourceStatus{{Resource: actions.Resource{Kind: "cluster", Name: "c"}, State: "made"}}
	for name, c := range map[string]struct {
		status actions.Status
		after  time.Duration
		want   string
	}{
		"time left":      {actions.Status{Made: made, KeepUntil: begun.Add(4 * time.Hour)}, time.Minute, "It is kept until 2026-11-23 16:00:00, 3h59m from now"},
		"overdue":        {actions.Status{Made: made, KeepUntil: begun.Add(4 * time.Hour)}, 6 * time.Hour, "It was to be gone by 2026-11-23 16:00:00, 2h ago: cctui cleanup removes it."},
		"nothing exists": {actions.Status{KeepUntil: begun.Add(4 * time.Hour)}, 6 * time.Hour, ""},
		"nobody said":    {actions.Status{Made: made}, 6 * time.Hour, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			print.Status(&out, c.status, begun.Add(c.after))
			if c.want == "" && (strings.Contains(out.String(), "kept until") || strings.Contains(out.String(), "gone by")) || !strings.Contains(out.String(), c.want) {
				t.Errorf("want %q in:\n%s", c.want, out.String())
			}
		})
	}
}

func TestARunEndsWithTheReminder(t *testing.T) {
	var out bytes.Buffer
	until := time.Date(2026, 11, 23, 16, 0, 0, 0, time.Local)
	text := print.NewText(print.TextOptions{Progress: &out, Result: &out, Steps: actions.Steps(), Resume: "again", Cleanup: "cctui cleanup"})
	text.Event(actions.Finished{Result: actions.Result{Outcome: actions.Succeeded, KeepUntil: until}})
	if want := "keep     until 2026-11-23 16:00:00, as you said; then cctui cleanup"; !strings.Contains(out.String(), want) {
		t.Errorf("want %q in:\n%s", want, out.String())
	}
}
