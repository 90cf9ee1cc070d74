package actions

import (
	"context"
	"fmt"
	"time"
)

// maxTransient is how many failures in a row a wait forgives, where trying again may help.
const maxTransient = 5

// Wait polls until check says done, or fails. Meanwhile the step is waiting, for the reason given; the user
// is told when nothing can be asked for a while. It has no end of its own: where patience is limited, the
// context carries the deadline.
func (r *Run) Wait(ctx context.Context, reason string, check func(context.Context) (done bool, err error)) error {
	done, err := check(ctx)
	if err == nil && done || err != nil && !Explain(r.step.ID, err).Retry {
		return err
	}
	defer r.w.waiting(r.step, reason)()
	told := reason
	tell := func(text string) {
		if text != told {
			told = text
			r.w.moved(r.step, Waiting, text)
		}
	}
	start, failures := time.Now(), 0
	for p := range polls.pauses() {
		if err := pause(ctx, p); err != nil {
			return fmt.Errorf("waited %s: %s: %w", time.Since(start).Round(time.Second), reason, err)
		}
		done, err := check(ctx)
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			failures = 0
			tell(reason)
		case failures == maxTransient || !Explain(r.step.ID, err).Retry:
			return err
		default:
			failures++
			r.Logf("%s", Explain(r.step.ID, err))
			tell(Explain(r.step.ID, err).Title + "; asking again")
		}
	}
	return nil
}
