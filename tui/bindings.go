package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

// binding is a key and what it does. The one list of them makes the help bar, the help page, and the
// answer to a key that cannot be used now.
type binding struct {
	keys  []string // as tea names them
	shown string   // as people name them
	about string   // for the help page
	bar   string   // for the help bar; empty: not there
	// label is bar where it depends on the moment. May be nil.
	label func(*Model) string
	// refuse says why the key cannot be used now; empty: it can. nil: always.
	refuse func(*Model) string
	act    func(*Model) tea.Cmd
}

// bindings are those that count now, in the order of the help bar, the most important first. The last
// two are always shown.
func (m *Model) bindings() []binding {
	always := []binding{
		{keys: []string{"?"}, shown: "?", about: "This page.", bar: "help", act: (*Model).showHelp},
		{keys: []string{"q"}, shown: "q", about: "Leave. Asks only while something is at work.", bar: "leave", act: (*Model).leave},
	}
	if m.presenting {
		return append(stageKeys(), always...)
	}
	return append(screenKeys(), always...)
}

// screenKeys are the walkthrough's.
func screenKeys() []binding {
	return []binding{
		{keys: []string{"enter"}, shown: "enter", about: "Run the chosen step and what it needs; on one that is done, go to the next. On Cleanup: remove everything.",
			label: (*Model).nextLabel, refuse: (*Model).refuseNext, act: (*Model).next},
		{keys: []string{"r"}, shown: "r", about: "Try again what failed.",
			label: onFailure("retry"), refuse: (*Model).refuseRetry, act: func(m *Model) tea.Cmd { return m.run(m.last) }},
		{keys: []string{"d"}, shown: "d", about: "Do the cure of a problem, where cctui can. You see what is touched and what is lost before it happens.",
			label: (*Model).cureLabel, refuse: (*Model).refuseCure, act: (*Model).askCure},
		{keys: []string{"o"}, shown: "o", about: "Go on without the step that failed (omit it), where nothing later relies on it.",
			label: (*Model).skipLabel, refuse: (*Model).refuseSkip, act: (*Model).askSkip},
		{keys: []string{"x"}, shown: "x", about: "Stop what runs, in good order. What Azure has begun goes on there; running again takes it up.",
			bar: "stop", refuse: (*Model).refuseStop, act: func(m *Model) tea.Cmd { m.halt(); return nil }},
		{keys: []string{"a"}, shown: "a", about: "Run everything that is not done.",
			bar: "run all", refuse: (*Model).refuseAll, act: func(m *Model) tea.Cmd { return m.run(runAll()) }},
		{keys: []string{"e"}, shown: "e", about: "Edit the values of this screen, or of the step that failed. You see what becomes stale before you save.",
			bar: "edit", refuse: (*Model).refuseEdit, act: (*Model).edit},
		{keys: []string{"y"}, shown: "y", about: "Copy the step's commands, or the cure of its problem, to your clipboard, also over SSH.",
			bar: "copy", refuse: (*Model).refuseCopy, act: (*Model).copy},
		{keys: []string{"s"}, shown: "s", about: "Run this screen's steps, and what they need.",
			bar: "run screen", refuse: (*Model).refuseScreen, act: func(m *Model) tea.Cmd { return m.run(runScreen(m.shown())) }},
		{keys: []string{"p"}, shown: "p", about: "Present: the messages over the whole screen, for an audience, with experiments.",
			bar: "present", refuse: (*Model).refusePresent, act: func(m *Model) tea.Cmd { m.presenting = true; return nil }},
		{keys: []string{"l"}, shown: "l", about: "The log of the chosen step.",
			bar: "log", refuse: (*Model).refuseLog, act: (*Model).showLog},
		{keys: []string{"c"}, shown: "c", about: "Go to the cleanup.",
			bar: "clean up", refuse: (*Model).refuseCleanup, act: func(m *Model) tea.Cmd { m.following = false; m.showCleanup(); return nil }},
		{keys: []string{"f"}, shown: "f", about: "Run again from a step that is done, with all that depends on it. What is there is not made twice.",
			label: (*Model).againLabel, refuse: (*Model).refuseAgain, act: (*Model).askAgain},
		{keys: []string{"b"}, shown: "b", about: "Write a support bundle: journal, log, plan and versions, secrets removed.",
			bar: "bundle", act: (*Model).bundle},
		{keys: []string{"down", "j"}, shown: "↓ j", about: "Next step.",
			act: func(m *Model) tea.Cmd { m.following = false; m.move(1); return nil }},
		{keys: []string{"up", "k"}, shown: "↑ k", about: "Step before.",
			act: func(m *Model) tea.Cmd { m.following = false; m.move(-1); return nil }},
		{keys: []string{"tab", "right"}, shown: "tab →", about: "Next screen; 1 to 7 go to one directly.",
			act: func(m *Model) tea.Cmd { m.following = false; m.show(m.screen + 1); return nil }},
		{keys: []string{"shift+tab", "left"}, shown: "shift+tab ←", about: "Screen before.",
			act: func(m *Model) tea.Cmd { m.following = false; m.show(m.screen - 1); return nil }},
		{keys: []string{"pgdown", "space"}, shown: "pgdn space", about: "Further down the details.",
			act: func(m *Model) tea.Cmd { m.scrollBy(m.layout.detail.height - 1); return nil }},
		{keys: []string{"pgup"}, shown: "pgup", about: "Back up the details.",
			act: func(m *Model) tea.Cmd { m.scrollBy(1 - m.layout.detail.height); return nil }},
	}
}

