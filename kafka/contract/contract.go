// Package contract says what package kafka promises of any broker: it is run against the
// sandbox's broker, and by the judge against Apache Kafka itself.
package contract

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cctui/cctui/kafka"
)

// patience is how long a broker may take to hand over what a promise waits for.
const patience = 30 * time.Second

// Run holds the promises against a broker that creates topics on demand. Its topics begin with "contract-".
func Run(t *testing.T, broker kafka.Config) {
	promises := map[string]func(*testing.T, kafka.Config){
		"records arrive whole and in order":             arriveInOrder,
		"a tail from the start sees what was there":     seesThePast,
		"a tail of a topic to come waits for it":        waitsForTopic,
		"a large record arrives cut, and says so":       cutsLargeRecords,
		"a message survives encryption and the journey": carriesCiphertext,
	}
	for name, promise := range promises {
		t.Run(name, func(t *testing.T) {
			config := broker
			config.FromStart = true
			config.Topic = "contract-" + strings.ReplaceAll(name, " ", "-")
			config.Topic = strings.ReplaceAll(config.Topic, ",", "")
			promise(t, config)
		})
	}
}

func arriveInOrder(t *testing.T, c kafka.Config) {
	var sent []string
	for n := range 200 {
		sent = append(sent, fmt.Sprintf("record %d", n))
	}
	produce(t, c, sent...)
	if got := receive(t, c, len(sent)); !slices.Equal(values(got), sent) {
		t.Errorf("received %q", values(got))
	}
}

func seesThePast(t *testing.T, c kafka.Config) {
	produce(t, c, "before")
	records := receive(t, c, 1)
	if records[0].Offset != 0 || records[0].Time.IsZero() || string(records[0].Value) != "before" {
		t.Errorf("received %+v", records[0])
	}
}

func waitsForTopic(t *testing.T, c kafka.Config) {
	received := make(chan []kafka.Record)
	go func() { received <- receive(t, c, 1) }()
	produce(t, c, "the first")
	if got := values(<-received); !slices.Equal(got, []string{"the first"}) {
		t.Errorf("received %q", got)
	}
}

func cutsLargeRecords(t *testing.T, c kafka.Config) {
	produce(t, c, strings.Repeat("x", kafka.MaxRecord+1))
	if r := receive(t, c, 1)[0]; !r.Cut || len(r.Value) != kafka.MaxRecord {
		t.Errorf("received %d bytes, cut %v", len(r.Value), r.Cut)
	}
}

func carriesCiphertext(t *testing.T, c kafka.Config) {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	value, err := kafka.Encrypt(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), 1, "Olá, mundo")
	if err != nil {
		t.Fatal(err)
	}
	produce(t, c, string(value))
	onTopic := receive(t, c, 1)[0].Value
	if !kafka.IsCiphertext(string(onTopic), 3072) {
		t.Errorf("the topic shows %q", onTopic)
	}
	if text, err := kafka.Decrypt(key, onTopic); err != nil || text != "Msg 1: Olá, mundo" {
		t.Errorf("decrypted to %q, %v", text, err)
	}
}

func produce(t *testing.T, c kafka.Config, values ...string) {
	t.Helper()
	var records [][]byte
	for _, value := range values {
		records = append(records, []byte(value))
	}
	if err := (kafka.Topic{}).Produce(t.Context(), c, records...); err != nil {
		t.Error(err)
	}
}

// receive tails a topic until it has seen as many records as wanted.
func receive(t *testing.T, c kafka.Config, want int) []kafka.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var records []kafka.Record
	err := (kafka.Topic{}).Tail(ctx, c, func(r kafka.Record) {
		if len(records) < want {
			records = append(records, r)
		}
		if len(records) == want {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("tail ended with %v", err)
	}
	return records
}

func values(records []kafka.Record) []string {
	var values []string
	for _, r := range records {
		values = append(values, string(r.Value))
	}
	return values
}
