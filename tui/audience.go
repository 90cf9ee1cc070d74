package tui

import (
	"context"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/tui/live"
)

// stageKeys are those for an audience: the pane's own among them.
func stageKeys() []binding {
	keys := []binding{
		{keys: []string{"m"}, shown: "m", about: "Send a message of your own, and follow its way.",
			bar: "send", refuse: (*Model).refuseBusy, act: (*Model).askMessage},
		{keys: []string{"t"}, shown: "t", about: "Try an experiment: break one thing, see the refusal, put it back.",
			bar: "try", refuse: (*Model).refuseTry, act: (*Model).askExperiment},
		{keys: []string{"u"}, shown: "u", about: "Put back what the experiment broke.",
			bar: "put back", refuse: (*Model).refuseRestore, act: (*Model).restore},
		{keys: []string{"x"}, shown: "x", about: "Stop waiting for the experiment.",
			bar: "stop", refuse: (*Model).refuseStop, act: func(m *Model) tea.Cmd { m.halt(); return nil }},
		{keys: []string{"p", "esc"}, shown: "p", about: "Back to the steps.",
			bar: "steps", act: func(m *Model) tea.Cmd { m.presenting = false; return nil }},
	}
	for _, k := range live.Keys() {
		key := binding{keys: k.Keys, shown: k.Shown, about: k.About, bar: k.Bar, act: func(m *Model) tea.Cmd { m.pane.Press(k.Keys[0]); return nil }}
		if k.Refuse != nil {
			key.refuse = func(m *Model) string { return k.Refuse(m.pane) }
		}
		keys = append(keys, key)
	}
	return keys
}

func (m *Model) refusePresent() string {
	if m.unwatch == nil {
		return "there are no messages before Kafka runs"
	}
	return ""
}

func (m *Model) refuseTry() string {
	switch {
	case m.applied != "":
		return "an experiment is applied; u puts it back"
	case !through(m.board.card(place{step: proofStep}).state):
		return "run the walkthrough to its end first"
	}
	return m.refuseBusy()
}

func (m *Model) refuseRestore() string {
	if m.applied == "" {
		return "nothing is broken"
	}
	return m.refuseBusy()
}

// seen is what passed the lanes, and where the next comes from.
type seen struct {
	event actions.LiveEvent
	from  <-chan actions.LiveEvent
}

// mind begins to follow the messages as soon as there is a Kafka to have some.
func (m *Model) mind() tea.Cmd {
	if m.unwatch != nil || m.engine == nil || m.cleaning() || !through(m.board.card(place{step: "kafka"}).state) {
		return nil
	}
	ctx, stop := context.WithCancel(m.ctx)
	m.unwatch = stop
	m.arrange(m.layout.width, m.layout.height)
	engine := m.engine
	return func() tea.Msg { return await(engine.Live(ctx))() }
}

func (m *Model) cleaning() bool { return m.running != nil && m.running.cleanup }

// await is a command that waits for what passes next; nil when nothing will.
func await(from <-chan actions.LiveEvent) tea.Cmd {
	return func() tea.Msg {
		if e, ok := <-from; ok {
			return seen{e, from}
		}
		return nil
	}
}

// forget ends following: what was followed is about to be removed.
func (m *Model) forget() {
	if m.unwatch == nil {
		return
	}
	m.unwatch()
	m.unwatch, m.presenting, m.pane = nil, false, live.New(m.options.Now)
	m.look()
	m.arrange(m.layout.width, m.layout.height)
}

// redraw is the time to draw the pane again.
type redraw struct{}

// keepDrawing has a redraw under way where the pane shows less than it knows.
func (m *Model) keepDrawing() tea.Cmd {
	visible := m.presenting || m.layout.live.height > 0
	due := m.pane.Due()
	if m.redrawing || due == 0 || !visible {
		return nil
	}
	m.redrawing = true
	return tea.Tick(due, func(time.Time) tea.Msg { return redraw{} })
}

// sent tells what came of a message.
type sent struct{ notice string }

