package tui

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/exp/teatest/v2"

	"github.com/cctui/cctui/actions"
)

// patience is how long a program may take before a test gives up on it.
const patience = 20 * time.Second

// onTerminal runs the whole program, as teatest does it, in a sandbox that opens at once.
func onTerminal(t *testing.T, engine *fakeEngine) *teatest.TestModel {
	t.Helper()
	engine.drawing, engine.board, engine.ended = new(atomic.Bool), newBoard(), make(chan struct{})
	engine.inputs = actions.Inputs{}.WithDefaults("7f3a01")
	place := Place{Name: "Sandbox", Sandbox: true, Open: func(_ context.Context, l Listener) (Engine, error) {
		engine.listener = l
		return engine, nil
	}}
	m := New(t.Context(), Options{Places: []Place{place}})
	return teatest.NewTestModel(t, m, teatest.WithInitialTermSize(80, 24), teatest.WithProgramOptions(tea.WithColorProfile(colorprofile.Ascii)))
}

// shows waits until the program has drawn a text; what is drawn later differs only in what changed,
// so that only words count that were not there before.
func shows(t *testing.T, tm *teatest.TestModel, text string) {
	t.Helper()
	teatest.WaitFor(t, tm.Output(), func(out []byte) bool { return bytes.Contains(out, []byte(text)) }, teatest.WithDuration(patience))
}

func TestTheProgramRunsAWalkthroughAndLeaves(t *testing.T) {
	engine := &fakeEngine{}
	tm := onTerminal(t, engine)
	shows(t, tm, "Sign in and choose the subscription")
	tm.Type("a")
	shows(t, tm, "stop")
	for _, e := range recorded(t, "succeeded") {
		engine.play(e)
		engine.listener.Emit(e)
	}
	close(engine.ended)
	shows(t, tm, "Done: only the attested pod could read the message.")
	tm.Type("q")
	m := tm.FinalModel(t, teatest.WithFinalTimeout(patience)).(*Model)
	if done, all := m.progress(); done != all || m.left != nil {
		t.Errorf("%d of %d steps done, ended with %v", done, all, m.left)
	}
}

func TestLeavingInTheMiddleTellsTheCaller(t *testing.T) {
	tm := onTerminal(t, &fakeEngine{})
	shows(t, tm, "Sign in and choose the subscription")
	tm.Type("a")
	shows(t, tm, "stop")
	tm.Type("q")
	shows(t, tm, "Leave while the whole walkthrough is running?")
	tm.Send(keyPress("down"))
	tm.Send(keyPress("enter"))
	m := tm.FinalModel(t, teatest.WithFinalTimeout(patience)).(*Model)
	if actions.ExitCode(m.left) != actions.ExitInterrupted {
		t.Errorf("ended with %v, want an interruption", m.left)
	}
}
