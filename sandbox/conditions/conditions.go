// Package conditions says how the sandbox behaves today: how long things take, and what goes wrong.
package conditions

import (
	"context"
	"time"
)

// Conditions are read by every service of the sandbox.
type Conditions interface {
	// Take waits as long as the named operation takes under the latency profile; ctx ends it early.
	Take(ctx context.Context, operation string) error
	// Duration is how long the named operation takes.
	Duration(operation string) time.Duration
	// Has tells whether a scripted fault is on, and its argument.
	Has(fault string) (argument string, on bool)
}
