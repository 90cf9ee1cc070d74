package actions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cctui/cctui/kafka"
	"github.com/cctui/cctui/kube"
)

// liveWorld is a realm whose pods write logs that can be followed, and whose topic has records.
type liveWorld struct {
	*realm
	mu      sync.Mutex
	written map[string]string // logs by pod
	follow  map[string]*io.PipeWriter
	uid     map[string]string
	dialled []string
	topics  fakeTopic
}

func newLiveWorld() *liveWorld {
	return &liveWorld{
		realm: newRealm(), written: map[string]string{}, follow: map[string]*io.PipeWriter{},
		uid:    map[string]string{consumerPod: "1", ordinaryPod: "1"},
		topics: fakeTopic{records: make(chan kafka.Record), produced: make(chan []byte, 1)},
	}
}

type liveKube struct {
	fakeKube
	w *liveWorld
}

func (k liveKube) Pod(ctx context.Context, namespace, name string) (kube.Pod, error) {
	pod, err := k.fakeKube.Pod(ctx, namespace, name)
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	pod.UID = k.w.uid[name]
	return pod, err
}

func (k liveKube) Logs(ctx context.Context, namespace, pod, name string, limit int64) ([]byte, error) {
	if name == sidecarContainer {
		return k.fakeKube.Logs(ctx, namespace, pod, name, limit)
	}
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	log := k.w.written[pod]
	return []byte(log[max(0, len(log)-int(limit)):]), nil
}

// Apply starts the consumer anew: another pod, which logs what it can make of a message.
func (k liveKube) Apply(ctx context.Context, manifest []byte) error {
	err := k.fakeKube.Apply(ctx, manifest)
	k.w.realm.mu.Lock()
	text := ciphertext()
	if k.w.released {
		text = "Msg 2: hello"
	}
	k.w.realm.mu.Unlock()
	k.w.set(func() {
		k.w.uid[consumerPod] += "'"
		k.w.written[consumerPod] = receivedLine(text, 42)
		_ = k.w.follow[consumerPod].Close()
	})
	return err
}

// FollowLogs begins, as the real one, with the whole log.
func (k liveKube) FollowLogs(_ context.Context, _, pod, _ string) (io.ReadCloser, error) {
	r, w := io.Pipe()
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	past := k.w.written[pod]
	k.w.follow[pod] = w
	go func() { _, _ = io.WriteString(w, past) }()
	return r, nil
}

func (k liveKube) Dial(_ context.Context, _, pod string, port int) (net.Conn, error) {
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	k.w.dialled = append(k.w.dialled, fmt.Sprintf("%s:%d", pod, port))
	return nil, errors.ErrUnsupported
}

type fakeTopic struct {
	records  chan kafka.Record
	produced chan []byte
}

