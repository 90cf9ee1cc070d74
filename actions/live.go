package actions

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Lane is a place where a message can be looked at.
type Lane string

// The lanes. The broker's shows what lies on the topic, the others what a consumer makes of it.
const (
	LaneBroker       Lane = "broker"
	LaneConfidential Lane = "confidential"
	LaneOrdinary     Lane = "ordinary"
)

// Lanes are all lanes, in the order a message passes them.
func Lanes() []Lane { return []Lane{LaneBroker, LaneConfidential, LaneOrdinary} }

// Reading is what a text turned out to be.
type Reading string

// The readings.
const (
	ReadPlaintext  Reading = "plaintext"
	ReadCiphertext Reading = "ciphertext"
	ReadNothing    Reading = "nothing" // a key was there, and did not fit
	ReadForeign    Reading = "foreign" // nothing that the sample's programs would write
)

// LiveRecord is a message as seen in one lane.
type LiveRecord struct {
	At        time.Time
	Lane      Lane
	Partition int
	Offset    int64 // -1 where the source does not tell: a page does not
	Text      string
	Size      int // bytes, before Text was made harmless and short
	Reading   Reading
	// Own is a message that was sent with Send, as it lies on the broker.
	Own bool
	// Ciphertext is how an own message lies on the broker, in a lane that does not tell its place; empty:
	// that is not known. It is known without a key, from sending it.
	Ciphertext string
}

// Source says where a lane is read from, or why it is not.
type Source struct {
	State SourceState
	Text  string // a few words for people
}

// SourceState is how a lane is being read.
type SourceState string

// The states of a source.
const (
	SourceWaiting SourceState = "waiting" // it is not there yet, or not any more
	SourceTopic   SourceState = "topic"
	SourceLog     SourceState = "log"
	SourcePage    SourceState = "page" // the pod's policy keeps its log to itself
	SourceBroken  SourceState = "broken"
)

// LiveEvent is what has been seen since the event before.
type LiveEvent struct {
	Records []LiveRecord
	// Dropped counts the records that came faster than they were taken, by lane.
	Dropped map[Lane]int
	// Sources are those that changed.
	Sources     map[Lane]Source
	Attestation *LiveAttestation // nil: as it was
}

const (
	// liveInterval is the least time between two events: more often nobody can look.
	liveInterval = 200 * time.Millisecond
	// steady is how long a source must have worked for its next failure to count as the first.
	steady = 2 * time.Second
)

// reconnects stay quick: somebody is watching, and a pod that is started anew is soon there.
var reconnects = backoff{first: 100 * time.Millisecond, limit: 2 * time.Second, factor: 2}

// Live follows the messages through the lanes, from the newest on, until the context ends; then the
// channel is closed. It can begin before anything is deployed, and connects again by itself. Whoever
// reads slowly loses records, which are counted, and nothing else. The text in it is harmless.
func (w *Walkthrough) Live(ctx context.Context) <-chan LiveEvent {
	l := &live{w: w, queue: newLiveQueue(), doubts: make(chan doubt, 1)}
	out := make(chan LiveEvent)
	w.watched.add(l.queue)
	go func() {
		defer w.watched.remove(l.queue)
		l.run(ctx, out)
	}()
	return out
}

// audience is everybody who follows the lanes at the moment.
type audience struct {
	mu     sync.Mutex
	queues []*liveQueue
}

func (a *audience) add(q *liveQueue) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queues = append(a.queues, q)
}

func (a *audience) remove(q *liveQueue) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queues = slices.DeleteFunc(a.queues, func(other *liveQueue) bool { return other == q })
}

// dismiss tells everybody that a pod's evidence does not count any more.
func (a *audience) dismiss(pod string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, q := range a.queues {
		q.dismiss(pod)
	}
}

// live is one following of the lanes.
type live struct {
	w      *Walkthrough
	queue  *liveQueue
	doubts chan doubt // what the confidential consumer shows, when that is news
}

func (l *live) run(ctx context.Context, out chan<- LiveEvent) {
	defer close(out)
	confidential := &follower{live: l, lane: LaneConfidential, pod: consumerPod, service: consumerService}
	ordinary := &follower{live: l, lane: LaneOrdinary, pod: ordinaryPod, service: ordinaryService}
	var group sync.WaitGroup
	group.Go(func() { l.keep(ctx, LaneBroker, l.tail) })
	group.Go(func() { l.keep(ctx, LaneConfidential, confidential.follow) })
	group.Go(func() { l.keep(ctx, LaneOrdinary, ordinary.follow) })
	group.Go(func() { l.judge(ctx) })
	l.queue.deliver(ctx, out)
	group.Wait()
}

// keep has a lane read again and again, until the context ends.
func (l *live) keep(ctx context.Context, lane Lane, read func(context.Context) error) {
	for ctx.Err() == nil {
		l.persist(ctx, lane, read)
	}
}

// persist pauses longer after each failure, until a try has lasted.
func (l *live) persist(ctx context.Context, lane Lane, read func(context.Context) error) {
	for p := range reconnects.pauses() {
		began := time.Now()
		err := read(ctx)
		if ctx.Err() != nil {
			return
		}
		l.queue.tell(lane, lost(err))
		if pause(ctx, p) != nil || time.Since(began) > steady {
			return
		}
	}
}

// observer is what the parts of the walkthrough that need a step's tools are given here.
func (w *Walkthrough) observer() *Run { return &Run{w: w, step: Step{ID: "message"}} }
