package tui

import (
	"context"
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

// request is something the engine is asked to carry out.
type request struct {
	what    string // as in "while … is running"
	cleanup bool
	do      func(Engine, context.Context) (actions.Result, error) // nil: no run of steps
}

// running is what is under way.
type running struct {
	request
	stop     func()
	stopping bool
}

func runAll() request {
	return request{what: "the whole walkthrough", do: Engine.Run}
}

func runScreen(s screen) request {
	return request{what: s.title, do: func(e Engine, ctx context.Context) (actions.Result, error) {
		return e.RunScreen(ctx, s.id)
	}}
}

func runStep(id string) request {
	return request{what: name(id), do: func(e Engine, ctx context.Context) (actions.Result, error) {
		return e.RunStep(ctx, id)
	}}
}

func removeAll() request {
	return request{what: "the cleanup", cleanup: true, do: Engine.Cleanup}
}

// run carries out a request. Its end is the event Finished.
func (m *Model) run(r request) tea.Cmd {
	ctx, stop := context.WithCancel(m.ctx)
	m.running, m.last, m.result, m.following = &running{request: r, stop: stop}, r, nil, true
	m.now = m.options.Now()
	if r.cleanup {
		m.forget()
	}
	engine := m.engine
	return func() tea.Msg {
		defer stop()
		_, _ = r.do(engine, ctx) // how it ended is told by the last event
		return nil
	}
}

// halt asks what runs to end in good order.
func (m *Model) halt() {
	if m.running != nil {
		m.running.stopping = true
		m.running.stop()
	}
}

// happened takes in an event of the walkthrough.
func (m *Model) happened(e actions.Event) tea.Cmd {
	m.board.apply(e)
	if raised, ok := e.(actions.ProblemRaised); ok {
		m.choose(raised.Step)
		m.following = false
	}
	if end, ok := e.(actions.Finished); ok {
		return m.finished(end.Result)
	}
	return nil
}

// finished is the end of what ran.
func (m *Model) finished(r actions.Result) tea.Cmd {
	m.result, m.notice = &r, m.summary(r)
	m.running, m.known = nil, m.reads+1 // what was asked before is no account of the end
	if m.last.cleanup {
		m.board.restart() // no event says so
	}
	if m.leaving || m.ctx.Err() != nil {
		return m.quit(r)
	}
	if m.following && r.Outcome == actions.Succeeded && !m.last.cleanup && m.unfinished() == nil {
		m.choose(proofStep)
	}
	return m.reread()
}

// proofStep is the step whose details are the proof.
const proofStep = "message"

func (m *Model) summary(r actions.Result) string {
	switch {
	case r.Outcome == actions.Failure && r.Problem != nil && m.options.Log != "":
		return "Failed. All that happened is in " + m.options.Log
	case r.Outcome == actions.Failure:
		return "Failed: the chosen step says why, and what to do."
	case r.Outcome == actions.Interrupted:
		return "Stopped. Enter or a goes on where it stopped."
	case m.last.cleanup && len(r.Kept) > 0:
		return fmt.Sprintf("What was the run's alone is gone: %s removed, and checked; %d kept.", count(len(r.Removed), "resource"), len(r.Kept))
	case m.last.cleanup:
		return fmt.Sprintf("Everything is gone: %s removed, and checked.", count(len(r.Removed), "resource"))
	case m.unfinished() == nil && len(r.Waived) > 0:
		return "Done, without " + names(r.Waived) + ". p presents it, c cleans up."
	case m.unfinished() == nil:
		return "Done: only the attested pod could read the message. p presents it, c cleans up" + by(r.KeepUntil) + "."
	}
	return ""
}

// by reminds of when the user wanted everything gone.
func by(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ", which you wanted by " + t.Local().Format("2 January, 15:04")
}

// refreshed is where the walkthrough stands after a run.
type refreshed struct {
	order   int // of the question
	states  map[string]actions.State
	inputs  actions.Inputs
	outputs actions.Outputs
	status  actions.Status

	experiments []actions.Experiment
	applied     string
}

// reread asks the engine where it stands.
func (m *Model) reread() tea.Cmd {
	engine := m.engine
	m.reads++
	order := m.reads
	return func() tea.Msg {
		r := read(engine)
		r.order = order
		return r
	}
}

// takeRead takes an answer over, unless it is older than what is known.
func (m *Model) takeRead(r refreshed) {
	if r.order >= m.known {
		m.known = r.order
		m.refresh(r)
	}
}

func read(e Engine) refreshed {
	return refreshed{states: e.States(), inputs: e.Inputs(), outputs: e.Outputs(), status: e.Status(), experiments: e.Experiments(), applied: e.Experiment()}
}

func (m *Model) refresh(r refreshed) {
	m.status, m.experiments, m.applied = r.status, r.experiments, r.applied
	m.adopt(r.inputs)
	if m.running == nil {
		m.board.set(r.states)
		m.board.keep(r.outputs)
	}
}

// adopt takes over inputs and what would be done with them.
func (m *Model) adopt(in actions.Inputs) {
	if in == m.inputs && m.plan != nil {
		return
	}
	m.inputs, m.plan = in, map[string]actions.PlannedStep{}
	for _, p := range actions.Plan(in, m.steps) {
		m.plan[p.ID] = p
	}
}

// bundled tells of a support bundle.
type bundled struct{ notice string }

func (m *Model) bundle() tea.Cmd {
	engine, ctx := m.engine, m.ctx
	return func() tea.Msg {
		path, err := engine.Bundle(ctx)
		if err != nil {
			return bundled{"No support bundle: " + oneLine(err.Error())}
		}
		return bundled{"Support bundle, secrets removed: " + path}
	}
}

// problemOf is an error as the user is told it.
func problemOf(err error) *actions.Problem {
	var faults actions.Faults
	if errors.As(err, &faults) {
		return &actions.Problem{ID: "usage", Title: "Some values cannot be used", Why: faults.Error(), Class: actions.ClassUsage}
	}
	return actions.Explain("sign-in", err)
}