func (m *Model) askMessage() tea.Cmd {
	engine, ctx := m.engine, m.ctx
	m.dialog = ask(prompt{
		title: "Send a message",
		text:  "It is encrypted here, with the public key, and takes the way of all the others.",
		does:  "send",
		refuse: func(text string) string {
			if text == "" {
				return "The message is empty."
			}
			if over := len(text) - actions.MaxMessage; over > 0 {
				return fmt.Sprintf("The message is %s too long: the key takes no more at once.", count(over, "byte"))
			}
			return ""
		},
		accept: func(text string) tea.Cmd {
			return func() tea.Msg {
				s, err := engine.Send(ctx, text)
				if err != nil {
					return sent{"Not sent: " + oneLine(err.Error())}
				}
				return sent{"Sent, encrypted: " + oneLine(s.Text)}
			}
		},
	})
	return nil
}

func (m *Model) askExperiment() tea.Cmd {
	c := &choice{
		title: "Break one thing. It is put back with u.", away: "back", dismiss: func() tea.Cmd { return nil },
	}
	for _, e := range m.experiments {
		c.answers = append(c.answers, answer{e.Title, "", func() (dialog, tea.Cmd) { return nil, m.try(e) }})
	}
	m.dialog = c
	return nil
}

// tried is the outcome of an experiment, or of putting it back.
type tried struct {
	stage live.Stage
	err   error
	back  bool
	refreshed
}

// try carries out an experiment.
func (m *Model) try(e actions.Experiment) tea.Cmd {
	stage := live.Stage{Title: e.Title, Sees: e.Sees}
	return m.onStage("the experiment", stage, func(engine Engine, ctx context.Context) tried {
		problem, err := engine.Apply(ctx, e.ID)
		stage.Problem = problem
		return tried{stage: stage, err: err}
	})
}

// restore puts back what the experiment broke.
func (m *Model) restore() tea.Cmd {
	stage := live.Stage{Title: "Everything as it was", Sees: "The consumer is started as the walkthrough started it. It is attested, and gets the key."}
	if i := slices.IndexFunc(m.experiments, func(e actions.Experiment) bool { return e.ID == m.applied }); i >= 0 {
		stage.Title = "Putting back: " + m.experiments[i].Title
	}
	return m.onStage("putting back", stage, func(engine Engine, ctx context.Context) tried {
		return tried{err: engine.Restore(ctx), back: true}
	})
}

// onStage does something before the audience. It can be stopped as a run can.
func (m *Model) onStage(what string, stage live.Stage, do func(Engine, context.Context) tried) tea.Cmd {
	ctx, stop := context.WithCancel(m.ctx)
	m.running, m.following = &running{request: request{what: what}, stop: stop}, false
	stage.Busy = "starting the consumer anew"
	m.pane.SetStage(stage)
	engine := m.engine
	return func() tea.Msg {
		defer stop()
		t := do(engine, ctx)
		t.refreshed = read(engine)
		return t
	}
}

// cause is a problem in a sentence, and what was said of it.
func cause(p *actions.Problem) string {
	return oneLine(p.Title) + ". " + oneLine(firstOf(p.Raw, p.Why))
}

// takeTrial tells the audience how it ended.
func (m *Model) takeTrial(t tried) tea.Cmd {
	m.running = nil
	m.refresh(t.refreshed)
	if m.leaving {
		return m.end()
	}
	if t.err != nil {
		t.stage.Title, t.stage.Sees = map[bool]string{true: "Not put back", false: "It did not come to a refusal"}[t.back], cause(problemOf(t.err))
	}
	m.pane.SetStage(t.stage)
	switch {
	case t.err != nil && m.applied == "":
		m.notice = "Nothing is broken; t tries again. The details are in the log of the consumer's step."
	case t.err != nil:
		m.notice = "u puts everything back. The details are in the log of the consumer's step."
	case t.back:
		m.notice = "Everything is as it was: the consumer shows decrypted messages again."
	default:
		m.notice = "Refused, as it must be. u puts everything back."
	}
	return nil
}