func (f fakeTopic) Tail(ctx context.Context, c kafka.Config, receive func(kafka.Record)) error {
	_, _ = c.Dial(ctx, "tcp", c.BootstrapServer)
	_, _ = c.Dial(ctx, "tcp", "my-cluster-dual-role-0.my-cluster-kafka-brokers.kafka.svc:9092")
	for {
		select {
		case r := <-f.records:
			if r.Value == nil {
				return errors.New("the broker went away")
			}
			receive(r)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f fakeTopic) Produce(_ context.Context, _ kafka.Config, values ...[]byte) error {
	f.produced <- values[0]
	return nil
}

// walked is the walkthrough after its run, in this world.
func (w *liveWorld) walked(t *testing.T) *Walkthrough {
	t.Helper()
	j := NewJournal()
	finish(t, w.realm, j, nil)
	adapters := w.adapters()
	adapters.Topic = w.topics
	adapters.Connect = func(context.Context, []byte) (Kube, error) { return liveKube{fakeKube{w.realm}, w}, nil }
	walk, err := New(Options{Inputs: inputsOf(nil), Adapters: adapters, Profile: KataCC(), Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	walk.kube.use([]byte("kubeconfig"))
	return walk
}

func (w *liveWorld) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// seenLive is all that has been told.
type seenLive struct {
	LiveEvent
	texts        map[Lane][]string
	attestations []LiveAttestation
}

// observeEvents collects what is told within some seconds.
func observeEvents(events <-chan LiveEvent) seenLive {
	enough := time.After(5 * time.Second)
	seen := seenLive{texts: map[Lane][]string{}}
	seen.Sources, seen.Dropped = map[Lane]Source{}, map[Lane]int{}
	for {
		select {
		case e := <-events:
			for _, r := range e.Records {
				seen.texts[r.Lane] = append(seen.texts[r.Lane], r.Text)
			}
			seen.Records = append(seen.Records, e.Records...)
			maps.Copy(seen.Sources, e.Sources)
			for lane, n := range e.Dropped {
				seen.Dropped[lane] += n
			}
			if e.Attestation != nil {
				seen.Attestation = e.Attestation
				seen.attestations = append(seen.attestations, *e.Attestation)
			}
		case <-enough:
			return seen
		}
	}
}

func receivedLine(text string, offset int) string {
	return fmt.Sprintf("2026/11/23 12:00:00 Message received: value=%s, partition=0, offset=%d\n", text, offset)
}

// inLive runs a test in a bubble, with the walkthrough run and its lanes followed.
func inLive(t *testing.T, prepare func(*liveWorld), test func(*testing.T, *liveWorld, *Walkthrough, <-chan LiveEvent)) {
	synctest.Test(t, func(t *testing.T) {
		w := newLiveWorld()
		walk := w.walked(t)
		prepare(w)
		ctx, stop := context.WithCancel(t.Context())
		events := walk.Live(ctx)
		test(t, w, walk, events)
		stop()
		for range events { // it is closed when the context ends
		}
	})
}

func logged(w *liveWorld) {
	w.written[consumerPod] = receivedLine("Msg 1: hello", 41)
	w.written[ordinaryPod] = receivedLine(ciphertext(), 41)
}

func TestEachLaneShowsWhatItsPlaceShows(t *testing.T) {
	inLive(t, logged, func(t *testing.T, w *liveWorld, walk *Walkthrough, events <-chan LiveEvent) {
		w.topics.records <- kafka.Record{Offset: 41, Value: []byte(ciphertext())}
		seen := observeEvents(events)
		for lane, want := range map[Lane]string{LaneBroker: ciphertext(), LaneConfidential: "Msg 1: hello", LaneOrdinary: ciphertext()} {
			if texts := seen.texts[lane]; len(texts) != 1 || texts[0] != want {
				t.Errorf("%s shows %q", lane, texts)
			}
		}
		for _, r := range seen.Records {
			if r.Offset != 41 {
				t.Errorf("%s: offset %d", r.Lane, r.Offset)
			}
		}
		a := seen.Attestation
		if a == nil || !a.Released || a.Problem != nil || a.Reason.Evidence != "token" || len(a.Reason.Checks) != 5 {
			t.Errorf("attestation %+v", a)
		}
		if len(w.dialled) != 2 || w.dialled[0] != brokerPod+":9092" || w.dialled[1] != brokerPod+":9092" {
			t.Errorf("dialled %v", w.dialled)
		}
	})
}

func TestALaneBeginsWithTheNewestMessagesAndRepeatsNone(t *testing.T) {
	prepare := func(w *liveWorld) {
		for n := range 100 {
			w.written[consumerPod] += receivedLine(fmt.Sprintf("Msg %d: old", n), n)
		}
	}
	inLive(t, prepare, func(t *testing.T, w *liveWorld, _ *Walkthrough, events <-chan LiveEvent) {
		first := observeEvents(events).texts[LaneConfidential]
		if len(first) != fewRecent || first[0] != "Msg 95: old" {
			t.Errorf("it begins with %q", first)
		}
		w.set(func() { w.written[consumerPod] += receivedLine("Msg 100: new", 100); _ = w.follow[consumerPod].Close() })
		if next := observeEvents(events).texts[LaneConfidential]; len(next) != 1 || next[0] != "Msg 100: new" {
			t.Errorf("after the connection broke it goes on with %q", next)
		}
	})
}

func TestWhereTheLogIsKeptThePageIsRead(t *testing.T) {
	inLive(t, func(*liveWorld) {}, func(t *testing.T, w *liveWorld, _ *Walkthrough, events <-chan LiveEvent) {
		seen := LiveEvent{Sources: map[Lane]Source{}}
		for len(seen.Records) == 0 || seen.Attestation == nil {
			e := <-events
			seen.Records = append(seen.Records, e.Records...)
			maps.Copy(seen.Sources, e.Sources)
			if e.Attestation != nil {
				seen.Attestation = e.Attestation
			}
		}
		if seen.Sources[LaneConfidential].State != SourcePage || seen.Records[0].Offset != -1 {
			t.Errorf("read from %+v, offset %d", seen.Sources, seen.Records[0].Offset)
		}
		if !seen.Attestation.Released {
			t.Errorf("attestation %+v", seen.Attestation)
		}
	})
}

func TestARefusalIsExplainedByTheClaimThatDidNotMatch(t *testing.T) {
	inLive(t, logged, func(t *testing.T, w *liveWorld, walk *Walkthrough, events <-chan LiveEvent) {
		observeEvents(events)
		w.set(func() {
			w.debuggable = true
			k := fakeKube{w.realm}
			if err := k.Apply(t.Context(), []byte(walk.Outputs().ConsumerManifest)); err != nil {
				t.Error(err)
			}
			w.uid[consumerPod], w.written[consumerPod] = "2", receivedLine(ciphertext(), 42)
			_ = w.follow[consumerPod].Close()
		})
		a := observeEvents(events).Attestation
		if a == nil || a.Released || !a.Attested || a.Problem == nil || a.Problem.ID != "debuggable-guest" {
			t.Fatalf("attestation %+v", a)
		}
	})
}

func TestWhatAConsumerProvedIsForgottenWhenItIsStartedAnew(t *testing.T) {
	inLive(t, logged, func(t *testing.T, _ *liveWorld, walk *Walkthrough, events <-chan LiveEvent) {
		if a := observeEvents(events).Attestation; a == nil || !a.Released {
			t.Fatalf("before: %+v", a)
		}
		apply := func() error { _, err := walk.Apply(t.Context(), "policy-drift"); return err }
		restore := func() error { return walk.Restore(t.Context()) }
		for _, trial := range []struct {
			do       func() error
			released bool
		}{{apply, false}, {restore, true}} {
			done := make(chan error, 1)
			go func() { done <- trial.do() }()
			told := observeEvents(events).attestations
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if len(told) < 2 || !told[0].Asking || told[len(told)-1].Asking {
				t.Fatalf("told %+v", told)
			}
			for _, a := range told {
				if !a.Asking && a.Released != trial.released {
					t.Errorf("old evidence: %+v", a)
				}
			}
		}
	})
}

func TestLateEvidenceOfAPodThatWasDismissedIsNotTold(t *testing.T) {
	q := newLiveQueue()
	q.dismiss("old")
	q.attest("old", LiveAttestation{Released: true})
	if a := q.take().Attestation; a == nil || !a.Asking || a.Released {
		t.Errorf("told %+v", a)
	}
	q.attest("new", LiveAttestation{Released: true})
	q.dismiss("old")
	if a := q.take().Attestation; a == nil || !a.Released {
		t.Errorf("told %+v of the new pod", a)
	}
}

func TestALostTailIsTakenUpAgain(t *testing.T) {
	inLive(t, logged, func(t *testing.T, w *liveWorld, _ *Walkthrough, events <-chan LiveEvent) {
		for range 3 {
			w.topics.records <- kafka.Record{}
			if s := observeEvents(events).Sources[LaneBroker]; s.State != SourceTopic {
				t.Errorf("the broker's lane is %+v", s)
			}
		}
	})
}

// steadyLog grows by a line a millisecond, for a second.
type steadyLog struct {
	began time.Time
	told  int // lines
	reads int
}

func (l *steadyLog) Read(p []byte) (int, error) {
	l.reads++
	if l.told == 1000 {
		return 0, io.EOF
	}
	time.Sleep(time.Millisecond) // until there is a line
	n := 0
	for ; l.told < min(int(time.Since(l.began).Milliseconds()), 1000); l.told++ {
		n += copy(p[n:], "a line\n")
	}
	return n, nil
}

func TestALogThatComesLineByLineIsReadInBigPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, lines := &steadyLog{began: time.Now()}, 0
		if err := eachLine(&unhurried{Reader: log, ctx: t.Context()}, func(string) error { lines++; return nil }); err != nil {
			t.Fatal(err)
		}
		if most := int(time.Second/liveInterval) + 2; lines != 1000 || log.reads > most {
			t.Errorf("%d lines in %d reads, want 1000 in at most %d", lines, log.reads, most)
		}
	})
}

func TestOfALogThatGrowsTooFastTheEndIsShownAndTheRestCounted(t *testing.T) {
	inLive(t, logged, func(t *testing.T, w *liveWorld, _ *Walkthrough, events <-chan LiveEvent) {
		observeEvents(events)
		const first, all = 42, 5000
		write := func(from, to int) {
			var lines strings.Builder
			for n := from; n < to; n++ {
				lines.WriteString(receivedLine(fmt.Sprintf("Msg %d: fast", n), n))
			}
			w.set(func() { w.written[consumerPod] += lines.String() })
			go func() { _, _ = io.WriteString(w.follow[consumerPod], lines.String()) }()
		}
		write(first, first+all)
		seen := observeEvents(events)
		shown := seen.texts[LaneConfidential]
		if len(shown) < mostFollowed || len(shown)+seen.Dropped[LaneConfidential] != all {
			t.Errorf("%d of %d are shown, %d counted", len(shown), all, seen.Dropped[LaneConfidential])
		}
		if last := shown[len(shown)-1]; last != fmt.Sprintf("Msg %d: fast", first+all-1) {
			t.Errorf("the last is %q", last)
		}
		time.Sleep(calmLooks * 2 * liveInterval) // it becomes calm, and is followed again
		write(first+all, first+all+1)
		if calm := observeEvents(events).texts[LaneConfidential]; len(calm) != 1 {
			t.Errorf("then %q", calm)
		}
	})
}

func TestSlowReadersLoseTheOldestRecordsAndAreToldHowMany(t *testing.T) {
	inLive(t, logged, func(t *testing.T, w *liveWorld, _ *Walkthrough, events <-chan LiveEvent) {
		const all = 5 * maxPending
		for n := range all {
			w.topics.records <- kafka.Record{Offset: int64(n), Value: []byte("x")}
		}
		seen := observeEvents(events)
		got := len(seen.texts[LaneBroker])
		if got > 2*maxPending || got+seen.Dropped[LaneBroker] != all {
			t.Errorf("%d of %d records, %d dropped", got, all, seen.Dropped[LaneBroker])
		}
		broker := slices.DeleteFunc(seen.Records, func(r LiveRecord) bool { return r.Lane != LaneBroker }) // the consumers' come side by side
		if last := broker[len(broker)-1]; last.Offset != all-1 {
			t.Errorf("the last record is %+v", last)
		}
	})
}

func TestBeforeAnythingIsDeployedTheLanesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		walk, _ := walkthrough(t, newRealm(), NewJournal(), nil)
		ctx, stop := context.WithCancel(t.Context())
		events := walk.Live(ctx)
		for lane, s := range observeEvents(events).Sources {
			if s.State != SourceWaiting {
				t.Errorf("%s is %+v", lane, s)
			}
		}
		stop()
		for range events {
		}
	})
}

