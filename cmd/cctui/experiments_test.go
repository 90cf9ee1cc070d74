package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/kafka"
)

// played is a walkthrough in a sandbox of its own that has shown its message.
func played(t *testing.T, faults ...string) *actions.Walkthrough {
	t.Helper()
	state := t.TempDir()
	p := &program{getenv: func(name string) string {
		if name == "XDG_STATE_HOME" {
			return state
		}
		return ""
	}}
	chosen := choice{origin: map[string]string{}}
	chosen.Sandbox, chosen.SandboxProfile, chosen.SandboxFaults = true, "instant", faults
	at, err := p.open(t.Context(), chosen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := at.close(); err != nil {
			t.Error(err)
		}
	})
	options, err := at.options(t.Context(), chosen)
	if err != nil {
		t.Fatal(err)
	}
	w, err := actions.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// Every experiment is refused for its own reason, is seen in the live lanes, and can be taken back.
func TestEachExperimentIsRefusedAndRestored(t *testing.T) {
	w := played(t)
	lanes := watch(t, w)
	lanes.until(t, "the key is released", func() bool { return lanes.attestation != nil && lanes.attestation.Released })
	for _, expected := range []struct{ experiment, problem, names string }{
		{"no-sidecar", "no-sidecar", "skr"},
		{"policy-drift", "policy-drift", w.Outputs().Measurement},
		{"ordinary-pod", "attestation-refused", "report"},
		{"wrong-authority", "wrong-authority", "sharedeus.eus.attest.localhost"},
		{"debuggable-guest", "debuggable-guest", "x-ms-sevsnpvm-is-debuggable"},
	} {
		t.Run(expected.experiment, func(t *testing.T) {
			refused, err := w.Apply(t.Context(), expected.experiment)
			if err != nil {
				t.Fatal(err)
			}
			said := refused.Title + refused.Why + refused.Raw
			if refused.ID != expected.problem || !strings.Contains(said, expected.names) {
				t.Errorf("refused by %s, which does not name %q: %s", refused.ID, expected.names, said)
			}
			lanes.until(t, "the refusal is seen", func() bool {
				return lanes.attestation.Problem != nil && lanes.attestation.Problem.ID == expected.problem
			})
			if err := w.Restore(t.Context()); err != nil {
				t.Fatal(err)
			}
			lanes.until(t, "the key is released again", func() bool { return lanes.attestation.Released })
			if w.Experiment() != "" {
				t.Errorf("%s is still in the journal", w.Experiment())
			}
		})
	}
}

// A message sent on stage passes all lanes under one offset: ciphertext for everybody but the attested pod.
func TestAMessageSentIsSeenInEveryLane(t *testing.T) {
	w := played(t)
	lanes := watch(t, w)
	lanes.until(t, "the lanes flow", func() bool { return len(lanes.seen) == len(actions.Lanes()) })
	sent, err := w.Send(t.Context(), "Grüße von der Bühne")
	if err != nil {
		t.Fatal(err)
	}
	key := lanes.await(t, actions.LaneBroker, sent.Ciphertext)
	if !key.Own || key.Reading != actions.ReadCiphertext {
		t.Errorf("on the broker it is %+v", key)
	}
	plain := lanes.await(t, actions.LaneConfidential, sent.Text)
	secret := lanes.await(t, actions.LaneOrdinary, sent.Ciphertext)
	if plain.Offset != key.Offset || secret.Offset != key.Offset {
		t.Errorf("offsets %d, %d, %d", key.Offset, plain.Offset, secret.Offset)
	}
	if _, err := w.Send(t.Context(), strings.Repeat("a", kafka.MaxMessage)); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a message that cannot be encrypted: %v", err)
	}
}

// lanes is what has been seen live so far.
type lanes struct {
	events      <-chan actions.LiveEvent
	seen        map[actions.Lane][]actions.LiveRecord
	attestation *actions.LiveAttestation
}

func watch(t *testing.T, w *actions.Walkthrough) *lanes {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &lanes{events: w.Live(ctx), seen: map[actions.Lane][]actions.LiveRecord{}}
	t.Cleanup(func() {
		stop()
		for range l.events { // until it is closed
		}
	})
	return l
}

// until takes events until what is hoped for has come.
func (l *lanes) until(t *testing.T, hope string, fulfilled func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for !fulfilled() {
		select {
		case e := <-l.events:
			for _, r := range e.Records {
				l.seen[r.Lane] = append(l.seen[r.Lane], r)
			}
			if e.Attestation != nil {
				l.attestation = e.Attestation
			}
		case <-late:
			t.Fatalf("%s: not within 30 s; attestation %+v", hope, l.attestation)
		}
	}
}

func (l *lanes) await(t *testing.T, lane actions.Lane, text string) (found actions.LiveRecord) {
	t.Helper()
	l.until(t, text+" in the lane "+string(lane), func() bool {
		for _, r := range l.seen[lane] {
			if r.Text == text {
				found = r
				return true
			}
		}
		return false
	})
	return found
}
