package tui

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

func TestKeysRunWhatTheySay(t *testing.T) {
	for _, test := range []struct {
		name string
		keys []string
		want string
	}{
		{"enter runs the chosen step", []string{"3", "down", "enter"}, "step runtime-class"},
		{"s runs the screen", []string{"5", "s"}, "screen keys"},
		{"a runs everything", []string{"a"}, "all"},
	} {
		t.Run(test.name, func(t *testing.T) {
			onStage(t, 80, 24, func(s *show) {
				s.press(test.keys...)
				if !slices.Equal(s.engine.asked, []string{test.want}) {
					t.Errorf("asked for %q, want %q", s.engine.asked, test.want)
				}
			})
		})
	}
}

func TestEnterAloneReachesTheNextStepAndRunsIt(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.press("enter")
		s.emit(actions.StepChanged{Step: "sign-in", Screen: actions.ScreenPrerequisites, State: actions.Running})
		s.emit(actions.StepChanged{Step: "sign-in", Screen: actions.ScreenPrerequisites, State: actions.Done})
		s.emit(actions.Finished{Result: actions.Result{Outcome: actions.Succeeded}})
		s.sees("enter next step")
		s.press("enter", "enter")
		if want := []string{"step sign-in", "step tools"}; !slices.Equal(s.engine.asked, want) {
			t.Errorf("asked for %q, want %q", s.engine.asked, want)
		}
	})
}

func TestAKeyThatCannotBeUsedSaysWhy(t *testing.T) {
	for _, test := range []struct{ key, why string }{
		{"r", "nothing failed"}, {"x", "nothing is running"}, {"l", "said nothing yet"},
	} {
		onStage(t, 80, 24, func(s *show) { s.press(test.key); s.sees(test.key+": ", test.why) })
	}
	for _, key := range []string{"enter", "a", "s", "e"} {
		onStage(t, 80, 24, func(s *show) { s.press("a", key); s.sees(key + ": " + busy) })
	}
}

func TestNoKeyMeansTwoThings(t *testing.T) {
	for _, presenting := range []bool{false, true} {
		m := New(t.Context(), Options{Places: []Place{{}}})
		m.presenting = presenting
		meant := map[string]string{}
		for _, b := range m.bindings() {
			for _, key := range b.keys {
				if meant[key] != "" {
					t.Errorf("%s means %q and %q", key, meant[key], b.about)
				}
				meant[key] = b.about
			}
			if b.about == "" || b.shown == "" {
				t.Errorf("%q says nothing on the help page", b.keys)
			}
		}
	}
}

func TestRetryAsksForTheSameAgain(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.press("5", "s")
		s.play("failed", nil)
		s.press("r")
		if want := []string{"screen keys", "screen keys"}; !slices.Equal(s.engine.asked, want) {
			t.Errorf("asked for %q, want %q", s.engine.asked, want)
		}
	})
}

func TestAFailureComesToTheFrontWithItsRemedy(t *testing.T) {
	onStage(t, 120, 40, func(s *show) {
		s.press("a")
		s.play("failed", nil)
		s.sees("✗ The key's release policy names another attestation service", "why", "do", "read", "r retry", "log.jsonl")
	})
}

func TestCopyTakesTheCureBeforeTheCommands(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.press("y")
		if !strings.HasPrefix(s.copied, "az login\n") {
			t.Errorf("copied %q, want the step's commands", s.copied)
		}
		s.press("a")
		s.emit(actions.ProblemRaised{Step: "sign-in", Problem: &actions.Problem{Title: "No", Commands: []string{"the cure"}}})
		s.press("y")
		if s.copied != "the cure\n" {
			t.Errorf("copied %q, want the cure", s.copied)
		}
	})
}

func TestStopEndsTheRunAndStays(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.press("a", "x")
		s.sees("Stopped.")
		if s.quit || s.m.running != nil {
			t.Errorf("quit %v, running %v", s.quit, s.m.running)
		}
	})
}

func TestLeavingAsksOnlyWhileSomethingRuns(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		if s.press("q"); !s.quit {
			t.Error("asked although nothing runs")
		}
	})
	onStage(t, 80, 24, func(s *show) {
		if s.press("a", "q"); s.quit {
			t.Fatal("left without asking")
		}
		s.sees("Leave while the whole walkthrough is running?")
		if s.press("esc"); s.quit || s.m.running == nil {
			t.Fatal("did not stay")
		}
		s.press("q", "down", "enter")
		if !s.quit || s.m.left == nil || actions.ExitCode(s.m.left) != actions.ExitInterrupted {
			t.Errorf("quit %v with %v, want an interrupted run", s.quit, s.m.left)
		}
	})
}

