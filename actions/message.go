package actions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cctui/cctui/kafka"
	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/skr"
)

func message() Step {
	return Step{
		ID: "message", Screen: ScreenDeployment, Title: "See the decrypted message",
		Why:     "What the consumer shows it can only have read with the released key.",
		Needs:   []string{"invariants"},
		Typical: 30 * time.Second,
		Commands: func(in Inputs) []string {
			if in.Expose == ExposeCluster {
				return []string{untilMessage(readPage(in.Namespace, consumerService))}
			}
			address := capture("CONSUMER_ADDRESS", "kubectl", "get", "svc", consumerService, "-n", in.Namespace, "--output", "jsonpath={.status.loadBalancer.ingress[0].ip}")
			return []string{
				"until " + address + ` && test -n "${CONSUMER_ADDRESS}"; do sleep 5; done`,
				untilMessage(sh("curl", "--silent", "--fail", "http://"+variable("CONSUMER_ADDRESS")+"/")),
			}
		},
		Run: runMessage,
	}
}

const (
	// maxRestarts is how often the consumer's pod is restarted for a cause that a restart cures.
	maxRestarts = 2
	// silenceLimit is how long pages may come without a message. A page waits 10 s, and the
	// producer rests up to 12 s, so one or two in a row are nothing unusual.
	silenceLimit = 3 * time.Minute
	// pageLimit is how long a consumer that answers nothing sensible is waited for.
	pageLimit = 10 * time.Minute
)

func runMessage(ctx context.Context, r *Run) error {
	k, err := r.Kube(ctx)
	if err != nil {
		return err
	}
	w := &watcher{r: r, k: k, began: time.Now()}
	err = within(ctx, pageLimit+r.Inputs().Patience, func(ctx context.Context) error {
		return w.watch(ctx, func(ctx context.Context) error {
			return r.Wait(ctx, "the consumer shows the first decrypted message", w.look)
		})
	})
	if errors.Is(err, errPatience) {
		return noMessage(r, w.seen, err)
	}
	return err
}

// watcher looks at the consumer's page until it shows the message, and mends what it can.
type watcher struct {
	r        *Run
	k        Kube
	began    time.Time
	silent   time.Time // since when pages come without a message; zero: the last one had one
	restarts int
	seen     string // the last thing the page said, for people
	done     bool
}

// watch waits for each consumer anew, at first closely: its log soon forgets how it asked for the key.
func (w *watcher) watch(ctx context.Context, wait func(context.Context) error) error {
	for p := range polls.pauses() {
		if err := wait(ctx); err != nil || w.done {
			return err
		}
		if err := pause(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// look is through with a consumer that showed the message, or was restarted.
func (w *watcher) look(ctx context.Context) (through bool, err error) {
	page, err := w.k.ServicePage(ctx, w.r.Inputs().Namespace, consumerService, pagePort, "/")
	if err != nil {
		// A pod that is ready may still not listen, and a proxied request may break off with it.
		w.seen = Sanitize(err.Error(), maxLine)
		return false, w.silence(ctx)
	}
	now := judgePage(page)
	w.seen = Sanitize(now.text, maxLine)
	switch now.kind {
	case pageDecrypted:
		w.silent = time.Time{}
		return w.decrypted(ctx, now.text)
	case pageCiphertext:
		w.silent = time.Time{}
		err := w.ciphertext(ctx)
		return err == nil, err
	case pageUnreadable: // the consumer has a key, so which one is the question
		if err := CheckInvariants(ctx, w.r); err != nil {
			return false, err
		}
	}
	return false, w.silence(ctx)
}

// decrypted waits on where the text is not the chosen one: a message of an earlier run, still in the topic.
func (w *watcher) decrypted(ctx context.Context, text string) (bool, error) {
	if _, chosen, _ := kafka.ParseMessage(text); chosen != w.r.Inputs().Message {
		return false, nil
	}
	reason := attested(w.r, gather(ctx, w.r, w.k))
	w.done = true
	return true, w.r.Update(func(o *Outputs) { o.Message, o.Attestation = Sanitize(text, maxLogText), reason })
}

// silence is no news from the consumer. After a while it is asked why.
func (w *watcher) silence(ctx context.Context) error {
	if w.silent.IsZero() {
		w.silent = time.Now()
	}
	if time.Since(w.silent) < min(silenceLimit, w.r.Inputs().Patience) {
		return nil
	}
	if err := CheckInvariants(ctx, w.r); err != nil {
		return err
	}
	err := within(ctx, time.Minute, func(ctx context.Context) error {
		_, err := w.k.WaitPod(ctx, w.r.Inputs().Namespace, consumerPod, func(kube.Pod) {})
		return err
	})
	if err != nil {
		return fmt.Errorf("look why the consumer is silent: %w", err)
	}
	return noMessage(w.r, w.seen, nil)
}

// ciphertext is a consumer without the key. It asked once and will not ask again, so whatever the
// cause was, only a restart shows whether it has passed.
func (w *watcher) ciphertext(ctx context.Context) error {
	v := diagnose(ctx, w.r, gather(ctx, w.r, w.k))
	mayPass := map[help]bool{
		restartOnly: w.restarts < maxRestarts,
		tryAgain:    w.restarts < maxTries,
		patience:    time.Since(w.began) < w.r.Inputs().Patience,
	}
	if !mayPass[v.help] {
		return v.problem
	}
	w.restarts++
	w.r.Logf("Restarting the consumer (%d): %s", w.restarts, v.reason)
	return startConsumer(ctx, w.r, w.k)
}

func noMessage(r *Run, seen string, cause error) error {
	p := &Problem{
		ID: "no-messages", Title: "The consumer shows no decrypted message",
		Why: "Everything that can be compared fits together, but no message arrives. The page says: " + Sanitize(seen, maxLine),
		Remedy: []string{
			"See whether the producer sends and whether Kafka is ready.",
			"Run again: the step goes on looking.",
		},
		Commands: []string{
			sh("kubectl", "logs", producerPod, "--namespace", r.Inputs().Namespace),
			sh("kubectl", "get", "kafka,pods", "--namespace", r.Inputs().Namespace),
		},
	}
	if cause != nil {
		p.Raw = Sanitize(cause.Error(), maxRaw)
	}
	return p
}

// ephemeralClaim is the wrapping key of one release: long, and of no meaning afterwards.
const ephemeralClaim = "x-ms-runtime"

// attested is why the key was released: the claims of the token, where the sidecar's log shows it,
// else those that the vault demanded, without which it would have kept the key.
func attested(r *Run, e evidence) *Attestation {
	out, demanded := r.Outputs(), releasePolicy(r)
	a := &Attestation{Authority: out.Authority, KeyID: out.KeyID, Claims: demanded.claims(), Evidence: "release policy"}
	issuer := out.Authority
	if e.token != nil {
		a.Claims, a.Evidence, issuer = map[string]any{}, "token", e.token.Issuer()
		for claim, value := range e.token.Claims {
			if claim != ephemeralClaim {
				a.Claims[claim] = value
			}
		}
	}
	policy, err := skr.ParseReleasePolicy([]byte(out.ReleasePolicy))
	if err != nil {
		r.Logf("%s", fmt.Sprintf("the stored release policy cannot be read: %v", err))
		return a
	}
	a.Checks = policy.Explain(issuer, a.Claims).Checks
	return a
}
