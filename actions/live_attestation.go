package actions

import (
	"context"
	"time"
)

// LiveAttestation is how the confidential consumer's last attempt to get the key went.
type LiveAttestation struct {
	At time.Time // when it was seen to be so
	// Attested: the attestation service believed the pod's report and gave it a token.
	Attested bool
	Released bool
	// Reason holds each claim against the release policy. Without a token it says what the vault
	// demanded; nil where neither is known.
	Reason *Attestation
	// Problem is why the key was refused; nil where it was released.
	Problem *Problem
}

// doubt asks for a new look at the attestation; only the newest question counts.
func (l *live) doubt(r Reading) {
	for {
		select {
		case l.doubts <- r:
			return
		case <-l.doubts:
		}
	}
}

// judge explains what the confidential consumer shows, whenever that changes.
func (l *live) judge(ctx context.Context) {
	for {
		select {
		case reading := <-l.doubts:
			if a, known := l.w.attestation(ctx, reading); known {
				l.queue.attest(a)
			}
		case <-ctx.Done():
			return
		}
	}
}

// attestation tells why a message could be read, or could not.
func (w *Walkthrough) attestation(ctx context.Context, r Reading) (LiveAttestation, bool) {
	k, err := w.kube.connect(ctx)
	if err != nil {
		return LiveAttestation{}, false
	}
	run := w.observer()
	e := gather(ctx, run, k)
	a := LiveAttestation{At: time.Now(), Attested: e.token != nil, Released: r == ReadPlaintext || r == ReadNothing}
	if a.Released || a.Attested {
		a.Reason = attested(run, e)
	}
	switch {
	case a.Released:
		a.Attested = true // without a token there is no key
	case r == ReadCiphertext:
		a.Problem = Explain("message", refusal(ctx, run, e).problem).named(w.Inputs())
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
