package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/cctui/cctui/actions"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC // goldens show times of day
	os.Exit(m.Run())
}

// fakeEngine is a walkthrough whose events a test plays. Each of its methods may only be called by a
// command: called from Update or View, it panics.
type fakeEngine struct {
	listener Listener
	drawing  *atomic.Bool

	mu     sync.Mutex
	asked  []string // what was to be run
	inputs actions.Inputs
	board  *board // what was played
	status actions.Status
	stale  []string // what the next edit makes stale
	failed error    // of the next edit, cure, skip, experiment
	ended  chan struct{}

	live    chan actions.LiveEvent
	applied string
}

func (f *fakeEngine) outside() {
	if f.drawing.Load() {
		panic("the engine is called from Update or View")
	}
}

func (f *fakeEngine) Steps() []actions.Step { f.outside(); return actions.Steps() }

func (f *fakeEngine) States() map[string]actions.State {
	f.outside()
	f.mu.Lock()
	defer f.mu.Unlock()
	states := map[string]actions.State{}
	for _, s := range actions.Steps() {
		states[s.ID] = f.board.card(place{step: s.ID}).state
	}
	return states
}

func (f *fakeEngine) Outputs() actions.Outputs {
	f.outside()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.board.known
}

func (f *fakeEngine) play(e actions.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.board.apply(e)
	if end, ok := e.(actions.Finished); ok && len(end.Removed) > 0 {
		f.board = newBoard()
	}
}

func (f *fakeEngine) Inputs() actions.Inputs {
	f.outside()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.inputs
}

func (f *fakeEngine) Locations(context.Context) ([]string, error) {
	f.outside()
	return []string{"eastus", "eastus2", "westeurope"}, f.failed
}

func (f *fakeEngine) Status() actions.Status { f.outside(); return f.status }

func (f *fakeEngine) Run(ctx context.Context) (actions.Result, error) { return f.run(ctx, "all") }

func (f *fakeEngine) RunScreen(ctx context.Context, s actions.Screen) (actions.Result, error) {
	return f.run(ctx, "screen "+string(s))
}

func (f *fakeEngine) RunStep(ctx context.Context, id string) (actions.Result, error) {
	return f.run(ctx, "step "+id)
}

func (f *fakeEngine) RunAgain(ctx context.Context, id string) (actions.Result, error) {
	return f.run(ctx, "again "+id)
}

func (f *fakeEngine) Cure(_ context.Context, step, id string) error {
	f.outside()
	f.ask("cure " + step + " by " + id)
	return f.failed
}

func (f *fakeEngine) Skip(id string) error {
	f.outside()
	f.ask("skip " + id)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed == nil {
		f.board.of(place{step: id}).state = actions.Skipped
		f.status.Steps = append(f.status.Steps, actions.StepStatus{ID: id, State: actions.Skipped, Waived: true})
	}
	return f.failed
}

func (f *fakeEngine) Cleanup(ctx context.Context) (actions.Result, error) {
	return f.run(ctx, "cleanup")
}

func (f *fakeEngine) Edit(in actions.Inputs) ([]string, error) {
	f.outside()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed != nil {
		return nil, f.failed
	}
	f.inputs = in
	for _, id := range f.stale {
		f.board.of(place{step: id}).state = actions.Stale
	}
	return f.stale, nil
}

func (f *fakeEngine) Live(ctx context.Context) <-chan actions.LiveEvent {
	f.outside()
	out := make(chan actions.LiveEvent)
	go func() {
		defer close(out)
		for {
			select {
			case e := <-f.live:
				out <- e
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func (f *fakeEngine) Send(_ context.Context, text string) (actions.Sent, error) {
	f.outside()
	f.ask("send " + text)
	return actions.Sent{Text: "Msg 1: " + text}, nil
}

func (f *fakeEngine) Experiments() []actions.Experiment {
	f.outside()
	return everyExperiment()
}

// guests are machines that do as they are told.
type guests struct{}

func (guests) Debuggable(context.Context, bool) error { return nil }

// everyExperiment is what a walkthrough offers where all of them are possible.
var everyExperiment = sync.OnceValue(func() []actions.Experiment {
	w, err := actions.New(actions.Options{Inputs: actions.Inputs{}.WithDefaults("7f3a01"), Adapters: actions.Adapters{Guests: guests{}}})
	if err != nil {
		panic(err)
	}
	return w.Experiments()
})

func (f *fakeEngine) Experiment() string {
	f.outside()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.applied
}

func (f *fakeEngine) Apply(_ context.Context, id string) (*actions.Problem, error) {
	f.outside()
	f.ask("apply " + id)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.applied = id
	if f.failed != nil {
		return nil, f.failed
	}
	return &actions.Problem{Title: "The measurement is another", Why: "The policy was changed."}, nil
}

func (f *fakeEngine) Restore(context.Context) error {
	f.outside()
	f.ask("restore")
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed == nil {
		f.applied = ""
	}
	return f.failed
}

func (f *fakeEngine) ask(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, what)
}

func (f *fakeEngine) Bundle(context.Context) (string, error) {
	f.outside()
	return "/home/ann/cctui-support.zip", nil
}

// run lasts until the test has played an end, or until it is stopped.
func (f *fakeEngine) run(ctx context.Context, what string) (actions.Result, error) {
	f.outside()
	f.ask(what)
	select {
	case <-f.ended:
	case <-ctx.Done():
		p := &actions.Problem{ID: "interrupted", Title: "Interrupted", Class: actions.ClassInterrupted}
		f.listener.Emit(actions.Finished{Result: actions.Result{Outcome: actions.Interrupted, Problem: p}})
	}
	return actions.Result{}, nil
}

// show drives a model as a person in front of a terminal would. Messages are taken one at a time;
// between them every command runs until it has nothing left to do, in the bubble's time.
type show struct {
	t      *testing.T
	m      *Model
	engine *fakeEngine
	cancel func()

	clock   atomic.Value // time.Time; timers of the screens read it, too
	drawing atomic.Bool
	msgs    chan tea.Msg
	quit    bool
	copied  string
}

// onStage runs a test in a bubble, with a sandbox that opens at once.
func onStage(t *testing.T, width, height int, test func(*show)) {
	t.Helper()
	stagePlaces(t, width, height, func(s *show) []Place {
		return []Place{{Name: "Sandbox", About: "Everything on loopback.", Sandbox: true, Open: s.open}}
	}, test)
}

func stagePlaces(t *testing.T, width, height int, places func(*show) []Place, test func(*show)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &show{t: t, msgs: make(chan tea.Msg, 1000)}
		s.clock.Store(time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC))
		s.engine = &fakeEngine{
			drawing: &s.drawing, ended: make(chan struct{}), live: make(chan actions.LiveEvent),
			inputs: actions.Inputs{}.WithDefaults("7f3a01"), board: newBoard(),
		}
		ctx, cancel := context.WithCancel(t.Context())
		s.cancel = cancel
		s.m = New(ctx, Options{Places: places(s), Now: s.now, Log: "/home/ann/.local/state/cctui/log.jsonl"})
		s.run(s.m.Init())
		time.Sleep(untilDrawn)
		s.send(tea.WindowSizeMsg{Width: width, Height: height})
		defer time.Sleep(time.Minute) // what still waits comes to its end
		defer s.m.stream.end()
		defer cancel()
		test(s)
	})
}

