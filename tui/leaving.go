package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

// leave ends the program at once where nothing is at work, and asks otherwise.
func (m *Model) leave() tea.Cmd {
	if m.running == nil && m.applied != "" && m.ctx.Err() == nil {
		m.dialog = m.askBroken()
		return nil
	}
	if m.running == nil || m.ctx.Err() != nil {
		return m.stopAndQuit()
	}
	engine := m.engine
	// The journal knows what is at work; it is on disk, so a command reads it.
	m.dialog = m.askLeave(m.status)
	return func() tea.Msg { return read(engine) }
}

// askBroken reminds of an experiment that has not been taken back.
func (m *Model) askBroken() dialog {
	return &choice{
		title: "An experiment is still applied",
		text:  []string{"The consumer is broken on purpose (" + name(m.applied) + ")."},
		answers: []answer{
			{"Stay", "", func() (dialog, tea.Cmd) { return nil, nil }},
			{"Put it back, then leave", "", func() (dialog, tea.Cmd) {
				m.leaving = true
				return nil, m.restore()
			}},
			{"Leave it as it is", "cctui remembers it, and can put it back later.", func() (dialog, tea.Cmd) { return nil, m.end() }},
		},
		dismiss: func() tea.Cmd { return nil }, away: "stay",
	}
}

// stopAndQuit ends the program when what runs has come to its end.
func (m *Model) stopAndQuit() tea.Cmd {
	if m.running == nil {
		return m.end()
	}
	m.leaving, m.notice = true, "Finishing what must not be cut short. Ctrl+C again leaves at once."
	m.halt()
	return nil
}

// quit leaves after an interrupted run, whose account is what the program ends with.
func (m *Model) quit(r actions.Result) tea.Cmd {
	if r.Outcome == actions.Interrupted && r.Problem != nil {
		m.left = r.Problem
	}
	return m.end()
}

// interrupt is Ctrl+C: it leaves, and pressed again it does not wait. The journal is on disk.
func (m *Model) interrupt() tea.Cmd {
	_, asking := m.dialog.(*leaveDialog)
	switch {
	case m.leaving:
		m.left = &actions.Problem{ID: "interrupted", Title: "Left at once; what was begun in Azure goes on there", Class: actions.ClassInterrupted}
		return m.end()
	case asking:
		m.dialog = nil
		return m.stopAndQuit()
	}
	return m.leave()
}

// leaveDialog asks whether to leave while Azure is at work. What it tells is read when it is drawn:
// the journal's account comes a moment after the question.
type leaveDialog struct {
	choice
	model *Model
}

func (m *Model) askLeave(actions.Status) dialog {
	return &leaveDialog{model: m, choice: choice{
		title: "Leave while " + m.running.what + " is running?",
		answers: []answer{
			{"Stay", "", func() (dialog, tea.Cmd) { return nil, nil }},
			{"Leave", "Stops here. Azure goes on with what it has begun; the journal remembers it.", func() (dialog, tea.Cmd) { return nil, m.stopAndQuit() }},
		},
		dismiss: func() tea.Cmd { return nil }, away: "stay",
	}}
}

func (d *leaveDialog) update(msg tea.Msg) (dialog, tea.Cmd) {
	next, cmd := d.choice.update(msg)
	if next == dialog(&d.choice) {
		return d, cmd
	}
	return next, cmd
}

func (d *leaveDialog) content(t theme, width, height int) (title string, lines []string, keys string) {
	d.text = d.model.atWork()
	return d.choice.content(t, width, height)
}

// atWork says what goes on in Azure, what is there, and the two ways on.
func (m *Model) atWork() []string {
	var open []string
	for _, r := range m.status.Made {
		if r.State == "making" || r.State == "removing" {
			open = append(open, oneLine(r.Resource.String())+" ("+r.State+")")
		}
	}
	text := []string{"No resource is being made or removed at this moment."}
	if len(open) > 0 {
		text = []string{"This goes on in Azure, and may cost money: " + strings.Join(open, ", ") + "."}
	}
	if m.place.Sandbox {
		return append(text, "It is the sandbox's Azure: nothing of it is real.")
	}
	return append(text, "cctui goes on where it stopped; cctui cleanup stops and removes it.")
}
