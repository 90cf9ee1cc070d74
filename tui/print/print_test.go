package print_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/tui/print"
)

// recorded is a run's stream of events.
func recorded(t *testing.T, file string) (events []actions.Event, lines []string) {
	t.Helper()
	stream, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(stream)) {
		line = strings.TrimSpace(line)
		event, err := actions.DecodeEvent([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		events, lines = append(events, event), append(lines, line)
	}
	return events, lines
}

func recordings(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	return files
}

// render replays a recording as text, progress and result in one.
func render(t *testing.T, file string, o print.TextOptions) []byte {
	t.Helper()
	var out bytes.Buffer
	o.Progress, o.Result, o.Steps = &out, &out, actions.Steps()
	o.Resume, o.Cleanup = "the same command again", "cctui cleanup"
	text := print.NewText(o)
	events, _ := recorded(t, file)
	for _, e := range events {
		text.Event(e)
	}
	return out.Bytes()
}

func TestTextOfRecordedRuns(t *testing.T) {
	for _, file := range recordings(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".jsonl")
		t.Run(name, func(t *testing.T) {
			golden.RequireEqual(t, render(t, file, print.TextOptions{Sandbox: true}))
		})
		t.Run(name+"-quiet", func(t *testing.T) {
			golden.RequireEqual(t, render(t, file, print.TextOptions{Sandbox: true, Quiet: true}))
		})
		t.Run(name+"-verbose", func(t *testing.T) {
			golden.RequireEqual(t, render(t, file, print.TextOptions{Sandbox: true, Verbose: true}))
		})
	}
}

func TestColourOnlyRepeatsWhatMarksAndWordsSay(t *testing.T) {
	for _, file := range recordings(t) {
		plain := render(t, file, print.TextOptions{Sandbox: true})
		coloured := render(t, file, print.TextOptions{Sandbox: true, ProgressColour: true, ResultColour: true})
		if bytes.Contains(plain, []byte("\x1b")) {
			t.Errorf("%s: escape sequences without colour", file)
		}
		if stripped := withoutColour(string(coloured)); stripped != string(plain) {
			t.Errorf("%s: without its colour the text is another", file)
		}
	}
}

func withoutColour(text string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "\x1b[")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		_, text, _ = strings.Cut(after, "m")
	}
}

func TestJSONWritesTheEventsAsTheyAre(t *testing.T) {
	for _, file := range recordings(t) {
		events, lines := recorded(t, file)
		var out bytes.Buffer
		renderer := print.NewJSON(&out)
		for _, e := range events {
			renderer.Event(e)
		}
		if want := strings.Join(lines, "\n") + "\n"; renderer.Err() != nil || out.String() != want {
			t.Errorf("%s: error %v, or the lines written are not those read", file, renderer.Err())
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestJSONKeepsTheFirstErrorOfWriting(t *testing.T) {
	renderer := print.NewJSON(full{})
	renderer.Event(actions.Finished{})
	if renderer.Err() == nil {
		t.Error("writing failed, and nobody knows")
	}
}

func TestLongWaitsAreToldAgainAndAgainButEverLessOften(t *testing.T) {
	var out bytes.Buffer
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	step := actions.Step{ID: "roles", Title: "Roles"}
	text := print.NewText(print.TextOptions{Progress: &out, Result: &out, Steps: []actions.Step{step}})
	text.Event(actions.StepChanged{At: actions.At{Time: start}, Step: "roles", State: actions.Waiting, Reason: "not in effect yet"})
	for second := range 60 {
		text.Tick(start.Add(time.Duration(second) * time.Second))
	}
	golden.RequireEqual(t, out.Bytes())
}
