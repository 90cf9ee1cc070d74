package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/tui/live"
)

// Model is the root of the program.
type Model struct {
	options Options
	ctx     context.Context // of what runs
	stream  *stream
	layout  layout
	theme   theme
	on      background
	colours colorprofile.Profile
	now     time.Time // moves with the tick, so that what is drawn follows from messages alone
	ticking bool

	place  *Place
	engine Engine // nil until a place is open; called by commands only
	steps  []actions.Step
	plan   map[string]actions.PlannedStep // by step
	inputs actions.Inputs
	status actions.Status
	board  *board
	reads  int // how often the engine was asked where it stands
	known  int // which of the answers is the oldest that still counts

	screens   []screen
	screen    int         // the one shown
	chosen    map[int]int // step chosen, by screen
	scroll    int         // of the details
	following bool        // the run's progress chooses screen and step
	running   *running    // nil: nothing is under way
	last      request     // what ran last, to try it again
	result    *actions.Result
	leaving   bool

	pane        *live.Model
	unwatch     func() // ends following the messages; nil: they are not followed
	presenting  bool   // the messages have the whole screen
	redrawing   bool
	flowing     bool          // what came last changed nothing beside the messages; a view follows each
	drawn       *surroundings // of the last view
	experiments []actions.Experiment
	applied     string // id of the experiment that has not been taken back; empty: none

	dialog dialog // takes the keys while it is there
	notice string // one line for the user, until the next key
	left   error  // what the program ends with
}

// New is the program's model.
func New(ctx context.Context, o Options) *Model {
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Model{
		options: o, ctx: ctx, stream: newStream(), now: o.Now(),
		colours: colorprofile.TrueColor,
		board:   newBoard(), screens: screens(), chosen: map[int]int{},
	}
	m.pane = live.New(o.Now)
	m.look()
	m.start()
	return m
}

// Init asks for what the terminal knows, and begins to listen.
func (m *Model) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, m.stream.next, m.cancelled(), m.begin())
}

// tick is the time.
type tick time.Time

// cancelledFromOutside is the end of the program's context.
type cancelledFromOutside struct{}

func (m *Model) cancelled() tea.Cmd {
	ctx := m.ctx
	return func() tea.Msg {
		<-ctx.Done()
		return cancelledFromOutside{}
	}
}

// end ends the program.
func (m *Model) end() tea.Cmd {
	m.stream.end()
	return tea.Quit
}

// Update takes in a message.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := m.take(msg)
	switch msg.(type) {
	case seen, redraw:
		m.flowing = true
	default:
		m.flowing = false
	}
	return m, tea.Batch(cmd, m.keepTime(), m.keepDrawing())
}

func (m *Model) take(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.arrange(msg.Width, msg.Height)
	case tea.BackgroundColorMsg:
		m.on = map[bool]background{true: backgroundDark, false: backgroundLight}[msg.IsDark()]
		m.look()
	case tea.EnvMsg:
		if m.on == backgroundUnknown {
			m.on = backgroundOf(msg.Getenv("COLORFGBG"))
			m.look()
		}
	case tea.ColorProfileMsg:
		m.colours = msg.Profile
		m.look()
	case tick:
		m.now, m.ticking = time.Time(msg), false
	case batch:
		return m.takeBatch(msg)
	case opened:
		return m.open(msg)
	case refused:
		return m.refuse(msg)
	case remembered:
		return m.remember(msg)
	case refreshed:
		m.takeRead(msg)
	case edited:
		return m.takeEdit(msg)
	case located:
		if f, editing := m.dialog.(*form); editing {
			f.locations = msg
			f.check()
		}
	case skipped:
		m.takeSkip(msg)
	case cured:
		return m.takeCure(msg)
	case bundled:
		m.notice = msg.notice
	case seen:
		m.pane.Update(msg.event)
		return await(msg.from)
	case redraw:
		m.redrawing = false
	case sent:
		m.notice = msg.notice
	case tried:
		return m.takeTrial(msg)
	case cancelledFromOutside:
		return m.leave()
	case tea.KeyPressMsg, tea.PasteMsg, tea.MouseMsg:
		return m.takeInput(msg)
	}
	return nil
}

// look takes over how the terminal wants things to look.
func (m *Model) look() {
	m.theme = newTheme(m.on, m.colours)
	t := m.theme
	m.pane.Restyle(live.Style{Strong: t.strong, Muted: t.muted, Accent: t.accent, Good: t.good, Warn: t.warn, Bad: t.bad})
}

// arrange computes the layout of the screen in front.
func (m *Model) arrange(width, height int) {
	m.layout = arrange(width, height, len(m.listed()), m.unwatch != nil)
}

func (m *Model) takeBatch(b batch) tea.Cmd {
	m.now = m.options.Now()
	cmds := []tea.Cmd{m.stream.next}
	moved := false
	for _, msg := range b {
		switch msg := msg.(type) {
		case happened:
			cmds = append(cmds, m.happened(msg.Event))
			_, changed := msg.Event.(actions.StepChanged)
			moved = moved || changed
		case told:
			m.tell(string(msg))
		case asked:
			m.ask(msg)
		}
	}
	if m.following {
		m.follow()
	}
	if moved && m.engine != nil {
		cmds = append(cmds, m.reread())
	}
	return tea.Batch(append(cmds, m.mind())...)
}

// takeInput gives keys and mouse to the dialog, if there is one.
func (m *Model) takeInput(msg tea.Msg) tea.Cmd {
	switch key := msg.(type) {
	case tea.KeyPressMsg:
		m.notice = ""
		if key.String() == "ctrl+c" {
			return m.interrupt()
		}
		key.Text = clean(key.Text)
		msg = key
	case tea.PasteMsg:
		msg = tea.PasteMsg{Content: oneLine(key.Content)}
	}
	if m.dialog != nil {
		var cmd tea.Cmd
		m.dialog, cmd = m.dialog.update(msg)
		return cmd
	}
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return m.press(msg.String())
	case tea.MouseClickMsg:
		return m.click(msg.X, msg.Y)
	case tea.MouseWheelMsg:
		m.wheel(msg)
	}
	return nil
}

// keepTime has a tick under way while something is running.
func (m *Model) keepTime() tea.Cmd {
	if m.running == nil || m.ticking {
		return nil
	}
	m.ticking = true
	now := m.options.Now
	return tea.Tick(time.Second/4, func(time.Time) tea.Msg { return tick(now()) })
}
