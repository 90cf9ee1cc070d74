package actions

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestThePlanTellsEveryStep(t *testing.T) {
	in := testInputs()
	plan := Plan(in, Steps())
	if len(plan) != len(Steps()) {
		t.Fatalf("%d of %d steps", len(plan), len(Steps()))
	}
	data, err := json.Marshal(plan)
	if err != nil || strings.Contains(string(data), "null") {
		t.Errorf("error %v, or a list that is null: %s", err, data)
	}
	for _, s := range plan {
		if s.Title == "" || s.Why == "" || s.Screen == "" || s.TypicalSeconds <= 0 {
			t.Errorf("step %s lacks title, why, screen or duration", s.ID)
		}
		if s.ID == "node-pool" && !strings.Contains(s.Cost, "2 × Standard_DC4as_cc_v5") {
			t.Errorf("cost of the node pool: %q", s.Cost)
		}
	}
}

// TestTheStepsAreAGraph: the list itself is checked, as every walkthrough does.
func TestTheStepsAreAGraph(t *testing.T) {
	if err := check(Steps()); err != nil {
		t.Error(err)
	}
}

func TestRunbooksAreBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	awkward := testInputs()
	awkward.Message, awkward.ResourceGroup = `it's "$(rm -rf /)" `+"`x`", "group_(1)"
	for name, book := range map[string]string{
		"the walkthrough": Runbook(Plan(testInputs(), Steps())),
		"awkward inputs":  Runbook(Plan(awkward, Steps())),
		"awkward text":    Runbook([]PlannedStep{{ID: "a", Title: "two\nlines", Why: "it's $(so) `hard`", Undo: []string{"cat <<EOF\nx\nEOF"}}}),
	} {
		check := exec.CommandContext(t.Context(), bash, "-n")
		check.Stdin = strings.NewReader(book)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", name, err, out, book)
		}
		if !strings.Contains(book, "set -euo pipefail") {
			t.Errorf("%s goes on after a failure", name)
		}
	}
}

func TestARunbookUndoesNothingByItself(t *testing.T) {
	book := Runbook([]PlannedStep{{ID: "a", Commands: []string{"make"}, Undo: []string{"remove a\nremove b"}}})
	_, undo, _ := strings.Cut(book, "= cleanup =")
	for line := range strings.Lines(undo) {
		if strings.Contains(line, "remove") && !strings.HasPrefix(line, "#") {
			t.Errorf("line %q would be run", line)
		}
	}
}

func TestStatusTellsWhatExistsAndCosts(t *testing.T) {
	j := NewJournal()
	in := testInputs()
	in.KeepFor = time.Hour
	pool := Resource{Kind: "node pool", Name: in.Pool}
	gone := Resource{Kind: "identity", Name: in.Identity}
	for res, state := range map[Resource]resourceState{pool: made, gone: removed} {
		if _, _, err := j.intend(res, "node-pool"); err != nil {
			t.Fatal(err)
		}
		if err := j.settle(res, state); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.change(func(d *document) { d.Inputs = in }); err != nil {
		t.Fatal(err)
	}
	s := j.Status(Steps())
	if len(s.Made) != 1 || s.Made[0].Resource != pool || s.Made[0].State != "made" {
		t.Errorf("made %v", s.Made)
	}
	if s.HourlyCost() != 2*hourly["Standard_DC4as_cc_v5"] {
		t.Errorf("costs %v", s.Costs)
	}
	if s.Overdue(s.Created.Add(time.Minute)) || !s.Overdue(s.Created.Add(2*time.Hour)) {
		t.Errorf("keep until %s", s.KeepUntil)
	}
}

// A journal can be older than what it tells of: who said "for an hour" meant from when it costs.
func TestTheTimeToKeepBeginsWithTheFirstThingMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := NewJournal()
		if err := j.change(func(d *document) { d.Inputs.KeepFor = time.Hour }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		made := time.Now()
		for _, name := range []string{"first", "second"} {
			if _, _, err := j.intend(Resource{Kind: "cluster", Name: name}, "cluster"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if until := j.Status(nil).KeepUntil; !until.Equal(made.Add(time.Hour)) {
			t.Errorf("kept until %s, made at %s", until, made)
		}
	})
}
