package tui

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/cctui/cctui/actions"
)

// into brings every step of the screen in front into a state, as the engine would tell it.
func (s *show) into(state actions.State) {
	chapter := s.m.shown().id
	for _, step := range s.m.listed() {
		problem := &actions.Problem{ID: "unexpected", Title: "It did not work", Why: "Nobody knows.", Remedy: []string{"Try again."}, Class: actions.ClassFailed}
		if state == actions.Failed {
			s.emit(actions.ProblemRaised{Step: step.ID, Problem: problem})
		}
		reason := map[actions.State]string{actions.Waiting: "for a reason", actions.Failed: problem.Title, actions.Skipped: "already so", actions.Stale: "an input was changed"}[state]
		s.emit(actions.StepChanged{Step: step.ID, Screen: chapter, State: state, Reason: reason})
		if state == actions.Running {
			s.emit(actions.Progressed{Step: step.ID, Text: "at work", Fraction: 0.37})
		}
	}
}

// TestEveryScreenInEveryState draws all seven, with all their steps in each of the seven states, and
// keeps how they look where there is the least room.
func TestEveryScreenInEveryState(t *testing.T) {
	var least strings.Builder
	for _, size := range sizes {
		for i, chapter := range screens() {
			for _, state := range everyState {
				onStage(t, size.width, size.height, func(s *show) {
					s.press(strconv.Itoa(i + 1))
					s.into(state)
					s.m.show(i)
					s.seesSteps(state)
					if size == sizes[0] {
						fmt.Fprintf(&least, "%s, %s\n%s\n", chapter.title, state, s.screen())
					}
				})
			}
		}
	}
	golden.RequireEqual(t, []byte(least.String()))
}

// seesSteps wants a line with mark and name for each step there is room for.
func (s *show) seesSteps(state actions.State) {
	s.t.Helper()
	mark, _ := s.m.theme.mark(state)
	top, room := s.m.stepsWindow()
	for i, step := range s.m.listed() {
		if i >= top && i < top+room && !strings.Contains(s.screen(), mark+" "+name(step.ID)) {
			s.t.Fatalf("%s is not shown %s:\n%s", step.ID, state, s.screen())
		}
	}
}

func TestEachExperimentIsShownAndPutBack(t *testing.T) {
	all := everyExperiment()
	if len(all) != 5 {
		t.Errorf("%d experiments", len(all))
	}
	for i, e := range all {
		for _, size := range sizes {
			onStage(t, size.width, size.height, func(s *show) {
				s.press("a")
				s.play("succeeded", nil)
				s.press("p", "t", strconv.Itoa(i+1))
				s.sees(e.Title, "The measurement is another", "u put back")
				s.press("u")
				s.sees("Everything is as it was")
				if got := s.engine.asked[len(s.engine.asked)-2:]; got[0] != "apply "+e.ID || got[1] != "restore" {
					t.Errorf("asked for %q", got)
				}
			})
		}
	}
}

// Left in the middle and started again, the run goes on: what was done counts, and nothing is begun
// before the user says so.
func TestARunThatWasLeftIsGoneOnWith(t *testing.T) {
	var left *fakeEngine
	onStage(t, 80, 24, func(s *show) {
		s.press("a")
		s.play("succeeded", moved("cluster", actions.Waiting))
		s.press("q", "down", "enter")
		if !s.quit || actions.ExitCode(s.m.left) != actions.ExitInterrupted {
			t.Fatalf("quit %v, left with %v", s.quit, s.m.left)
		}
		left = s.engine
	})
	stagePlaces(t, 80, 24, func(s *show) []Place {
		s.engine.status = madeSome(s.engine.inputs)
		for _, step := range actions.Steps() {
			if state := left.board.card(place{step: step.ID}).state; state == actions.Done {
				s.engine.board.of(place{step: step.ID}).state = state
				s.engine.status.Steps = append(s.engine.status.Steps, actions.StepStatus{ID: step.ID, State: state})
			}
		}
		return []Place{{Name: "Sandbox", Sandbox: true, Open: s.open}}
	}, func(s *show) {
		s.sees("There is a run to go on with", "steps were done")
		s.press("1")
		if len(s.engine.asked) > 0 {
			t.Fatalf("asked for %q before the user did", s.engine.asked)
		}
		if done, all := s.m.progress(); done == 0 || done == all {
			t.Errorf("%d of %d steps are done", done, all)
		}
		s.press("a")
		s.play("succeeded", nil)
		if done, all := s.m.progress(); done != all {
			t.Errorf("in the end %d of %d steps are done", done, all)
		}
	})
}
