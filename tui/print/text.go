// Package print renders a walkthrough without a screen: calm lines for people, JSON lines for
// programs. It knows the events of actions and nothing else, and does not read the clock.
package print

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cctui/cctui/actions"
)

// TextOptions say what Text shows, and where.
type TextOptions struct {
	Progress io.Writer // what is going on
	Result   io.Writer // what came of it
	Steps    []actions.Step
	Sandbox  bool
	Quiet    bool // the result only
	Verbose  bool // logs and progress, too
	// ProgressColour and ResultColour are for terminals.
	ProgressColour, ResultColour bool
	// Resume and Cleanup are the commands that go on with the run, and that remove what it made;
	// empty where nothing of it stays.
	Resume, Cleanup string
}

// Text writes a line when a step ends or takes long, problems as they come, and the result.
// Its methods may be called side by side.
type Text struct {
	options TextOptions
	titles  map[string]string

	mu    sync.Mutex
	begun bool
	told  bool // a problem was shown, which the result repeats
	steps map[string]*progress
}

// progress is what Text remembers of a step under way.
type progress struct {
	start  time.Time
	detail string // the result worth a place on its line
	state  actions.State
	reason string    // of a wait, or how far it says it is
	since  time.Time // it is in this state
	remind time.Time // when to tell of it next
}

// gone is Done of a step that was undone, in the word that is meant.
const gone actions.State = "removed"

// patience is how long a step takes before it is worth a line. The pauses between lines double.
const patience = 2 * time.Second

// NewText is a Text for one run.
func NewText(o TextOptions) *Text {
	t := &Text{options: o, titles: map[string]string{}, steps: map[string]*progress{}}
	for _, s := range o.Steps {
		t.titles[s.ID] = s.Title
	}
	return t
}

// Event shows an event.
func (t *Text) Event(e actions.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remind(e.When())
	switch e := e.(type) {
	case actions.StepChanged:
		t.stepChanged(e)
	case actions.Progressed:
		t.progressed(e)
	case actions.Logged:
		t.detail(e.Step, e.Text)
	case actions.OutputSet:
		if text, ok := headline(e); ok {
			t.step(e.Step).detail = text
		}
	case actions.ProblemRaised:
		if !t.options.Quiet {
			t.problem(t.progressStyle(), t.options.Progress, e.Problem)
			t.told = true
		}
	case actions.Finished:
		t.result(e.Result)
	}
}

// Tick tells of what takes long, at the time given.
func (t *Text) Tick(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remind(now)
}

func (t *Text) stepChanged(e actions.StepChanged) {
	s := t.step(e.Step)
	switch e.State {
	case actions.Running, actions.Waiting:
		if s.start.IsZero() {
			s.start = e.When()
		}
		s.state, s.reason, s.since, s.remind = e.State, e.Reason, e.When(), e.When().Add(patience)
	case actions.Done, actions.Skipped, actions.Failed, actions.Stale:
		if e.Screen == actions.ScreenCleanup && e.State == actions.Done {
			e.State = gone
		}
		t.line(e.State, e.Step, firstOf(e.Reason, s.detail), elapsed(s.start, e.When()))
		delete(t.steps, e.Step)
	}
}

func (t *Text) progressed(e actions.Progressed) {
	if s := t.step(e.Step); s.state == actions.Running {
		s.reason = percent(e)
	}
	t.detail(e.Step, percent(e))
}

// remind tells of every step that has taken long enough since it was last told of.
func (t *Text) remind(now time.Time) {
	for _, step := range t.options.Steps {
		s := t.steps[step.ID]
		if s == nil || s.state == "" || now.Before(s.remind) {
			continue
		}
		t.line(s.state, step.ID, s.reason, elapsed(s.since, now))
		s.remind = now.Add(max(now.Sub(s.since), patience))
	}
}

// name is a step's id as people read it: short enough for a line of 80 characters.
func name(step string) string { return strings.ReplaceAll(step, "-", " ") }

// line is one line of progress: mark, word, name, detail, clock.
func (t *Text) line(state actions.State, step, detail, clock string) {
	if t.options.Quiet {
		return
	}
	t.begin()
	style := t.progressStyle()
	text := fmt.Sprintf("%s %-21s %-40s %7s", style.state(state), name(step), shorten(oneLine(detail), 40), clock)
	fmt.Fprintln(t.options.Progress, strings.TrimRight(text, " "))
}

func (t *Text) detail(step, text string) {
	if !t.options.Verbose || t.options.Quiet {
		return
	}
	t.begin()
	for line := range strings.Lines(text) {
		fmt.Fprintf(t.options.Progress, "          %-21s %s\n", name(step), strings.TrimRight(line, "\n"))
	}
}

// begin says SANDBOX before anything else is said.
func (t *Text) begin() {
	if t.begun {
		return
	}
	t.begun = true
	if t.options.Sandbox {
		fmt.Fprintln(t.options.Progress, t.progressStyle().bold(sandboxBanner))
	}
}

const sandboxBanner = "SANDBOX: Azure, Kubernetes and Kafka on loopback. Nothing here is real, nothing costs anything."

func (t *Text) step(id string) *progress {
	if t.steps[id] == nil {
		t.steps[id] = &progress{}
	}
	return t.steps[id]
}

func (t *Text) title(id string) string { return firstOf(t.titles[id], id) }

func (t *Text) progressStyle() style { return style{colour: t.options.ProgressColour} }

func percent(e actions.Progressed) string {
	if e.Fraction < 0 {
		return e.Text
	}
	return fmt.Sprintf("%s %.0f %%", e.Text, e.Fraction*100)
}

// headlines are the outputs that are worth a place on a step's line.
var headlines = []string{
	"accountName", "subscriptionName", "cliVersion", "featureState", "quotaFamily", "resourceGroupId", "clusterVersion", "apiServer",
	"poolId", "clientId", "vaultUri", "attestationHost", "measurement", "keyId", "bootstrapServer", "address", "message", "ciphertext",
}

func headline(e actions.OutputSet) (string, bool) {
	text, ok := e.Value.(string)
	if !ok || !slices.Contains(headlines, e.Name) {
		return "", false
	}
	if strings.HasPrefix(text, "/subscriptions/") {
		text = text[strings.LastIndex(text, "/")+1:]
	}
	return text, true
}