func (s *show) now() time.Time {
	now, _ := s.clock.Load().(time.Time)
	return now
}

func (s *show) open(_ context.Context, l Listener) (Engine, error) {
	s.engine.outside()
	s.engine.listener = l
	return s.engine, nil
}

func (s *show) send(msg tea.Msg) {
	s.settle(msg)
	s.draw()
}

// settle takes a message and all that follows from it.
func (s *show) settle(msg tea.Msg) {
	s.update(msg)
	for {
		synctest.Wait()
		select {
		case msg := <-s.msgs:
			s.update(msg)
		default:
			return
		}
	}
}

func (s *show) update(msg tea.Msg) {
	switch msg := msg.(type) {
	case tea.BatchMsg:
		for _, cmd := range msg {
			s.run(cmd)
		}
		return
	case tea.QuitMsg:
		s.quit = true
		return
	}
	if reflect.TypeOf(msg) == reflect.TypeOf(tea.SetClipboard("")()) {
		s.copied = fmt.Sprint(msg) // the type is tea's own
		return
	}
	s.drawing.Store(true)
	_, cmd := s.m.Update(msg)
	s.drawing.Store(false)
	s.run(cmd)
}

func (s *show) draw() {
	s.drawing.Store(true)
	defer s.drawing.Store(false)
	s.m.View()
}

func (s *show) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		if msg := cmd(); msg != nil {
			s.msgs <- msg
		}
	}()
}

// press presses keys, by the names tea has for them.
func (s *show) press(keys ...string) {
	for _, key := range keys {
		s.send(keyPress(key))
	}
}

// specialKeys are those that stand for no character.
var specialKeys = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift},
	"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
	"pgdown": {Code: tea.KeyPgDown}, "pgup": {Code: tea.KeyPgUp}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+u": {Code: 'u', Mod: tea.ModCtrl},
	"space": {Code: tea.KeySpace, Text: " "},
}

func keyPress(key string) tea.KeyPressMsg {
	if special, ok := specialKeys[key]; ok {
		return special
	}
	return tea.KeyPressMsg{Code: []rune(key)[0], Text: key}
}

// type types a text.
func (s *show) typeText(text string) {
	for _, r := range text {
		s.press(string(r))
	}
}

// play emits recorded events up to and including the first that fits; nil: all.
func (s *show) play(recording string, until func(actions.Event) bool) {
	s.t.Helper()
	defer s.draw() // once: hundreds of frames would be drawn for nobody
	for _, e := range recorded(s.t, recording) {
		s.clock.Store(e.When())
		s.emit(e)
		if until != nil && until(e) {
			return
		}
	}
	if until != nil {
		s.t.Fatalf("the recording %s has no such event", recording)
	}
}

// emit tells an event as the engine would.
func (s *show) emit(e actions.Event) {
	s.engine.play(e)
	s.engine.listener.Emit(e)
	if _, end := e.(actions.Finished); end {
		s.finish()
	}
	s.settle(nil)
}

// finish lets the engine's run return.
func (s *show) finish() {
	select {
	case s.engine.ended <- struct{}{}:
	default:
	}
}

// recorded is a stream of events that the walkthrough emitted in the sandbox. The line renderers are
// tested with the same.
func recorded(t testing.TB, name string) (events []actions.Event) {
	t.Helper()
	stream, err := os.ReadFile("print/testdata/" + name + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(stream)) {
		e, err := actions.DecodeEvent([]byte(strings.TrimSpace(line)))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// moved fits the event with which a step enters a state.
func moved(step string, state actions.State) func(actions.Event) bool {
	return func(e actions.Event) bool {
		change, ok := e.(actions.StepChanged)
		return ok && change.Step == step && change.State == state
	}
}

// screen is what the terminal shows, without its colours.
func (s *show) screen() string { return ansi.Strip(s.m.View().Content) }

func (s *show) sees(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if !strings.Contains(s.screen(), text) {
			s.t.Fatalf("the screen does not say %q:\n%s", text, s.screen())
		}
	}
}

var errRefused = errors.New("AADSTS7000215: Invalid client secret provided")
