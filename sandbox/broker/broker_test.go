package broker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const inCluster = "my-cluster-dual-role-0.my-cluster-kafka-brokers.kafka.svc:9092"

func start(t *testing.T, o Options) *Broker {
	t.Helper()
	o.Advertise, o.ClusterID = inCluster, "sandbox"
	b, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// client is a Kafka client that reaches the broker by its name in the cluster, and by nothing else.
func client(t *testing.T, b *Broker, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(options,
		kgo.SeedBrokers("my-cluster-kafka-bootstrap:9092"),
		kgo.AllowAutoTopicCreation(),
		kgo.Dialer(func(_ context.Context, _, address string) (net.Conn, error) {
			if address != inCluster && address != "my-cluster-kafka-bootstrap:9092" {
				return nil, fmt.Errorf("dialled %s", address)
			}
			return b.Dial()
		}))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestRecordsGoThroughTheAdvertisedName(t *testing.T) {
	b := start(t, Options{})
	c := client(t, b, kgo.ConsumeTopics("demo"))
	sent := c.ProduceSync(t.Context(), &kgo.Record{Topic: "demo", Value: []byte("hello")})
	if err := sent.FirstErr(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	fetches := c.PollFetches(ctx)
	if err := fetches.Err(); err != nil {
		t.Fatal(err)
	}
	if records := fetches.Records(); len(records) != 1 || string(records[0].Value) != "hello" {
		t.Errorf("read %v", records)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	const bound = 256 << 10
	b := start(t, Options{RetainBytes: bound})
	c := client(t, b)
	value := make([]byte, 16<<10)
	for range 4 * bound / len(value) {
		_, _ = rand.Read(value) // nothing that compression could shrink
		if err := c.ProduceSync(t.Context(), &kgo.Record{Topic: "demo", Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	b.cluster.ApplyRetention()
	info := b.cluster.PartitionInfo("demo", 0)
	if info.LogStartOffset == 0 || info.NumBytes > bound {
		t.Errorf("keeps %d bytes from offset %d, bound is %d", info.NumBytes, info.LogStartOffset, bound)
	}
}

func TestWhatIsNotKafkaDoesNotReachTheBroker(t *testing.T) {
	b := start(t, Options{})
	for name, request := range map[string]string{
		"HTTP":         "GET / HTTP/1.1\r\nHost: broker\r\n\r\n",
		"unknown kind": "\x00\x00\x00\x0a\x7f\xff\x00\x00\x00\x00\x00\x01\x00\x00",
		"no header":    "\x00\x00\x00\x02\x00\x12",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := b.Dial()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			// The broker may hang up before it has read everything.
			if _, err := io.WriteString(conn, request); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				t.Fatal(err)
			}
			if n, err := conn.Read(make([]byte, 1)); err == nil {
				t.Errorf("answered with %d bytes", n)
			}
		})
	}
	if err := client(t, b).Ping(t.Context()); err != nil {
		t.Errorf("the broker is gone: %v", err)
	}
}

func TestListenersOfThePodLeadToTheBroker(t *testing.T) {
	b := start(t, Options{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- b.Serve(listener) }()
	c, err := kgo.NewClient(kgo.SeedBrokers(listener.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	_ = listener.Close()
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve ended with %v", err)
	}
}

func TestClosedBrokerTakesNobody(t *testing.T) {
	b := start(t, Options{})
	b.Close()
	if _, err := b.Dial(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Dial: %v", err)
	}
}

func TestAdvertisedAddressMustHaveAPort(t *testing.T) {
	for _, address := range []string{"", "broker", "broker:kafka"} {
		if _, err := Start(Options{Advertise: address}); err == nil || !strings.Contains(err.Error(), "advertised address") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