func TestAMessageIsEncryptedAndRecognisedOnItsWay(t *testing.T) {
	inLive(t, logged, func(t *testing.T, w *liveWorld, walk *Walkthrough, events <-chan LiveEvent) {
		sent, err := walk.Send(t.Context(), "  Olá,\n\x1b[31m mundo ")
		if err != nil || sent.Text != "Msg 1: Olá, mundo" {
			t.Fatalf("sent %q, %v", sent.Text, err)
		}
		value := <-w.topics.produced
		if text, err := kafka.Decrypt(keyPair(), value); err != nil || text != sent.Text {
			t.Errorf("the topic holds %q, %v", text, err)
		}
		w.topics.records <- kafka.Record{Offset: 50, Value: value}
		for _, r := range observeEvents(events).Records {
			if r.Own != (r.Offset == 50) {
				t.Errorf("own: %+v", r)
			}
		}
	})
}

func TestAnOwnMessageIsRecognisedOnThePage(t *testing.T) {
	inLive(t, func(*liveWorld) {}, func(t *testing.T, _ *liveWorld, walk *Walkthrough, events <-chan LiveEvent) {
		var shown []LiveRecord // on the page of the confidential consumer, in the producer's order
		for len(shown) < 2 {
			for _, r := range (<-events).Records {
				if r.Lane != LaneConfidential {
					continue
				}
				shown = append(shown, r)
				n, text, _ := kafka.ParseMessage(r.Text)
				for next := range 10 {
					walk.sent.note(Sent{kafka.FormatMessage(n+1+next, text), "ciphertext"})
				}
			}
		}
		if shown[0].Ciphertext != "" || shown[1].Ciphertext != "ciphertext" {
			t.Errorf("shown are %+v", shown)
		}
	})
}

