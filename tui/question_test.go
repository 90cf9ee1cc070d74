package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cctui/cctui/actions"
)

// several is a place where something must be decided before it opens.
func several(n int, chose *int) func(*show) []Place {
	return func(s *show) []Place {
		return []Place{{Name: "Azure", Open: func(ctx context.Context, l Listener) (Engine, error) {
			q := Question{Title: "Which subscription?", Text: "You see several."}
			for i := range n {
				q.Answers = append(q.Answers, Answer{fmt.Sprintf("contoso-%d", i+1), fmt.Sprintf("id %d, tenant contoso", i+1)})
			}
			var err error
			if *chose, err = l.Choose(ctx, q); err != nil {
				return nil, err
			}
			return s.open(ctx, l)
		}}}
	}
}

func TestASubscriptionIsChosenFromAListBeforeAnythingElse(t *testing.T) {
	chose := -1
	stagePlaces(t, 80, 24, several(2, &chose), func(s *show) {
		s.sees("Which subscription?", "contoso-1", "id 2, tenant contoso", "esc leave")
		s.press("down", "enter")
		s.sees("Prerequisites")
		if chose != 1 {
			t.Errorf("chose %d, want 1", chose)
		}
	})
}

func TestALongListIsSeenWhereItIsChosenFrom(t *testing.T) {
	chose := -1
	stagePlaces(t, 80, 24, several(30, &chose), func(s *show) {
		for range 20 {
			s.press("down")
		}
		s.sees("▸ 21  contoso-21")
		s.press("enter")
		if chose != 20 {
			t.Errorf("chose %d, want 20", chose)
		}
	})
}

func TestAQuestionNobodyAnswersLeaves(t *testing.T) {
	chose := -1
	stagePlaces(t, 80, 24, several(2, &chose), func(s *show) {
		s.press("esc")
		if !s.quit || s.m.engine != nil {
			t.Errorf("quit %v", s.quit)
		}
	})
}

func TestLocationsAreOfferedAndJudgedWhileTyping(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.press("1", "e", "down", "down")
		s.sees("fits", "eastus, eastus2")
		s.press("ctrl+u")
		s.typeText("east")
		s.sees("location is none that this subscription has", "eastus, eastus2")
		if s.press("enter"); s.m.dialog == nil {
			t.Fatal("saved a location that does not exist")
		}
		s.typeText("us2")
		s.press("enter")
		if got := s.engine.inputs.Location; got != "eastus2" || slices.Contains(s.engine.asked, "edit") {
			t.Errorf("the location is %q", got)
		}
	})
}

// What happened and why stands first; the rest is a key away, and so are the answers.
func TestALongReasonIsReadFromItsBeginning(t *testing.T) {
	problem := &actions.Problem{
		ID: "long", Title: "There is no az in the PATH", Why: "cctui signs in as az is signed in.",
		Remedy: []string{"Install it.", "Sign in.", "Run again."}, Commands: []string{"az login"},
		Links: []string{"https://one.example", "https://two.example"}, Raw: "the last word",
	}
	places := func(*show) []Place {
		return []Place{{Name: "Azure", Open: func(context.Context, Listener) (Engine, error) { return nil, problem }}}
	}
	stagePlaces(t, 80, 20, places, func(s *show) {
		s.sees("There is no az in the PATH", "why    cctui signs in", "lines, pgdn", "▸ 1  Try again", "2  Leave")
		s.press("pgdown")
		s.sees("the last word", "▸ 1  Try again", "2  Leave")
		s.press("pgup")
		s.sees("There is no az in the PATH")
	})
}

// What is about to be removed can be read to its end, whatever the screen's size.
func TestAllThatGoesCanBeRead(t *testing.T) {
	goes := make([]row, 30)
	for i := range goes {
		goes[i] = row{"Pod", fmt.Sprintf("kafka/pod-%d", i+1)}
	}
	p := ask(prompt{text: "This goes.", does: "remove", rows: func(p *page) { p.rows("goes", goes) }})
	seen := func() string {
		_, lines, _ := p.content(theme{}, 60, 16)
		if len(lines) != 16 {
			t.Errorf("%d lines", len(lines))
		}
		return strings.Join(lines, "\n")
	}
	if first := seen(); !strings.Contains(first, "kafka/pod-1 ") || !strings.Contains(first, "pgdn") {
		t.Errorf("at first:\n%s", first)
	}
	for range 3 {
		p.update(keyPress("pgdown"))
	}
	if last := seen(); !strings.Contains(last, "kafka/pod-30") || strings.Contains(last, "pgdn") {
		t.Errorf("at last:\n%s", last)
	}
}
