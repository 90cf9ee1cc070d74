package kafka

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/cctui/cctui/sandbox/broker"
)

const (
	drained    = 200_000
	recordSize = 1 << 10
)

// BenchmarkDrain reads 200,000 records of 1 KiB over TCP from a broker that has them in memory, by Tail and by
// kcat in turn, which is how fast a client in C is with the same records on the same machine.
func BenchmarkDrain(b *testing.B) {
	if _, err := exec.LookPath("kcat"); err != nil {
		b.Skip("NOT MEASURED: there is no kcat to compare with")
	}
	c := overTCP(b)
	fill(b, c)
	var tail, kcat time.Duration
	for b.Loop() {
		kcat += drainByKcat(b, c)
		tail += drainByTail(b, c)
	}
	all := float64(drained * b.N)
	b.ReportMetric(all/tail.Seconds(), "records/s")
	b.ReportMetric(all/kcat.Seconds(), "kcat-records/s")
	b.ReportMetric(kcat.Seconds()/tail.Seconds(), "x-kcat")
}

// overTCP is a topic of a broker on loopback that keeps all that is written.
func overTCP(b *testing.B) Config {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := listener.Addr().String()
	running, err := broker.Start(broker.Options{Advertise: address, RetainBytes: 2 * drained * recordSize})
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- running.Serve(listener) }()
	b.Cleanup(func() {
		_ = listener.Close()
		<-served
		running.Close()
	})
	return Config{BootstrapServer: address, Topic: "demo", FromStart: true}
}

func fill(b *testing.B, c Config) {
	b.Helper()
	const batch = 2000
	values := slices.Repeat([][]byte{bytes.Repeat([]byte("A"), recordSize)}, batch)
	for range drained / batch {
		if err := (Topic{}).Produce(b.Context(), c, values...); err != nil {
			b.Fatal(err)
		}
	}
}

func drainByTail(b *testing.B, c Config) time.Duration {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	began, left := time.Now(), drained
	err := Topic{}.Tail(ctx, c, func(Record) {
		if left--; left == 0 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || left > 0 {
		b.Fatalf("%d records missing: %v", left, err)
	}
	return time.Since(began)
}

// drainByKcat writes lines, as kcat does by itself, to nowhere.
func drainByKcat(b *testing.B, c Config) time.Duration {
	b.Helper()
	began := time.Now()
	command := exec.CommandContext(b.Context(), "kcat", "-b", c.BootstrapServer, "-C", "-t", c.Topic, "-o", "beginning", "-c", strconv.Itoa(drained), "-q")
	if err := command.Run(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}
