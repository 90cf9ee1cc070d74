package actions

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cctui/cctui/skr"
)

var anEvent = At{Time: time.Date(2026, 11, 23, 14, 0, 0, 5, time.UTC)}

var everyEvent = []Event{
	StepChanged{At: anEvent, Step: "vault", Screen: ScreenKeys, State: Waiting, Reason: "for <DNS> & \"roles\""},
	Progressed{At: anEvent, Step: "policy", Text: "hashing", Fraction: 0.37},
	Logged{At: anEvent, Step: "vault", Text: "two\nlines"},
	OutputSet{At: anEvent, Step: "policy", Name: "measurement", Value: "5c1e"},
	OutputSet{At: anEvent, Step: "node-pool", Name: "nodes", Value: []any{"a", "b"}},
	ProblemRaised{At: anEvent, Step: "key", Problem: &Problem{ID: "role-missing", Title: "t", Remedy: []string{"r"}, Class: ClassFailed, Retry: true}},
	Finished{At: anEvent, Result: Result{
		Outcome: Failure, Sandbox: true, Run: "0123", Message: "Msg 1: Olá", Ciphertext: "q8Zk",
		Attestation: &Attestation{Authority: "https://a", Claims: map[string]any{"x-ms-ver": "1.0"}, Checks: []skr.Check{{Claim: "iss", OK: true}}, Evidence: "token"},
		Problem:     &Problem{ID: "unexpected", Title: "t", Class: ClassFailed},
		Steps:       map[State]int{Done: 3, Failed: 1},
		Open:        []Resource{{Kind: "cluster", Name: "c"}},
		Kept:        []Kept{{Resource: Resource{Kind: "cluster", Name: "c"}, Why: "not made by this run"}},
	}},
}

func TestAnEventIsReadAsItWasWritten(t *testing.T) {
	for _, want := range everyEvent {
		line, err := EncodeEvent(want)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsRune(line, '\n') {
			t.Errorf("%T takes more than one line", want)
		}
		got, err := DecodeEvent(line)
		if err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s\nerror %v\n%s", line, err, cmp.Diff(want, got))
		}
	}
}

// TestEventsKeepTheNamesThatProgramsReadThemBy holds the agreed names: they are added to, never changed.
func TestEventsKeepTheNamesThatProgramsReadThemBy(t *testing.T) {
	fieldsOf := map[string][]string{
		"step":     {"time", "step", "screen", "state"},
		"progress": {"time", "step", "text", "fraction"},
		"log":      {"time", "step", "text"},
		"output":   {"time", "step", "name", "value"},
		"problem":  {"time", "step", "problem"},
		"result":   {"time", "outcome", "sandbox", "message", "ciphertext", "attestation", "problem", "steps"},
	}
	for _, e := range everyEvent {
		line, err := EncodeEvent(e)
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]any
		if err := json.Unmarshal(line, &object); err != nil {
			t.Fatal(err)
		}
		kind, _ := object["type"].(string)
		if fieldsOf[kind] == nil {
			t.Errorf("%T has type %q", e, kind)
		}
		for _, name := range fieldsOf[kind] {
			if _, ok := object[name]; !ok {
				t.Errorf("%s has no %s: %s", kind, name, line)
			}
		}
	}
}

func TestAResultAlwaysSaysWhetherItIsTheSandboxs(t *testing.T) {
	line, err := EncodeEvent(Finished{At: anEvent, Result: Result{Outcome: Succeeded}})
	if err != nil || !bytes.Contains(line, []byte(`"sandbox":false`)) {
		t.Errorf("%s, error %v", line, err)
	}
}

func TestLinesThatAreNoEventAreRefused(t *testing.T) {
	for _, line := range []string{``, `{}`, `{"type":"dance"}`, `[]`, `{"type":"step","time":5}`} {
		if e, err := DecodeEvent([]byte(line)); err == nil {
			t.Errorf("%s was read as %v", line, e)
		}
	}
}

func FuzzDecodeEvent(f *testing.F) {
	for _, e := range everyEvent {
		line, _ := EncodeEvent(e)
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := DecodeEvent(line)
		if err != nil {
			return
		}
		again, err := EncodeEvent(e)
		if err != nil {
			t.Skip() // a time that JSON has no form for
		}
		if back, err := DecodeEvent(again); err != nil || !cmp.Equal(e, back) {
			t.Errorf("%s became %s, error %v", line, again, err)
		}
	})
}

func TestExitCodes(t *testing.T) {
	for class, want := range map[Class]int{
		ClassFailed: 1, ClassUsage: 2, ClassInterrupted: 3, ClassSignIn: 4, ClassAvailability: 5,
	} {
		if got := ExitCode(&Problem{Class: class}); got != want {
			t.Errorf("%s: %d, want %d", class, got, want)
		}
	}
	if ExitCode(nil) != 0 || ExitCode(Faults{{Key: "key"}}) != 2 || ExitCode(&LockedError{}) != 1 {
		t.Error("success, faults or other errors")
	}
}
