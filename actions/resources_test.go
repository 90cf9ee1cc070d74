package actions

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cctui/cctui/azure"
)

var testCluster = Resource{Kind: "cluster", Name: "c"}

// stateIn is what the journal says of the test's cluster.
func stateIn(j *Journal) (state resourceState, token string) {
	doc := j.read()
	if record := doc.record(testCluster); record != nil {
		return record.State, record.Token
	}
	return "", ""
}

// create makes the test's cluster in a walkthrough of one step.
func create(t *testing.T, j *Journal, make func(azure.LRO) error) error {
	t.Helper()
	w, _ := scriptedIn(t, j, takes("cluster", 0))
	r := &Run{w: w, step: w.steps[0]}
	return r.Create(t.Context(), testCluster, make)
}

func TestTheJournalIsAheadOfTheWorld(t *testing.T) {
	j := NewJournal()
	err := create(t, j, func(op azure.LRO) error {
		if state, token := stateIn(j); state != making || token != "" {
			t.Errorf("before the call: %s %q", state, token)
		}
		if err := op.Accepted("token"); err != nil {
			return err
		}
		if state, token := stateIn(j); state != making || token != "token" {
			t.Errorf("after Azure accepted: %s %q", state, token)
		}
		return nil
	})
	if state, token := stateIn(j); err != nil || state != made || token != "" {
		t.Errorf("at the end: %s %q, error %v", state, token, err)
	}
}

func TestHowACreateFailsDecidesWhatIsKept(t *testing.T) {
	accepted := func(err error) func(azure.LRO) error {
		return func(op azure.LRO) error { return errors.Join(op.Accepted("token"), err) }
	}
	refused := func(err error) func(azure.LRO) error { return func(azure.LRO) error { return err } }
	uncertain := fmt.Errorf("%w: %w", azure.ErrUncertain, &azure.Error{Status: 409, Code: "Conflict"})
	expired := fmt.Errorf("%w: %w", azure.ErrSignIn, &azure.Error{Status: 400, Code: "invalid_grant", InnerCode: "AADSTS700082"})
	for name, test := range map[string]struct {
		create func(azure.LRO) error
		state  resourceState
		token  string
	}{
		"refused at once: not ours":                    {refused(&azure.Error{Status: 409, Code: "VaultAlreadyExists"}), "", ""},
		"no answer: may be there":                      {refused(errors.New("connection reset")), making, ""},
		"server error: may be there":                   {refused(&azure.Error{Status: 503}), making, ""},
		"refused, but an answer was lost before":       {refused(uncertain), making, ""},
		"connection lost while following: go on":       {accepted(errors.New("connection reset")), making, "token"},
		"signed out while following: go on":            {accepted(&azure.Error{Status: 401}), making, "token"},
		"no new token while following: go on":          {accepted(expired), making, "token"},
		"the operation failed: ours, and to be redone": {accepted(&azure.Error{Status: 200, Code: "AllocationFailed"}), broken, ""},
	} {
		t.Run(name, func(t *testing.T) {
			j := NewJournal()
			if err := create(t, j, test.create); err == nil {
				t.Error("no error")
			}
			if state, token := stateIn(j); state != test.state || token != test.token {
				t.Errorf("%s %q, want %s %q", state, token, test.state, test.token)
			}
		})
	}
}

func TestAnEarlierIntentIsNotForgottenByALaterRefusal(t *testing.T) {
	j := NewJournal()
	_ = create(t, j, func(azure.LRO) error { return errors.New("connection reset") })
	_ = create(t, j, func(azure.LRO) error { return &azure.Error{Status: 409, Code: "Conflict"} })
	if state, _ := stateIn(j); state != broken {
		t.Errorf("state %q: what the first call may have made is nobody's", state)
	}
}

func TestATokenIsHandedOnOnlyToItsOwnOperation(t *testing.T) {
	j := NewJournal()
	_ = create(t, j, func(op azure.LRO) error { return errors.Join(op.Accepted("create"), errors.New("connection reset")) })
	w, _ := scriptedIn(t, j, takes("cluster", 0))
	r := &Run{w: w, step: w.steps[0]}
	var tokens []string
	for range 2 {
		_ = r.Remove(t.Context(), testCluster, func(op azure.LRO) error {
			tokens = append(tokens, op.ResumeToken)
			return errors.Join(op.Accepted("delete"), errors.New("connection reset"))
		})
	}
	if tokens[0] != "" || tokens[1] != "delete" {
		t.Errorf("tokens %q", tokens)
	}
}

func TestNothingIsRemovedThatTheRunDidNotMake(t *testing.T) {
	w, _ := scripted(t, takes("cluster", 0))
	r := &Run{w: w, step: w.steps[0]}
	err := r.Remove(t.Context(), testCluster, func(azure.LRO) error { t.Error("removed"); return nil })
	if kept := w.takeKept(); err != nil || len(kept) != 1 || kept[0].Resource != testCluster {
		t.Errorf("kept %v, error %v", kept, err)
	}
}

func TestCreateSaysWhatItWaitsFor(t *testing.T) {
	w, r := scripted(t, does("cluster", func(ctx context.Context, r *Run) error {
		return r.Create(ctx, testCluster, func(op azure.LRO) error {
			op.Progress("Creating")
			op.Progress("Creating")
			return nil
		})
	}))
	if _, err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.reasons("cluster"); len(got) != 1 || got[0] != "making cluster c" {
		t.Errorf("reasons %q", got)
	}
	told := 0
	for _, e := range r.events {
		if p, ok := e.(Progressed); ok && p.Text == "Creating" {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the same state was told %d times", told)
	}
}
