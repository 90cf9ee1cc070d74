package actions

import (
	"context"
	"sync"
	"time"
)

// maxPending is how many records wait for a reader at most.
const maxPending = 1000

// liveQueue collects what the lanes see until it is fetched.
type liveQueue struct {
	ready chan struct{} // holds a token while something is pending

	mu      sync.Mutex
	pending LiveEvent
	sources map[Lane]Source
	// outdated are the pods, by UID, whose evidence does not count any more.
	outdated map[string]bool
}

func newLiveQueue() *liveQueue {
	return &liveQueue{ready: make(chan struct{}, 1), sources: map[Lane]Source{}, outdated: map[string]bool{}}
}

// add makes room by dropping the oldest records, many at once because that is cheaper.
func (q *liveQueue) add(r LiveRecord) {
	q.change(func(e *LiveEvent) {
		if len(e.Records) == maxPending {
			old := e.Records[:maxPending/4]
			for _, dropped := range old {
				e.drop(dropped.Lane, 1)
			}
			e.Records = append(e.Records[:0], e.Records[len(old):]...)
		}
		e.Records = append(e.Records, r)
	})
}

// drop counts records that are not shown.
func (q *liveQueue) drop(lane Lane, n int) {
	if n > 0 {
		q.change(func(e *LiveEvent) { e.drop(lane, n) })
	}
}

func (e *LiveEvent) drop(lane Lane, n int) {
	if e.Dropped == nil {
		e.Dropped = map[Lane]int{}
	}
	e.Dropped[lane] += n
}

// tell says how a lane is read, if that is news.
func (q *liveQueue) tell(lane Lane, s Source) {
	q.mu.Lock()
	known := q.sources[lane] == s
	q.sources[lane] = s
	q.mu.Unlock()
	if known {
		return
	}
	q.change(func(e *LiveEvent) {
		if e.Sources == nil {
			e.Sources = map[Lane]Source{}
		}
		e.Sources[lane] = s
	})
}

// attest passes on what a pod's evidence tells, unless that pod has been dismissed meanwhile.
func (q *liveQueue) attest(pod string, a LiveAttestation) {
	q.change(func(e *LiveEvent) {
		if !q.outdated[pod] {
			e.Attestation = &a
		}
	})
}

// dismiss makes what is known of the attestation unknown: the pod it is about goes. Empty: there is
// none. Once a pod is dismissed, doing so again changes nothing.
func (q *liveQueue) dismiss(pod string) {
	q.change(func(e *LiveEvent) {
		if pod != "" && q.outdated[pod] {
			return
		}
		q.outdated[pod] = pod != ""
		e.Attestation = &LiveAttestation{At: time.Now(), Asking: true}
	})
}

func (q *liveQueue) change(apply func(*LiveEvent)) {
	q.mu.Lock()
	apply(&q.pending)
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

func (q *liveQueue) take() LiveEvent {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := q.pending
	q.pending = LiveEvent{}
	return taken
}

// deliver hands over what is pending, whenever the reader is ready, until the context ends.
func (q *liveQueue) deliver(ctx context.Context, out chan<- LiveEvent) {
	for {
		select {
		case <-q.ready:
		case <-ctx.Done():
			return
		}
		select {
		case out <- q.take(): // held while the reader is busy; what comes meanwhile is pending anew
		case <-ctx.Done():
			return
		}
		if pause(ctx, liveInterval) != nil {
			return
		}
	}
}
