package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cctui/cctui/kube"
)

// Experiment breaks one thing on purpose, so that an audience sees the refusal. Each can be taken back.
type Experiment struct {
	ID    string
	Title string // as on a menu
	Sees  string // what the audience sees, and why
	// Apply prepares the experiment and returns the consumer's manifest for it.
	Apply func(context.Context, *Run) (manifest []byte, err error)
	// Restore takes back what Apply changed apart from the consumer, which is started anew in any
	// case; it succeeds where nothing is left to take back. nil: nothing.
	Restore func(context.Context, *Run) error
	// possible is nil where it can be done anywhere.
	possible func(Adapters) bool
}

// Experiments are those that are possible where the walkthrough takes place.
func (w *Walkthrough) Experiments() []Experiment {
	return slices.DeleteFunc(experiments(), func(e Experiment) bool {
		return e.possible != nil && !e.possible(w.options.Adapters)
	})
}

// Experiment is the one that is applied, or was half applied when a process died; empty: none.
func (w *Walkthrough) Experiment() string { return w.journal.read().Experiment }

// Apply carries out an experiment: it starts the consumer anew and returns how it was refused. The
// error says why there is no refusal: the experiment could not be carried out, or, which must not
// be, the key was released all the same. In any case Restore makes things good again.
func (w *Walkthrough) Apply(ctx context.Context, id string) (*Problem, error) {
	w.running.Lock()
	defer w.running.Unlock()
	refusal, err := w.apply(ctx, id)
	if err != nil {
		w.note("The experiment %s failed: %v", id, err)
		return nil, err
	}
	w.note("The experiment %s was refused: %v", id, refusal)
	return refusal, nil
}

// note keeps what becomes of experiments with the step whose pod they are about.
func (w *Walkthrough) note(format string, args ...any) {
	w.emit(Logged{Step: "consumer", Text: Sanitize(fmt.Sprintf(format, args...), maxLogText)})
}

