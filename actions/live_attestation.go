package actions

import (
	"context"
	"errors"
	"time"
)

// LiveAttestation is how the confidential consumer's last attempt to get the key went.
type LiveAttestation struct {
	At time.Time // when it was seen to be so
	// Asking: the consumer is being started anew, and how that goes is not known yet. Nothing else
	// is told then.
	Asking bool
	// Attested: the attestation service believed the pod's report and gave it a token.
	Attested bool
	Released bool
	// Reason holds each claim against the release policy. Without a token it says what the vault
	// demanded; nil where neither is known.
	Reason *Attestation
	// Problem is why the key was refused; nil where it was released.
	Problem *Problem
}

// doubt is what the confidential consumer shows, and what its log said before: at its end the log
// may have forgotten.
type doubt struct {
	pod     string // UID
	reading Reading
	heard   string
}

// ask has the attestation looked at; only the newest question counts.
func (l *live) ask(d doubt) {
	for {
		select {
		case l.doubts <- d:
			return
		case <-l.doubts:
		}
	}
}

// judge explains what the confidential consumer shows, whenever that changes.
func (l *live) judge(ctx context.Context) {
	for {
		select {
		case d := <-l.doubts:
			if a, known := l.w.attestation(ctx, d); known {
				l.queue.attest(d.pod, a)
			} else if pause(ctx, time.Second) == nil {
				l.askAgain(d)
			}
		case <-ctx.Done():
			return
		}
	}
}

// askAgain gives way to a newer question.
func (l *live) askAgain(d doubt) {
	select {
	case l.doubts <- d:
	default:
	}
}

// attestation tells why a message could be read, or could not; false where something cannot be
// read at the moment, as while a pod is being replaced.
func (w *Walkthrough) attestation(ctx context.Context, d doubt) (LiveAttestation, bool) {
	k, err := w.kube.connect(ctx)
	if err != nil {
		return LiveAttestation{}, false
	}
	run := w.observer()
	e := gather(ctx, run, k)
	if pod, err := k.Pod(ctx, w.Inputs().Namespace, consumerPod); err != nil || pod.UID != d.pod {
		return LiveAttestation{}, false // whose evidence that is, nobody knows
	}
	if e.refusal == nil {
		e.listen(d.heard)
	}
	a := LiveAttestation{At: time.Now(), Attested: e.token != nil, Released: d.reading == ReadPlaintext || d.reading == ReadNothing}
	if a.Released || a.Attested {
		a.Reason = attested(run, e)
	}
	switch {
	case a.Released:
		a.Attested = true // without a token there is no key
	case d.reading == ReadCiphertext:
		if errors.As(refusal(ctx, run, e).problem, &a.Problem) {
			a.Problem = Explain("message", a.Problem).named(w.Inputs())
		}
	}
	return a, a.Released || a.Problem != nil
}

// refusal is why the consumer has no key. What the token says comes first: it is what the vault
// saw. The rest is compared only where that does not explain it.
func refusal(ctx context.Context, r *Run, e evidence) verdict {
	if e.token != nil {
		if err := explainToken(r.Outputs(), *e.token); err != nil {
			return verdict{problem: err}
		}
	}
	return diagnose(ctx, r, e)
}
