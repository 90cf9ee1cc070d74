package actions

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// endurance is how much longer than the user's patience one try of a step may take in all: two hours
// as a rule. Azure's slowest operations end within half an hour, and by then have long failed.
const endurance = 6

// leastLimit is for a machine that is busy with other things, however little patience the user has.
const leastLimit = 30 * time.Second

// errLimit tells that one try of a step took as long as any may.
var errLimit = errors.New("the step has taken as long as it may")

// inTime bounds one try of a step, whatever it waits for: not everything that begins in Azure ends.
func (w *Walkthrough) inTime(ctx context.Context, s Step, try func(context.Context, Step) (bool, error)) (skipped bool, err error) {
	limit := max(endurance*w.Inputs().Patience, leastLimit)
	bounded, cancel := context.WithTimeoutCause(ctx, limit, errLimit)
	defer cancel()
	skipped, err = try(bounded, s)
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(bounded), errLimit) {
		return false, tooLong(w.journal.openOf(s.ID), limit, err)
	}
	return skipped, err
}

// tooLong leaves the operation alone: nobody but the user can tell whether it still has a chance.
func tooLong(open []Resource, limit time.Duration, err error) error {
	p := &Problem{
		ID: "too-long", Title: fmt.Sprintf("The step has not come to an end within %s", limit),
		Why:    "Nothing of the walkthrough takes that long, so cctui stopped waiting.",
		Remedy: []string{"Run the same command again: it goes on where it stopped.", "If things are slow here, give it more time with --patience: a step may take six times as long."},
		Raw:    Sanitize(err.Error(), maxRaw),
	}
	names := azureNames(open)
	if names == "" {
		return p
	}
	p.Title = fmt.Sprintf("Azure is still at work on %s after %s", names, limit)
	p.Why += " Azure has not stopped: what it works on exists, or will, and may cost money."
	p.Remedy = append([]string{"See what Azure says of it. Once it has ended there, run the same command again."}, p.Remedy...)
	p.Remedy = append(p.Remedy, "If it never ends, cctui cleanup removes it; where Azure refuses that because it is busy, ask its support to abort the operation.")
	for _, res := range open {
		if res.inAzure() {
			p.Commands = append(p.Commands, sh("az", "resource", "show", "--ids", res.ID, "--query", "properties.provisioningState"))
		}
	}
	return p
}