func TestWhatCannotBeSentIsSaidPlainly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newLiveWorld()
		walk := w.walked(t)
		for text, complaint := range map[string]string{
			strings.Repeat("a", 312): `1 bytes too long: with its "Msg 1: " at most 318 fit`,
			" \n\t":                  "empty",
		} {
			if _, err := walk.Send(t.Context(), text); err == nil || !strings.Contains(err.Error(), complaint) {
				t.Errorf("%.10q: %v", text, err)
			}
		}
		if len(w.topics.produced) > 0 {
			t.Error("something was sent")
		}
	})
}

func TestForeignTextIsHarmlessInEveryLane(t *testing.T) {
	const evil = "\x1b]0;title\a\x1b[2Jhello\u202e\x00"
	prepare := func(w *liveWorld) {
		for _, pod := range []string{consumerPod, ordinaryPod} {
			w.written[pod] = strings.Repeat("x", 3*maxLogLine) + "\n" + receivedLine(evil, 1) + "Message received: value=, partition=9999999999999999999999, offset=1\n"
		}
	}
	inLive(t, prepare, func(t *testing.T, w *liveWorld, _ *Walkthrough, events <-chan LiveEvent) {
		w.topics.records <- kafka.Record{Offset: 1, Value: []byte(evil)}
		w.topics.records <- kafka.Record{Offset: 2, Value: []byte(strings.Repeat("世", kafka.MaxRecord))}
		seen := observeEvents(events)
		for lane, texts := range seen.texts {
			if texts[0] != "hello" {
				t.Errorf("%s shows %q", lane, texts[0])
			}
		}
		if last := seen.texts[LaneBroker][1]; len(last) > maxLive {
			t.Errorf("a text of %d bytes", len(last))
		}
	})
}

func FuzzAnyLogLineIsRead(f *testing.F) {
	for _, line := range []string{
		receivedLine("Msg 1: hello", 41), "Message received: value=, partition=0, offset=0",
		"Message received: value=Message received: value=a, partition=1, offset=2, partition=3, offset=4", "\x00\xff", "",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if r, ok := parseReceived(line); ok && (r.Offset < 0 || r.Partition < 0 || len(r.Text) > len(line)) {
			t.Errorf("%+v of %q", r, line)
		}
	})
}
