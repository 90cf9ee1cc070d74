package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

// form edits the values of a screen. Every key is checked at once.
type form struct {
	title  string
	fields []field
	texts  []textinput.Model
	chosen int

	before, draft actions.Inputs
	faults        map[string]string // by key
	outdates      func(changed []string) []string
	save          func(actions.Inputs) tea.Cmd
	locations     located
}

// edited is the outcome of a change of inputs.
type edited struct {
	stale []string
	err   error
	refreshed
}

// editable are the values of the screen in front. Where the chosen step failed, they are those that
// step depends on, wherever they belong: one of them may be the cure.
func (m *Model) editable() (title string, fields []field) {
	if s := m.step(); s != nil && !m.onCleanup() && m.cardOf(s.ID).state == actions.Failed && len(s.Reads) > 0 {
		return "What " + name(s.ID) + " depends on", m.fieldsOf(*s)
	}
	return m.shown().title, m.shown().fields
}

// fieldsOf are the inputs a step depends on.
func (m *Model) fieldsOf(s actions.Step) (fields []field) {
	for _, screen := range m.screens {
		for _, f := range screen.fields {
			if slices.Contains(s.Reads, f.key) {
				fields = append(fields, f)
			}
		}
	}
	return fields
}

// edit opens the form.
func (m *Model) edit() tea.Cmd {
	title, fields := m.editable()
	engine := m.engine
	f := &form{
		title: title, fields: fields, before: m.inputs, outdates: m.outdated,
		save: func(in actions.Inputs) tea.Cmd {
			return func() tea.Msg {
				stale, err := engine.Edit(in)
				return edited{stale, err, read(engine)}
			}
		},
	}
	for _, field := range f.fields {
		f.texts = append(f.texts, newInput(field.text(m.inputs)))
	}
	f.focus(0)
	f.check()
	m.dialog = f
	return m.locate(f)
}

// located are the locations of the subscription.
type located []string

// locate finds out which locations there are, where one is to be chosen.
func (m *Model) locate(f *form) tea.Cmd {
	if !slices.ContainsFunc(f.fields, func(field field) bool { return field.key == locationKey }) {
		return nil
	}
	engine, ctx := m.engine, m.ctx
	return func() tea.Msg {
		names, err := engine.Locations(ctx)
		if err != nil {
			return nil // they are judged at the sign-in, in any case
		}
		return located(names)
	}
}

const locationKey = "location"

// takeEdit tells what a change of inputs made stale.
func (m *Model) takeEdit(e edited) tea.Cmd {
	m.refresh(e.refreshed)
	switch {
	case e.err != nil:
		m.notice = "Not saved: " + oneLine(e.err.Error())
	case len(e.stale) > 0:
		m.notice = "Saved. Stale now: " + names(e.stale)
		m.choose(e.stale[0])
	default:
		m.notice = "Saved."
	}
	return nil
}

// outdated are the steps that a change would make stale: those that were done with the old values,
// and all after them that were done too.
func (m *Model) outdated(changed []string) []string {
	return m.reached(func(s actions.Step) bool {
		return slices.ContainsFunc(s.Reads, func(key string) bool { return slices.Contains(changed, key) })
	})
}

// reached are the steps that were done, of those that something begins with and all that need them.
func (m *Model) reached(begins func(actions.Step) bool) (steps []string) {
	reached := map[string]bool{}
	for _, s := range m.steps {
		reached[s.ID] = begins(s) || slices.ContainsFunc(s.Needs, func(need string) bool { return reached[need] })
		if state := m.board.card(place{step: s.ID}).state; reached[s.ID] && (through(state) || state == actions.Stale) {
			steps = append(steps, s.ID)
		}
	}
	return steps
}

func names(steps []string) string {
	all := make([]string, len(steps))
	for i, s := range steps {
		all[i] = name(s)
	}
	return strings.Join(all, ", ")
}

func (f *form) update(msg tea.Msg) (dialog, tea.Cmd) {
	key, _ := msg.(tea.KeyPressMsg)
	options := f.fields[f.chosen].options()
	switch key.String() {
	case "esc":
		return nil, nil
	case "enter":
		return f.finish()
	case "down", "tab":
		return f, f.focus(f.chosen + 1)
	case "up", "shift+tab":
		return f, f.focus(f.chosen - 1)
	case "left", "right", "space":
		if len(options) > 0 {
			f.turn(options, key.String())
			return f, nil
		}
	}
	if len(options) > 0 {
		return f, nil
	}
	var cmd tea.Cmd
	f.texts[f.chosen], cmd = f.texts[f.chosen].Update(msg)
	f.check()
	return f, cmd
}

