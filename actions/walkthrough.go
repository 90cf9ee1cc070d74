package actions

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Options are what a walkthrough is made of.
type Options struct {
	Inputs   Inputs
	Adapters Adapters
	Profile  Profile
	Journal  *Journal // nil: a new one, in memory
	Sandbox  bool     // only told in the result
	// Emit receives the events one at a time. It must not block for long, nor call the walkthrough's
	// methods that run or change something. nil: nobody listens.
	Emit  func(Event)
	Steps []Step // nil: Steps()
}

// Walkthrough takes a subscription from nothing to a decrypted message, and back to nothing.
type Walkthrough struct {
	options Options
	journal *Journal
	steps   []Step
	kube    connection

	running sync.Mutex // held while steps run or are undone, and while inputs change

	mu     sync.Mutex
	inputs Inputs
	stands map[string]*standing
	kept   []Kept

	emitting sync.Mutex

	sent    sentMessages
	watched audience
}

// standing is where a step stands in this process.
type standing struct {
	state State
	// confirmed: this process saw it done. What only the journal says is probed again.
	confirmed bool
	waits     int   // waits under way, side by side
	before    State // what it was when the first of them began
	last      Progressed
	problem   *Problem // why it failed last; nil: it did not, or is tried again
}

// New prepares a walkthrough: a journal that has been used before is taken up where it was left.
// Inputs must be complete (Inputs.WithDefaults) and are refused with Faults.
func New(o Options) (*Walkthrough, error) {
	if o.Journal == nil {
		o.Journal = NewJournal()
	}
	if o.Steps == nil {
		o.Steps = Steps()
	}
	if err := check(o.Steps); err != nil {
		return nil, err
	}
	w := &Walkthrough{
		options: o,
		journal: o.Journal,
		steps:   o.Steps,
		kube:    connection{connector: o.Adapters.Connect},
		stands:  map[string]*standing{},
	}
	w.recall()
	if _, err := w.Edit(o.Inputs); err != nil {
		return nil, err
	}
	return w, nil
}

// recall takes over what the journal says of an earlier process. What was running then is
// pending now; what the user skipped is not asked for again.
func (w *Walkthrough) recall() {
	records := w.journal.read().Steps
	for _, s := range w.steps {
		state := records[s.ID].State
		if state != Done && state != Skipped && state != Stale {
			state = Pending
		}
		w.stands[s.ID] = &standing{state: state, confirmed: records[s.ID].Waived}
	}
}

// Inputs are what the user chose.
func (w *Walkthrough) Inputs() Inputs {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.inputs
}

// Outputs is a copy of the results so far.
func (w *Walkthrough) Outputs() Outputs { return w.journal.read().Outputs }

// Steps are the walkthrough's, each after all it needs.
func (w *Walkthrough) Steps() []Step { return w.steps }

// States tells where each step stands.
func (w *Walkthrough) States() map[string]State {
	w.mu.Lock()
	defer w.mu.Unlock()
	states := make(map[string]State, len(w.stands))
	for id, s := range w.stands {
		states[id] = s.state
	}
	return states
}

// Run carries out every step that this process has not seen done. The error is nil exactly when
// the outcome is Succeeded, and otherwise the result's *Problem.
func (w *Walkthrough) Run(ctx context.Context) (Result, error) {
	return w.run(ctx, w.steps)
}

// RunScreen is Run for the steps of one screen, and what they need.
func (w *Walkthrough) RunScreen(ctx context.Context, screen Screen) (Result, error) {
	var ids []string
	for _, s := range w.steps {
		if s.Screen == screen {
			ids = append(ids, s.ID)
		}
	}
	return w.run(ctx, upstream(w.steps, ids...))
}

// RunStep is Run for one step, and what it needs.
func (w *Walkthrough) RunStep(ctx context.Context, id string) (Result, error) {
	return w.run(ctx, upstream(w.steps, id))
}

func (w *Walkthrough) run(ctx context.Context, steps []Step) (Result, error) {
	w.running.Lock()
	defer w.running.Unlock()
	return w.runUnlocked(ctx, steps)
}

// runUnlocked is run for who holds the lock already.
func (w *Walkthrough) runUnlocked(ctx context.Context, steps []Step) (Result, error) {
	errs := walk(ctx, w.unconfirmed(steps), false, w.carryOut)
	return w.finish(ctx, w.result(), errs)
}

// unconfirmed are the steps that this process has not seen done.
func (w *Walkthrough) unconfirmed(steps []Step) []Step {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return w.stands[s.ID].confirmed })
}

// finish tells how it ended. A failure counts more than an interruption, and the first one most.
func (w *Walkthrough) finish(ctx context.Context, result Result, errs []error) (Result, error) {
	if err := w.journal.flush(); err != nil {
		w.emit(Logged{Text: Sanitize(err.Error(), maxLogText)})
	}
	if len(errs) == 0 {
		result.Outcome = Succeeded
		w.emit(Finished{Result: result})
		return result, nil
	}
	result.Outcome, result.Problem = Interrupted, interrupted(result)
	for _, err := range slices.Backward(errs) {
		var p *Problem
		if errors.As(err, &p) && (p.Class != ClassInterrupted || ctx.Err() == nil) {
			result.Outcome, result.Problem = Failure, p
		}
	}
	w.emit(Finished{Result: result})
	return result, result.Problem
}

func (w *Walkthrough) result() Result {
	doc := w.journal.read()
	r := Result{
		Sandbox:     w.options.Sandbox,
		Run:         doc.Run,
		Message:     Sanitize(doc.Outputs.Message, maxLogText),
		Ciphertext:  Sanitize(doc.Outputs.Ciphertext, maxLogText),
		Attestation: doc.Outputs.Attestation,
		Steps:       map[State]int{},
		Open:        doc.open(),
		Exists:      doc.owned(),
		Waived:      doc.waived(w.steps),
	}
	if len(r.Exists) > 0 {
		r.KeepUntil = doc.keepUntil()
	}
	for _, state := range w.States() {
		r.Steps[state]++
	}
	return r
}