func TestGoingOnWithADeployedRunFetchesTheClustersCredentials(t *testing.T) {
	stagePlaces(t, 80, 24, func(s *show) []Place {
		s.engine.board.of(place{step: "kafka"}).state = actions.Done
		s.engine.status.Steps = []actions.StepStatus{{ID: "kafka", State: actions.Done}}
		return []Place{{Name: "Sandbox", Sandbox: true, Open: s.open}}
	}, func(s *show) {
		s.press("1")
		if want := []string{"step credentials"}; !slices.Equal(s.engine.asked, want) {
			t.Errorf("asked for %q, want %q", s.engine.asked, want)
		}
	})
}

func TestCtrlCNeedsNoMoreThanThree(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.press("a", "ctrl+c", "ctrl+c")
		if !s.quit {
			t.Error("still there")
		}
	})
}

func TestTheProgramsContextEndsTheRunAndThenTheProgram(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.press("a")
		s.cancel()
		s.send(nil)
		if !s.quit || actions.ExitCode(s.m.left) != actions.ExitInterrupted {
			t.Errorf("quit %v with %v", s.quit, s.m.left)
		}
	})
}

func TestEditingIsCheckedWhileTyping(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.press("3", "e", "down", "down", "ctrl+u")
		s.typeText("no")
		s.sees("is not a whole number")
		s.press("ctrl+u")
		s.typeText("0")
		s.sees("nodes must be from 1 to 1000")
		s.press("enter")
		if s.m.dialog == nil {
			t.Fatal("saved with a fault")
		}
		s.press("ctrl+u")
		s.typeText("3")
		s.press("enter")
		s.sees("Saved.")
		if s.engine.inputs.PoolNodes != 3 || s.m.inputs.PoolNodes != 3 {
			t.Errorf("the engine has %d nodes, the screens %d", s.engine.inputs.PoolNodes, s.m.inputs.PoolNodes)
		}
	})
}

func TestAnEditThatIsRefusedSaysSo(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.engine.failed = errors.New("the disk is full")
		s.press("2", "e")
		s.typeText("x")
		s.press("enter")
		s.sees("Not saved: the disk is full")
	})
}

func TestTheFormTellsWhatTheEngineWillMakeStale(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.press("a")
		s.play("succeeded", nil)
		got := s.m.outdated([]string{"topic"})
		want := []string{"policy", "key", "public-key", "consumer", "producer", "invariants", "message", "contrast"}
		if !slices.Equal(got, want) {
			t.Errorf("outdated by the topic: %q, want %q", got, want)
		}
	})
}

func TestCleanupWantsTheClustersName(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.engine.status = madeSome(s.engine.inputs)
		s.send(s.m.reread()())
		s.press("c", "enter")
		s.typeText("yes")
		s.press("enter")
		s.sees("nothing was removed")
		s.press("ctrl+u")
		s.typeText("cctui-7f3a01")
		s.press("enter")
		if !slices.Equal(s.engine.asked, []string{"cleanup"}) {
			t.Errorf("asked for %q", s.engine.asked)
		}
	})
}

func TestTheMouseChoosesScreensAndSteps(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.send(tea.MouseClickMsg{X: 5, Y: s.m.layout.chapters.y + 4, Button: tea.MouseLeft})
		s.send(tea.MouseClickMsg{X: 30, Y: s.m.layout.steps.y + 3, Button: tea.MouseLeft})
		if got := s.m.step().ID; got != "attestation" {
			t.Errorf("chose %s", got)
		}
		before := s.m.scroll
		s.send(tea.MouseWheelMsg{X: 30, Y: s.m.layout.detail.y, Button: tea.MouseWheelDown})
		if s.m.scroll <= before {
			t.Error("the wheel does not move the details")
		}
	})
}

func TestNothingTicksWhileNothingRuns(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		time.Sleep(time.Hour)
		if len(s.msgs) > 0 {
			t.Errorf("%d messages in an idle hour", len(s.msgs))
		}
	})
}

func TestABundleSaysWhereItIs(t *testing.T) {
	onStage(t, 80, 24, func(s *show) { s.press("b"); s.sees("/home/ann/cctui-support.zip") })
}

// A question from the middle of a run may be answered after its end.
func TestAnOldAnswerIsNoAccountOfTheEnd(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.press("a")
		old := s.m.reread()().(refreshed)
		s.play("succeeded", nil)
		s.send(old)
		if done, all := s.m.progress(); done != all {
			t.Errorf("%d of %d steps done after an old answer", done, all)
		}
	})
}
