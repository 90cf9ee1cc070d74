package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cctui/cctui/sandbox/broker"
)

const (
	bootstrap  = "my-cluster-kafka-bootstrap:9092"
	advertised = "my-cluster-dual-role-0.my-cluster-kafka-brokers.kafka.svc:9092"
)

// network is an in-memory network with one broker on it, which can be taken away and replaced.
type network struct {
	broker atomic.Pointer[broker.Broker]
	dialed chan string // every address that was dialled, as long as somebody counts
}

func newNetwork(t testing.TB) *network {
	t.Helper()
	n := &network{dialed: make(chan string, 1000)}
	n.start(t)
	t.Cleanup(func() { n.broker.Load().Close() })
	return n
}

func (n *network) start(t testing.TB) {
	t.Helper()
	b, err := broker.Start(broker.Options{Advertise: advertised})
	if err != nil {
		t.Fatal(err)
	}
	n.broker.Store(b)
}

func (n *network) config(topic string) Config {
	return Config{BootstrapServer: bootstrap, Topic: topic, FromStart: true, Dial: n.dial}
}

func (n *network) dial(_ context.Context, _, address string) (net.Conn, error) {
	select {
	case n.dialed <- address:
	default:
	}
	if address != bootstrap && address != advertised {
		return nil, fmt.Errorf("no such host: %s", address)
	}
	return n.broker.Load().Dial()
}

// tail follows a topic until the test ends.
func tail(t testing.TB, c Config) <-chan Record {
	t.Helper()
	records := make(chan Record)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- Topic{}.Tail(ctx, c, func(r Record) {
			select {
			case records <- r:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Tail ended with %v", err)
		}
	})
	return records
}

func produce(t testing.TB, c Config, values ...string) {
	t.Helper()
	var bytes [][]byte
	for _, v := range values {
		bytes = append(bytes, []byte(v))
	}
	if err := (Topic{}).Produce(t.Context(), c, bytes...); err != nil {
		t.Fatal(err)
	}
}

func TestTailHandsOverWhatIsProduced(t *testing.T) {
	n := newNetwork(t)
	c := n.config("demo")
	produce(t, c, "one", "two")
	records := tail(t, c)
	for offset, want := range []string{"one", "two"} {
		if r := <-records; string(r.Value) != want || r.Offset != int64(offset) || r.Time.IsZero() {
			t.Errorf("record %d is %+v", offset, r)
		}
	}
	produce(t, c, "three")
	if r := <-records; string(r.Value) != "three" {
		t.Errorf("record is %+v", r)
	}
}

func TestBrokerIsDialledByItsAdvertisedName(t *testing.T) {
	n := newNetwork(t)
	produce(t, n.config("demo"), "one")
	<-tail(t, n.config("demo"))
	var seen []string
	for len(n.dialed) > 0 {
		seen = append(seen, <-n.dialed)
	}
	if !slices.Contains(seen, bootstrap) || !slices.Contains(seen, advertised) {
		t.Errorf("dialled %q", seen)
	}
}

func TestTailOfTheNewestSkipsWhatWasThere(t *testing.T) {
	n := newNetwork(t)
	c := n.config("demo")
	produce(t, c, "old")
	newest := c
	newest.FromStart = false
	offsets, err := newest.offsets(t.Context())
	if err != nil || offsets[0] != 1 {
		t.Fatalf("begins at %v, %v", offsets, err)
	}
	if offsets, err = c.offsets(t.Context()); err != nil || offsets[0] != 0 {
		t.Errorf("from the start begins at %v, %v", offsets, err)
	}
}

func TestTailWaitsForATopicWithoutCreatingIt(t *testing.T) {
	n := newNetwork(t)
	c := n.config("later")
	if _, err := c.offsets(t.Context()); err == nil {
		t.Fatal("the topic is there already, or looking for it made it")
	}
	records := tail(t, c)
	produce(t, c, "first")
	if r := <-records; string(r.Value) != "first" {
		t.Errorf("record is %+v", r)
	}
}

func TestTailSurvivesTheBroker(t *testing.T) {
	n := newNetwork(t)
	c := n.config("demo")
	produce(t, c, "before", "before")
	records := tail(t, c)
	<-records
	<-records
	n.broker.Load().Close()
	n.start(t) // with no memory of the topic
	produce(t, c, "after")
	if r := <-records; string(r.Value) != "after" {
		t.Errorf("record is %+v", r)
	}
}

// counted counts what is written to a connection.
type counted struct {
	net.Conn
	writes *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

func TestRecordsThatComeOneByOneAreFetchedTogether(t *testing.T) {
	n := newNetwork(t)
	c := n.config("demo")
	produce(t, c, "one")
	var requests atomic.Int64
	c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := n.dial(ctx, network, address)
		return counted{conn, &requests}, err
	}
	records := tail(t, c)
	<-records
	began, before := time.Now(), requests.Load()
	go func() {
		for range 50 {
			produce(t, n.config("demo"), "more")
		}
	}()
	for range 50 {
		<-records
	}
	if fetches, most := requests.Load()-before, int64(time.Since(began)/fetchInterval)+2; fetches > most {
		t.Errorf("%d fetches, want at most %d", fetches, most)
	}
}

func TestTailEndsWithItsContextEvenWhereNobodyAnswers(t *testing.T) {
	silent := func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		t.Cleanup(func() { _ = server.Close() })
		return client, nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := Topic{}.Tail(ctx, Config{BootstrapServer: bootstrap, Topic: "demo", Dial: silent}, func(Record) {})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Tail ended with %v", err)
	}
}

func TestLongRecordIsCut(t *testing.T) {
	n := newNetwork(t)
	c := n.config("demo")
	produce(t, c, strings.Repeat("x", MaxRecord+1), strings.Repeat("y", MaxRecord))
	records := tail(t, c)
	if r := <-records; len(r.Value) != MaxRecord || !r.Cut {
		t.Errorf("%d bytes, cut %v", len(r.Value), r.Cut)
	}
	if r := <-records; len(r.Value) != MaxRecord || r.Cut {
		t.Errorf("%d bytes, cut %v", len(r.Value), r.Cut)
	}
}

func TestProduceSaysWhereItFailed(t *testing.T) {
	refuse := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") }
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := Topic{}.Produce(ctx, Config{BootstrapServer: bootstrap, Topic: "demo", Dial: refuse}, []byte("x"))
	if err == nil || !strings.Contains(err.Error(), "produce to demo") {
		t.Errorf("Produce: %v", err)
	}
}

// BenchmarkTail reads records of the sample's size from the start of a topic.
func BenchmarkTail(b *testing.B) {
	n := newNetwork(b)
	c := n.config("demo")
	values := slices.Repeat([]string{strings.Repeat("A", 512)}, 5000)
	produce(b, c, values...)
	b.SetBytes(int64(len(values) * 512))
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		left := len(values)
		err := Topic{}.Tail(ctx, c, func(Record) {
			if left--; left == 0 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || left > 0 {
			b.Fatalf("%d records missing: %v", left, err)
		}
		cancel()
	}
	b.ReportMetric(float64(len(values)*b.N)/b.Elapsed().Seconds(), "records/s")
}
