package actions

import (
	"context"
	"iter"
	"time"
)

// backoff is a series of pauses, each longer than the one before. Polls start so short that the
// same code is instant against the sandbox, and soon become polite to Azure.
type backoff struct {
	first, limit time.Duration
	factor       float64
}

var (
	polls   = backoff{first: 50 * time.Millisecond, limit: 15 * time.Second, factor: 1.6}
	retries = backoff{first: 500 * time.Millisecond, limit: 30 * time.Second, factor: 2}
)

// pauses yields without end.
func (b backoff) pauses() iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for pause := b.first; yield(pause); {
			pause = min(time.Duration(float64(pause)*b.factor), b.limit)
		}
	}
}

// pause returns early, with the context's error, when it is cancelled.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
