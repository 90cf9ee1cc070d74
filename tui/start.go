package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

// start asks where, if there is a choice.
func (m *Model) start() {
	if len(m.options.Places) == 1 {
		m.dialog = m.opening(m.options.Places[0])
		return
	}
	m.dialog = m.askWhere(nil)
}

// untilDrawn is how long the first frame takes: what takes the processor for itself begins afterwards.
const untilDrawn = 2 * time.Second / frames

// begin opens the only place there is, or looks at what was left in each.
func (m *Model) begin() tea.Cmd {
	if len(m.options.Places) == 1 {
		open := m.opener(m.options.Places[0])
		return tea.Tick(untilDrawn, func(time.Time) tea.Msg { return open() })
	}
	places := m.options.Places
	return func() tea.Msg {
		left := remembered{}
		for _, p := range places {
			if p.Remembered != nil {
				left[p.Name] = p.Remembered()
			}
		}
		return left
	}
}

// remembered is what earlier runs left, by place.
type remembered map[string]string

func (m *Model) remember(left remembered) tea.Cmd {
	if c, asking := m.dialog.(*choice); asking && m.engine == nil {
		again := m.askWhere(left)
		again.chosen = c.chosen
		m.dialog = again
	}
	return nil
}

func (m *Model) askWhere(left remembered) *choice {
	m.place = nil
	c := &choice{
		title: "Confidential containers, from nothing to a decrypted message",
		text: []string{"This walkthrough deploys Kafka and a consumer in a confidential pod on AKS, and shows why only that pod can read the messages. " +
			"You see each step before it happens. Where shall it happen?"},
		dismiss: m.end, away: "leave",
	}
	for _, p := range m.options.Places {
		about := p.About
		if left[p.Name] != "" {
			about += "\n" + left[p.Name]
		}
		c.answers = append(c.answers, answer{p.Name, about, func() (dialog, tea.Cmd) { return m.opening(p), m.opener(p) }})
	}
	return c
}

// opened is a place that is open.
type opened struct {
	place  Place
	engine Engine
	steps  []actions.Step
	refreshed
}

// refused is a place that could not be opened.
type refused struct {
	place   Place
	problem *actions.Problem
}

func (m *Model) opener(p Place) tea.Cmd {
	ctx, listener := m.ctx, m.stream
	return func() tea.Msg {
		engine, err := p.Open(ctx, listener)
		if err != nil {
			return refused{p, problemOf(err)}
		}
		return opened{p, engine, engine.Steps(), read(engine)}
	}
}

func (m *Model) open(o opened) tea.Cmd {
	m.place, m.engine = &o.place, o.engine
	m.list(o.steps)
	m.refresh(o.refreshed)
	m.dialog = nil
	if first := m.unfinished(); first != nil {
		m.choose(first.ID)
	}
	if len(o.status.Steps) > 0 {
		m.dialog = m.askResume(o.status)
	}
	if o.applied != "" {
		m.notice = "The experiment " + name(o.applied) + " is still applied: p presents it, and u puts it back."
	}
	return m.mind()
}

// list has the screens show these steps.
func (m *Model) list(steps []actions.Step) {
	m.steps = steps
	for i, s := range m.screens {
		m.screens[i].steps = stepsOf(s.id, steps)
	}
	m.arrange(m.layout.width, m.layout.height)
}

// askResume offers to go on with an earlier run. Starting anew begins with removing what it made:
// to forget it would hide what it costs.
func (m *Model) askResume(s actions.Status) dialog {
	done := 0
	for _, step := range s.Steps {
		if through(step.State) {
			done++
		}
	}
	text := []string{fmt.Sprintf("It was begun %s, and %d of %d steps were done.", s.Created.Local().Format("2 January, 15:04"), done, len(m.steps))}
	if made := azureNames(s); made != "" {
		text = append(text, "It made: "+made+".")
	}
	if s.Overdue(m.now) {
		text = append(text, "It was to be gone by "+s.KeepUntil.Local().Format("2 January, 15:04")+".")
	}
	return &choice{
		title: "There is a run to go on with",
		text:  text,
		answers: []answer{
			{"Go on with it", "What is done is checked and not made twice.", func() (dialog, tea.Cmd) { return nil, m.reconnect() }},
			{"Start anew", "What it made is removed first, so that nothing is left behind that costs money.", func() (dialog, tea.Cmd) {
				m.showCleanup()
				return m.confirm(), nil
			}},
		},
	}
}

// reconnect fetches the cluster's credentials where there are messages to follow: an earlier process
// had them, and they are written nowhere.
func (m *Model) reconnect() tea.Cmd {
	if m.unwatch == nil {
		return nil
	}
	return m.run(runStep("credentials"))
}

// azureNames are the resources of a run that Azure knows; what is inside a cluster goes with it.
func azureNames(s actions.Status) string {
	var names []string
	for _, r := range s.Made {
		if strings.HasPrefix(r.ID, "/subscriptions/") {
			names = append(names, oneLine(r.Resource.String()))
		}
	}
	return strings.Join(names, ", ")
}

// refuse tells why a place could not be opened, and asks what now.
func (m *Model) refuse(r refused) tea.Cmd {
	c := &choice{title: r.place.Name, problem: r.problem, answers: []answer{
		{"Try again", "", func() (dialog, tea.Cmd) { return m.opening(r.place), m.opener(r.place) }},
	}}
	if len(m.options.Places) > 1 {
		c.answers = append(c.answers, answer{"Choose another place", "", func() (dialog, tea.Cmd) { return m.askWhere(nil), m.begin() }})
	}
	c.answers = append(c.answers, answer{"Leave", "", func() (dialog, tea.Cmd) { m.left = r.problem; return nil, m.end() }})
	m.dialog = c
	return nil
}

// openingDialog is shown while a place opens, with what the user must do meanwhile.
type openingDialog struct {
	place Place
	told  []string
	leave func() tea.Cmd
}

// opening has the steps shown behind it, which are the same everywhere: there is something to read meanwhile.
func (m *Model) opening(p Place) dialog {
	m.place = &p
	m.list(actions.Steps())
	return &openingDialog{place: p, leave: m.end}
}

// tell shows a word for the user.
func (m *Model) tell(text string) {
	if d, ok := m.dialog.(*openingDialog); ok {
		d.told = append(d.told, clean(text))
		return
	}
	m.notice = oneLine(text)
}

func (d *openingDialog) update(msg tea.Msg) (dialog, tea.Cmd) {
	if key, ok := msg.(tea.KeyPressMsg); ok && (key.String() == "q" || key.String() == "esc") {
		return d, d.leave()
	}
	return d, nil
}

func (d *openingDialog) content(t theme, width, _ int) (title string, lines []string, keys string) {
	text := page{width: width, theme: t}
	text.prose(map[bool]string{
		true:  "Starting Azure, Kubernetes and Kafka on loopback. Nothing there is real, nothing costs anything.",
		false: "Signing in. Nothing is made or changed until you say so.",
	}[d.place.Sandbox])
	for _, told := range d.told {
		text.add("")
		text.prose(told)
	}
	return d.place.Name, text.lines, t.accent.Render("q") + " leave"
}
