package tui

import (
	"context"
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/golden"

	"github.com/cctui/cctui/actions"
)

// scenes are moments of a walkthrough, each reached as a user reaches it.
var scenes = []struct {
	name string
	act  func(*show)
}{
	{"fresh", func(*show) {}},
	{"waiting", func(s *show) { s.press("a"); s.play("succeeded", moved("cluster", actions.Waiting)) }},
	{"side-by-side", func(s *show) { s.press("a"); s.play("succeeded", moved("policy", actions.Running)) }},
	{"succeeded", func(s *show) { s.press("a"); s.play("succeeded", nil) }},
	{"succeeded-key", func(s *show) { s.press("a"); s.play("succeeded", nil); s.m.choose("key") }},
	{"failed", func(s *show) { s.press("a"); s.play("failed", nil) }},
	{"failed-edit", func(s *show) { s.press("a"); s.play("failed", nil); s.press("e") }},
	{"interrupted", func(s *show) { s.press("a"); s.play("interrupted", nil) }},
	{"help", func(s *show) { s.press("?") }},
	{"log", func(s *show) { s.press("a"); s.play("succeeded", nil); s.press("1", "l") }},
	{"disabled", func(s *show) { s.press("r") }},
	{"edit", func(s *show) { s.press("5", "e") }},
	{"edit-fault", func(s *show) { s.press("5", "e"); s.typeText("--") }},
	{"edit-stale", func(s *show) {
		s.press("a")
		s.play("succeeded", nil)
		s.press("6", "e", "down")
		s.typeText("!")
	}},
	{"stale", func(s *show) {
		s.press("a")
		s.play("succeeded", nil)
		s.engine.stale = []string{"producer", "invariants", "message", "contrast"}
		s.press("6", "e", "down")
		s.typeText("!")
		s.press("enter")
	}},
	{"again", func(s *show) {
		s.engine.status = madeSome(s.engine.inputs)
		s.press("a")
		s.play("succeeded", nil)
		s.m.choose("vault")
		s.press("f")
	}},
	{"ill", func(s *show) { s.sickly("key", recovers, purges) }},
	{"cures", func(s *show) { s.sickly("key", recovers, purges); s.press("d") }},
	{"cure-loses", func(s *show) { s.sickly("key", recovers, purges); s.press("d", "2") }},
	{"skip", func(s *show) { s.sickly("contrast"); s.press("o") }},
	{"skipped", func(s *show) { s.sickly("contrast"); s.press("o", "enter") }},
	{"leave", func(s *show) {
		s.engine.status = madeSome(s.engine.inputs)
		s.press("a")
		s.play("succeeded", moved("cluster", actions.Waiting))
		s.press("q")
	}},
	{"cleanup", func(s *show) {
		s.engine.status = madeSome(s.engine.inputs)
		s.press("a")
		s.play("succeeded", nil)
		s.press("c")
	}},
	{"confirm", func(s *show) {
		s.engine.status = madeSome(s.engine.inputs)
		s.press("a")
		s.play("succeeded", nil)
		s.press("c", "enter")
		s.typeText("cctui")
		s.press("enter")
	}},
	{"cleaned", func(s *show) {
		s.engine.status = madeSome(s.engine.inputs)
		s.send(s.m.reread()())
		s.press("c", "enter")
		s.typeText("cctui-7f3a01")
		s.engine.status = actions.Status{}
		s.press("enter")
		s.play("cleaned", nil)
	}},
}

// madeSome is what the journal knows in the middle of a walkthrough.
func madeSome(in actions.Inputs) actions.Status {
	group := "/subscriptions/0/resourceGroups/" + in.ResourceGroup
	return actions.Status{
		Run: "7f3a01", Inputs: in, Created: time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC),
		Made: []actions.ResourceStatus{
			{Resource: actions.Resource{Kind: "resource group", Name: in.ResourceGroup, ID: group}, Step: "resource-group", State: "made"},
			{Resource: actions.Resource{Kind: "cluster", Name: in.Cluster, ID: group + "/cluster"}, Step: "cluster", State: "making"},
			{Resource: actions.Resource{Kind: "key vault", Name: in.Vault, ID: group + "/vault"}, Step: "vault", State: "made"},
		},
	}
}

// size is that of a terminal.
type size struct{ width, height int }

func (s size) String() string { return fmt.Sprintf("%dx%d", s.width, s.height) }

var sizes = []size{{80, 24}, {120, 40}, {200, 50}}

func TestScreensOfRecordedRuns(t *testing.T) {
	for _, size := range sizes {
		for _, scene := range scenes {
			t.Run(scene.name+"-"+size.String(), func(t *testing.T) {
				onStage(t, size.width, size.height, func(s *show) {
					scene.act(s)
					golden.RequireEqual(s.t, []byte(s.screen()+"\n"))
				})
			})
		}
	}
}

func TestStartScreens(t *testing.T) {
	refuse := func(context.Context, Listener) (Engine, error) { return nil, errRefused }
	for _, test := range []struct {
		name string
		act  func(*show)
	}{
		{"where", func(*show) {}},
		{"refused", func(s *show) { s.press("down", "enter") }},
		{"device-code", func(s *show) { s.press("down", "down", "enter") }},
		{"resume", func(s *show) {
			s.engine.status = madeSome(s.engine.inputs)
			s.engine.status.Steps = []actions.StepStatus{{ID: "sign-in", State: actions.Done}, {ID: "cluster", State: actions.Running}}
			s.press("enter")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stagePlaces(t, 80, 24, func(s *show) []Place {
				return []Place{
					{Name: "Sandbox", About: "Everything on loopback.", Sandbox: true, Open: s.open},
					{Name: "Azure subscription", About: "Costs money.", Remembered: func() string { return "There is a run to go on with." }, Open: refuse},
					{Name: "Azure by code", About: "Costs money.", Open: func(ctx context.Context, l Listener) (Engine, error) {
						l.Tell("To sign in, open https://microsoft.com/devicelogin and enter the code ABCD1234.")
						<-ctx.Done()
						return nil, ctx.Err()
					}},
				}
			}, func(s *show) {
				test.act(s)
				golden.RequireEqual(s.t, []byte(s.screen()+"\n"))
			})
		})
	}
}

func TestATerminalThatIsTooSmallIsToldSo(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.send(tea.WindowSizeMsg{Width: 59, Height: 15})
		s.sees("cctui needs 60×16; this is 59×15.")
	})
}
