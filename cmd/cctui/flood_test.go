//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	saslplain "github.com/segmentio/kafka-go/sasl/plain"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/sandbox"
)

// flood writes to the topic of a sandbox that another process serves.
type flood struct {
	reached sandbox.Kafka
	trust   *tls.Config
	topic   string
	record  []byte // one of the producer's own
}

// servedSandbox serves a sandbox, behind everybody else in the queue for processors, as if it were far
// away, and has the walkthrough run in it.
func servedSandbox(b *testing.B, state string) flood {
	b.Helper()
	served := exec.Command("nice", "-n", "10", built(b), "sandbox", "--output", "json")
	served.Env = append(os.Environ(), "XDG_STATE_HOME="+state, "XDG_CONFIG_HOME="+state)
	introduction, err := served.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := served.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = served.Process.Kill()
		_ = served.Wait()
	})
	var e sandbox.Endpoints
	if err := json.NewDecoder(introduction).Decode(&e); err != nil {
		b.Fatal(err)
	}
	walkthrough := exec.Command(built(b), "--auto", "--sandbox")
	walkthrough.Env = served.Env
	if output, err := walkthrough.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, output)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(e.CA))
	f := flood{reached: e.Kafka, trust: &tls.Config{RootCAs: roots}, topic: actions.Inputs{}.WithDefaults("").Topic}
	f.record = f.read(b)
	return f
}

// read is a record that the walkthrough's producer wrote.
func (f flood) read(b *testing.B) []byte {
	b.Helper()
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{f.reached.Address}, Topic: f.topic,
		Dialer: &kafka.Dialer{TLS: f.trust, SASLMechanism: f.mechanism(), Timeout: lost},
	})
	defer reader.Close()
	message, err := reader.ReadMessage(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return bytes.Clone(message.Value)
}

func (f flood) mechanism() saslplain.Mechanism {
	return saslplain.Mechanism{Username: f.reached.Username, Password: f.reached.Password}
}

// start writes so many records a second until the benchmark ends. What it returns tells how many have
// been written.
func (f flood) start(b *testing.B, rate int) (written func() int64) {
	b.Helper()
	const turn = 20 * time.Millisecond
	writer := &kafka.Writer{
		Addr: kafka.TCP(f.reached.Address), Topic: f.topic, BatchTimeout: time.Millisecond, RequiredAcks: kafka.RequireOne,
		Transport: &kafka.Transport{TLS: f.trust, SASL: f.mechanism()},
	}
	ctx, stop := context.WithCancel(b.Context())
	var count atomic.Int64
	ended := make(chan error)
	go func() {
		began := time.Now()
		for ctx.Err() == nil {
			due := int64(time.Since(began).Seconds()*float64(rate)) - count.Load()
			records := make([]kafka.Message, due)
			for i := range records {
				records[i].Value = f.record
			}
			if err := writer.WriteMessages(ctx, records...); err != nil && ctx.Err() == nil {
				ended <- err
				return
			}
			count.Add(due)
			time.Sleep(turn)
		}
		ended <- writer.Close()
	}()
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return count.Load
}
