package actions

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/cctui/cctui/azure"
)

// errPatience tells that something did not happen within the time it was given.
var errPatience = errors.New("it took too long")

// within bounds a wait that has no end of its own. Where the time is up, the error is errPatience.
func within(ctx context.Context, limit time.Duration, wait func(context.Context) error) error {
	bounded, cancel := context.WithTimeoutCause(ctx, limit, errPatience)
	defer cancel()
	err := wait(bounded)
	if err != nil && context.Cause(bounded) == errPatience {
		return fmt.Errorf("%w (%s): %w", errPatience, limit, err)
	}
	return err
}

// forbidden tells a refusal for want of a role. It need not last: a new role takes its time.
func forbidden(err error) bool {
	var refusal *azure.Error
	return errors.As(err, &refusal) && refusal.Status == 403
}

// unknownHost tells that a name is not, or not yet, in DNS.
func unknownHost(err error) bool {
	var lookup *net.DNSError
	return errors.As(err, &lookup) && lookup.IsNotFound
}

// untilAllowed repeats an action until a role that was assigned is in effect.
func untilAllowed(ctx context.Context, r *Run, reason string, action func(context.Context) error) error {
	var refusal error
	err := within(ctx, r.Inputs().Patience, func(ctx context.Context) error {
		return r.Wait(ctx, reason, func(ctx context.Context) (bool, error) {
			err := action(ctx)
			if forbidden(err) || unknownHost(err) {
				refusal = err // what is told in the end, not that the last try came too late
				return false, nil
			}
			return err == nil, err
		})
	})
	if errors.Is(err, errPatience) && refusal != nil {
		return fmt.Errorf("%w: %w", errPatience, refusal)
	}
	return err
}

// provisioning states of Resource Manager that end an operation.
const (
	succeeded = "Succeeded"
	failed    = "Failed"
	canceled  = "Canceled"
)

// checkState is nil for a resource that stands, and tells the state of one that came to nothing.
func checkState(what Resource, state string) error {
	if state == succeeded {
		return nil
	}
	return &Problem{
		ID:    "provisioning-failed",
		Title: fmt.Sprintf("The %s is in state %s", what, state),
		Why:   "Azure began to make or change it and did not succeed. Its activity log says why.",
		Remedy: []string{
			"Look at the activity log for the reason.",
			"Remove it with cctui cleanup and start again, or choose another name.",
		},
		Commands: []string{"az monitor activity-log list --resource-id " + what.ID + " --status Failed --output table"},
	}
}

// underWay tells whether an operation changes the resource right now.
func underWay(state string) bool {
	return state != succeeded && state != failed && state != canceled && state != ""
}