// finish saves what was changed. With a fault left, it goes to the first one.
func (f *form) finish() (dialog, tea.Cmd) {
	for i, field := range f.fields {
		if f.faults[field.key] != "" {
			return f, f.focus(i)
		}
	}
	if len(f.changed()) == 0 {
		return nil, nil
	}
	return nil, f.save(f.draft)
}

func (f *form) focus(i int) tea.Cmd {
	f.texts[f.chosen].Blur()
	f.chosen = (i + len(f.fields)) % len(f.fields)
	return f.texts[f.chosen].Focus()
}

// turn goes to the next or the last of the values there are.
func (f *form) turn(options []string, key string) {
	by := 1
	if key == "left" {
		by = len(options) - 1
	}
	at := slices.Index(options, f.texts[f.chosen].Value())
	f.texts[f.chosen].SetValue(options[(max(at, 0)+by)%len(options)])
	f.check()
}

// check reads all texts and judges them together.
func (f *form) check() {
	f.draft, f.faults = f.before, map[string]string{}
	for i, field := range f.fields {
		if err := field.set(&f.draft, strings.TrimSpace(f.texts[i].Value())); err != nil {
			f.faults[field.key] = err.Error()
		}
	}
	if len(f.locations) > 0 && !slices.Contains(f.locations, f.draft.Location) {
		f.faults[locationKey] = "is none that this subscription has"
	}
	for _, fault := range actions.Validate(f.draft) {
		if f.faults[fault.Key] == "" {
			f.faults[fault.Key] = fault.Message
		}
	}
}

// changed are the keys of the values that are others now.
func (f *form) changed() (keys []string) {
	for _, field := range f.fields {
		if field.text(f.draft) != field.text(f.before) {
			keys = append(keys, field.key)
		}
	}
	return keys
}

func (f *form) content(t theme, width, _ int) (title string, lines []string, keys string) {
	labels := 0
	for _, field := range f.fields {
		labels = max(labels, len(field.label))
	}
	for i := range f.fields {
		lines = append(lines, f.line(t, i, labels, width))
	}
	text := page{width: width, theme: t, lines: lines}
	field := f.fields[f.chosen]
	text.add("")
	if fault := f.faults[field.key]; fault != "" {
		text.add(text.styled(t.bad, hanging("✗ ", field.label+" "+fault, width))...)
	}
	text.prose(field.help)
	if field.key == locationKey && len(f.locations) > 0 {
		text.paragraph("fits", f.fitting(strings.TrimSpace(f.texts[f.chosen].Value())))
	}
	text.add(t.muted.Render("--" + field.key))
	if changed := f.changed(); len(changed) > 0 {
		text.paragraph("stale", firstOf(names(f.outdates(changed)), "nothing: no step was done with the old value"))
	}
	keys = t.accent.Render("↑ ↓") + " field · " + t.accent.Render("enter") + " save · " + t.accent.Render("esc") + " back"
	if len(field.options()) > 0 {
		keys = t.accent.Render("← →") + " value · " + keys
	}
	return f.title, text.lines, keys
}

// fitting are the locations that hold what was typed; all where none does.
func (f *form) fitting(typed string) string {
	fits := slices.DeleteFunc(slices.Clone(f.locations), func(name string) bool { return !strings.Contains(name, typed) })
	if len(fits) == 0 {
		fits = f.locations
	}
	return strings.Join(fits, ", ")
}

// line is a field with its mark: wrong, changed, or neither.
func (f *form) line(t theme, i, labels, width int) string {
	field, pointer := f.fields[i], "  "
	label := fit(field.label, labels)
	if i == f.chosen {
		pointer, label = t.accent.Render("▸ "), t.selected.Render(label)
	}
	mark := " "
	switch {
	case f.faults[field.key] != "":
		mark = t.bad.Render("✗")
	case field.text(f.draft) != field.text(f.before):
		mark = t.warn.Render("~")
	}
	value := "‹ " + f.texts[i].Value() + " ›"
	if len(field.options()) == 0 {
		f.texts[i].SetWidth(max(width-labels-7, 1))
		value = f.texts[i].View()
	}
	return pointer + label + " " + mark + " " + value
}
