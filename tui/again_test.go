package tui

import (
	"errors"
	"slices"
	"testing"

	"github.com/cctui/cctui/actions"
)

// sickly fails the walkthrough at a step, with what can be done about it.
func (s *show) sickly(step string, cures ...actions.Cure) {
	s.press("a")
	s.play("succeeded", moved(step, actions.Running))
	problem := &actions.Problem{
		ID: "key-deleted", Title: "A deleted key still holds this name", Step: step, Class: actions.ClassFailed,
		Why: "Azure keeps it for a while.", Remedy: []string{"Take it back."}, Commands: []string{"az keyvault key recover"}, Cures: cures,
	}
	s.emit(actions.ProblemRaised{Step: step, Problem: problem})
	s.emit(actions.StepChanged{Step: step, State: actions.Failed, Reason: problem.Title})
	s.emit(actions.Finished{Result: actions.Result{Outcome: actions.Failure, Problem: problem}})
	s.draw()
}

var (
	recovers = actions.Cure{ID: "recover-key", Label: "Recover the deleted key k", From: "policy"}
	purges   = actions.Cure{ID: "purge-key", Label: "Purge the deleted key k", Loses: "the deleted key k with all its versions"}
)

func TestAStepThatIsDoneRunsAgainWithWhatDependsOnIt(t *testing.T) {
	onStage(t, 120, 40, func(s *show) {
		s.engine.status = madeSome(s.engine.inputs)
		s.press("a")
		s.play("succeeded", nil)
		s.m.choose("vault")
		s.press("f")
		s.sees("Run again from vault", "vault, roles, policy, key, public key, consumer, producer, invariants,", "message, contrast.", "Each of them looks first", "key vault kv-cctui-7f3a01")
		s.press("esc")
		if len(s.engine.asked) != 1 {
			t.Fatalf("asked for %q without being told to", s.engine.asked)
		}
		s.m.choose("consumer")
		s.press("f")
		s.sees("In any case the consumer's pod is replaced.")
		s.press("enter")
		if want := []string{"all", "again consumer"}; !slices.Equal(s.engine.asked, want) {
			t.Errorf("asked for %q, want %q", s.engine.asked, want)
		}
	})
	onStage(t, 80, 24, func(s *show) { s.press("f"); s.sees("f: this step is not done; enter runs it") })
}

func TestACureIsCarriedOutAndThenWhatFailedIsTriedAgain(t *testing.T) {
	onStage(t, 120, 40, func(s *show) {
		s.sickly("key", recovers, purges)
		s.sees("d cure", "Recover the deleted key k", "Purge the deleted key k")
		s.press("d")
		s.sees("Nothing is lost. Runs again: policy.", "Lost is the deleted key k with all its versions.")
		s.press("1")
		if want := []string{"all", "cure key by recover-key", "all"}; !slices.Equal(s.engine.asked, want) {
			t.Errorf("asked for %q, want %q", s.engine.asked, want)
		}
	})
}

func TestWhatIsLostIsAskedTwice(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.sickly("key", recovers, purges)
		s.press("d", "2")
		s.sees("Purge the deleted key k", "It does not come back.", "▸ 1  Leave it as it is")
		s.press("enter")
		if !slices.Equal(s.engine.asked, []string{"all"}) {
			t.Fatalf("asked for %q although it was to be left", s.engine.asked)
		}
		s.press("d", "2", "2")
		if want := []string{"all", "cure key by purge-key", "all"}; !slices.Equal(s.engine.asked, want) {
			t.Errorf("asked for %q, want %q", s.engine.asked, want)
		}
	})
}

func TestACureThatFailsSaysSo(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.engine.failed = errors.New("the vault is gone")
		s.sickly("key", recovers)
		s.press("d", "enter")
		s.sees("Not cured: ")
		if want := []string{"all", "cure key by recover-key"}; !slices.Equal(s.engine.asked, want) || s.m.running != nil {
			t.Errorf("asked for %q", s.engine.asked)
		}
	})
}

func TestAStepThatNothingReliesOnIsSkipped(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.sickly("contrast")
		s.press("d")
		s.sees("d: cctui has no means against this")
		s.sees("o skip")
		s.press("o")
		s.sees("Go on without contrast", "Then nobody sees that an ordinary pod gets ciphertext only.")
		s.press("enter")
		s.sees("Skipped contrast", "skipped by you")
		if want := []string{"all", "skip contrast"}; !slices.Equal(s.engine.asked, want) {
			t.Errorf("asked for %q, want %q", s.engine.asked, want)
		}
	})
	onStage(t, 80, 24, func(s *show) {
		s.sickly("key")
		s.press("o")
		s.sees("o: what comes after this step relies on it")
		s.press("up", "o")
		s.sees("o: only a step that failed can be skipped")
	})
	onStage(t, 80, 24, func(s *show) {
		s.engine.failed = errors.New("the disk is full")
		s.sickly("contrast")
		s.press("o", "enter")
		s.sees("Not skipped: the disk is full")
	})
}