func (w *Walkthrough) apply(ctx context.Context, id string) (*Problem, error) {
	e, err := w.choose(id)
	if err != nil {
		return nil, err
	}
	r, k, err := w.stage(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.journal.change(func(d *document) { d.Experiment = id }); err != nil {
		return nil, err
	}
	if err := dismissConsumer(ctx, r, k); err != nil {
		return nil, err
	}
	manifest, err := e.Apply(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("prepare the experiment: %w", err)
	}
	return (&attempt{r: r, k: k, manifest: manifest}).refused(ctx)
}

// choose finds an experiment that may be applied now.
func (w *Walkthrough) choose(id string) (Experiment, error) {
	all := w.Experiments()
	i := slices.IndexFunc(all, func(e Experiment) bool { return e.ID == id })
	if i < 0 {
		return Experiment{}, fmt.Errorf("there is no experiment %q here", id)
	}
	if applied := w.Experiment(); applied != "" && applied != id {
		return Experiment{}, fmt.Errorf("the experiment %q is still applied: restore first", applied)
	}
	return all[i], nil
}

// stage is what experiments need: the consumer's step, for what they start is its, and the cluster.
func (w *Walkthrough) stage(ctx context.Context) (*Run, Kube, error) {
	i := slices.IndexFunc(w.steps, func(s Step) bool { return s.ID == "consumer" })
	if i < 0 || w.Outputs().ConsumerManifest == "" {
		return nil, nil, errors.New("there is no consumer yet: run the walkthrough first")
	}
	r := &Run{w: w, step: w.steps[i]}
	k, err := r.Kube(ctx)
	if errors.Is(err, ErrNoKubeconfig) {
		k, err = reconnect(ctx, r)
	}
	return r, k, err
}

// dismissConsumer lets nobody believe any longer what the consumer that goes now has shown.
func dismissConsumer(ctx context.Context, r *Run, k Kube) error {
	pod, err := k.Pod(ctx, r.Inputs().Namespace, consumerPod)
	if err != nil && !kube.IsNotFound(err) {
		return fmt.Errorf("look for pod %s: %w", consumerPod, err)
	}
	r.w.watched.dismiss(pod.UID)
	return nil
}

// Restore takes back what was applied, starts the consumer anew as the walkthrough does, and returns
// when it shows a decrypted message again. It can be repeated, and in another process.
func (w *Walkthrough) Restore(ctx context.Context) error {
	w.running.Lock()
	defer w.running.Unlock()
	err := w.putBack(ctx)
	if err != nil {
		w.note("Putting back what the experiment broke failed: %v", err)
	}
	return err
}

func (w *Walkthrough) putBack(ctx context.Context) error {
	r, k, err := w.stage(ctx)
	if err != nil {
		return err
	}
	if err := dismissConsumer(ctx, r, k); err != nil {
		return err
	}
	if err := restore(ctx, r, k); err != nil {
		return Explain("consumer", err).named(w.Inputs())
	}
	watcher := &watcher{r: r, k: k, began: time.Now()}
	err = within(ctx, pageLimit+r.Inputs().Patience, func(ctx context.Context) error {
		return watcher.watch(ctx, func(ctx context.Context) error { return until(ctx, watcher.look) })
	})
	if errors.Is(err, errPatience) {
		err = noMessage(r, watcher.seen, err)
	}
	if err != nil {
		return Explain("message", err).named(w.Inputs())
	}
	return nil
}

// restore starts the consumer as the walkthrough wants it.
func restore(ctx context.Context, r *Run, k Kube) error {
	if err := endExperiment(ctx, r); err != nil {
		return err
	}
	if err := startConsumer(ctx, r, k); err != nil {
		return err
	}
	if r.w.Experiment() == "" {
		return nil
	}
	return r.w.journal.change(func(d *document) { d.Experiment = "" })
}

// endExperiment takes back what the applied experiment changed apart from the consumer.
func endExperiment(ctx context.Context, r *Run) error {
	applied := r.w.Experiment()
	for _, e := range r.w.Experiments() {
		if e.ID != applied || e.Restore == nil {
			continue
		}
		if err := e.Restore(ctx, r); err != nil {
			return fmt.Errorf("take back the experiment %s: %w", e.ID, err)
		}
	}
	return nil
}

// attempt is a consumer that must not get the key.
type attempt struct {
	r        *Run
	k        Kube
	manifest []byte
	restarts int
	problem  error
}

// refused starts the consumer and returns why it gets no key. A pod that does not even start is
// refused too: its own policy forbids it.
func (a *attempt) refused(ctx context.Context) (*Problem, error) {
	err := start(ctx, a.r, a.k, consumerPod, a.manifest)
	if err == nil {
		limit := pageLimit + a.r.Inputs().Patience
		err = within(ctx, limit, a.watch)
	}
	if pod := (*kube.PodError)(nil); errors.As(err, &pod) {
		a.problem, err = err, nil
	}
	if err != nil {
		return nil, err
	}
	return Explain("message", a.problem).named(a.r.Inputs()), nil
}

// watch looks closely at each consumer: its log soon forgets how it asked for the key.
func (a *attempt) watch(ctx context.Context) error {
	for a.problem == nil {
		if err := until(ctx, a.look); err != nil {
			return err
		}
	}
	return nil
}

// look is through with a consumer that was refused, or started once more.
func (a *attempt) look(ctx context.Context) (through bool, err error) {
	page, err := a.k.ServicePage(ctx, a.r.Inputs().Namespace, consumerService, pagePort, "/")
	if err != nil {
		return false, nil // it may not listen yet
	}
	now := judgePage(page)
	switch now.kind {
	case pageDecrypted:
		return false, notRefused(now.text)
	case pageCiphertext:
		err := a.explain(ctx)
		return err == nil, err
	}
	return false, nil
}

// explain starts the consumer once more where it failed by chance, for that is no refusal.
func (a *attempt) explain(ctx context.Context) error {
	v := refusal(ctx, a.r, gather(ctx, a.r, a.k))
	if v.help == restartOnly && a.restarts < maxRestarts {
		a.restarts++
		if err := dismissConsumer(ctx, a.r, a.k); err != nil {
			return err
		}
		return start(ctx, a.r, a.k, consumerPod, a.manifest)
	}
	a.problem = v.problem
	return nil
}

// notRefused would mean that the demonstration proves nothing.
func notRefused(text string) error {
	return &Problem{
		ID: "experiment-not-refused", Title: "The key was released all the same", Class: ClassFailed,
		Why:    "The consumer shows " + Sanitize(text, maxLine) + ", and must not be able to.",
		Remedy: []string{"Restore, and check the key's release policy: run again from the step key (--from key)."},
	}
}

// until polls, but tells no listener: an experiment is not a step.
func until(ctx context.Context, check func(context.Context) (done bool, err error)) error {
	for p := range polls.pauses() {
		if done, err := check(ctx); done || err != nil {
			return err
		}
		if err := pause(ctx, p); err != nil {
			return err
		}
	}
	return nil
}