// press does what a key is bound to, or says why it cannot be used now.
func (m *Model) press(key string) tea.Cmd {
	if m.presenting && (m.pane.Typing() || key == "esc") && m.pane.Press(key) {
		return nil // it was text for the filter, or the end of it
	}
	if !m.presenting && len(key) == 1 && key[0] >= '1' && int(key[0]-'1') < len(m.screens) {
		m.following = false
		m.show(int(key[0] - '1'))
		return nil
	}
	for _, b := range m.bindings() {
		if !slices.Contains(b.keys, key) {
			continue
		}
		if why := b.refusal(m); why != "" {
			m.notice = b.shown + ": " + why
			return nil
		}
		return b.act(m)
	}
	return nil
}

func (b binding) refusal(m *Model) string {
	if b.refuse == nil {
		return ""
	}
	return b.refuse(m)
}

func (b binding) word(m *Model) string {
	if b.label != nil {
		return b.label(m)
	}
	return b.bar
}

// onFailure shows a key in the bar only where something failed.
func onFailure(label string) func(*Model) string {
	return func(m *Model) string {
		if m.result != nil && m.result.Outcome == actions.Failure {
			return label
		}
		return ""
	}
}

const busy = "something is running; x stops it"

func (m *Model) refuseBusy() string {
	if m.running != nil {
		return busy
	}
	return ""
}

func (m *Model) nextLabel() string {
	s := m.step()
	switch {
	case m.onCleanup():
		return "remove everything"
	case s != nil && through(m.cardOf(s.ID).state):
		return "next step"
	}
	return "run step"
}

func (m *Model) refuseNext() string {
	switch {
	case m.running != nil:
		return busy
	case m.onCleanup() && len(m.status.Made) == 0:
		return "this run has made nothing that is still there"
	case !m.onCleanup() && m.unfinished() == nil:
		return "every step is done; c cleans up"
	}
	return ""
}

// next runs the chosen step. From one that is done it goes to the next that is not.
func (m *Model) next() tea.Cmd {
	s := m.step()
	switch {
	case m.onCleanup():
		m.dialog = m.confirm()
	case s != nil && through(m.cardOf(s.ID).state):
		m.choose(m.unfinished().ID)
	case s != nil:
		return m.run(runStep(s.ID))
	}
	return nil
}

func (m *Model) refuseAll() string {
	if m.running == nil && m.unfinished() == nil {
		return "every step is done"
	}
	return m.refuseBusy()
}

func (m *Model) refuseScreen() string {
	if m.onCleanup() {
		return "enter removes everything"
	}
	for _, s := range m.listed() {
		if !through(m.cardOf(s.ID).state) {
			return m.refuseBusy()
		}
	}
	return "every step of this screen is done"
}

func (m *Model) refuseEdit() string {
	if _, fields := m.editable(); len(fields) == 0 {
		return "there are no values here"
	}
	return m.refuseBusy()
}

func (m *Model) refuseRetry() string {
	if m.result == nil || m.result.Outcome == actions.Succeeded {
		return "nothing failed"
	}
	return m.refuseBusy()
}

func (m *Model) refuseStop() string {
	switch {
	case m.running == nil:
		return "nothing is running"
	case m.running.stopping:
		return "it is being stopped"
	}
	return ""
}

func (m *Model) refuseCleanup() string {
	if m.onCleanup() {
		return "this is the cleanup; enter removes everything"
	}
	return ""
}

func (m *Model) refuseCopy() string {
	if len(m.copies()) == 0 {
		return "there is no command to copy here"
	}
	return ""
}

func (m *Model) refuseLog() string {
	if s := m.step(); s == nil || len(m.cardOf(s.ID).log) == 0 {
		return "this step has said nothing yet"
	}
	return ""
}

// copies are the commands worth copying: the cure where there is one, else the step's equivalents.
func (m *Model) copies() []string {
	s := m.step()
	if s == nil {
		return nil
	}
	if p := m.cardOf(s.ID).problem; p != nil && len(p.Commands) > 0 {
		return p.Commands
	}
	if m.onCleanup() {
		return m.plan[s.ID].Undo
	}
	return m.plan[s.ID].Commands
}

func (m *Model) copy() tea.Cmd {
	commands := m.copies()
	m.notice = "Copied: " + count(len(commands), "command") + ". (By OSC 52: your terminal must allow it.)"
	return tea.SetClipboard(strings.Join(commands, "\n") + "\n")
}
