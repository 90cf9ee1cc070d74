package broker

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	franzplain "github.com/twmb/franz-go/pkg/sasl/plain"
)

const user, password = "cctui", "correct horse"

// listenExternal serves a broker on loopback and returns it with the certificate to trust (PEM).
func listenExternal(t *testing.T, b *Broker) (*External, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ListenExternal(ExternalOptions{
		Addr:     "127.0.0.1:0",
		TLS:      &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		Username: user, Password: password,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.Attach(b)
	t.Cleanup(func() { _ = e.Close() })
	return e, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func trusting(ca []byte) *tls.Config {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &tls.Config{RootCAs: roots}
}

func TestKafkaGoGetsThroughWithThePassword(t *testing.T) {
	e, ca := listenExternal(t, start(t, Options{}))
	mechanism := plain.Mechanism{Username: user, Password: password}
	writer := &kafka.Writer{
		Addr: kafka.TCP(e.Address()), Topic: "demo", AllowAutoTopicCreation: true, BatchTimeout: time.Millisecond,
		Transport: &kafka.Transport{TLS: trusting(ca), SASL: mechanism},
	}
	defer func() { _ = writer.Close() }()
	if err := writer.WriteMessages(t.Context(), kafka.Message{Value: []byte("from outside")}); err != nil {
		t.Fatal(err)
	}
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{e.Address()}, Topic: "demo", MaxWait: 100 * time.Millisecond,
		Dialer: &kafka.Dialer{TLS: trusting(ca), SASLMechanism: mechanism},
	})
	defer func() { _ = reader.Close() }()
	message, err := reader.ReadMessage(t.Context())
	if err != nil || string(message.Value) != "from outside" {
		t.Errorf("read %q, %v", message.Value, err)
	}
}

func TestNobodyGetsThroughWithoutThePassword(t *testing.T) {
	e, ca := listenExternal(t, start(t, Options{}))
	tests := map[string][]kgo.Opt{
		"wrong password": {kgo.DialTLSConfig(trusting(ca)), kgo.SASL(franzplain.Auth{User: user, Pass: "battery staple"}.AsMechanism())},
		"wrong user":     {kgo.DialTLSConfig(trusting(ca)), kgo.SASL(franzplain.Auth{User: "root", Pass: password}.AsMechanism())},
		"no password":    {kgo.DialTLSConfig(trusting(ca))},
		"no TLS":         {kgo.SASL(franzplain.Auth{User: user, Pass: password}.AsMechanism())},
	}
	for name, options := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			c, err := kgo.NewClient(append(options, kgo.SeedBrokers(e.Address()), kgo.RequestRetries(0), kgo.RetryTimeout(time.Second))...)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, c); err == nil {
				t.Error("got metadata")
			}
		})
	}
}

func TestClientsOutsideSeeOnlyTheOutsideAddress(t *testing.T) {
	e, ca := listenExternal(t, start(t, Options{}))
	c, err := kgo.NewClient(kgo.SeedBrokers(e.Address()), kgo.DialTLSConfig(trusting(ca)),
		kgo.SASL(franzplain.Auth{User: user, Pass: password}.AsMechanism()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	seen := map[string]string{}
	metadata, err := kmsg.NewPtrMetadataRequest().RequestWith(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	seen["Metadata"] = metadata.Brokers[0].Host
	find := kmsg.NewPtrFindCoordinatorRequest()
	find.CoordinatorKeys = []string{"group"}
	coordinator, err := find.RequestWith(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	seen["FindCoordinator"] = coordinator.Coordinators[0].Host
	cluster, err := kmsg.NewPtrDescribeClusterRequest().RequestWith(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	seen["DescribeCluster"] = cluster.Brokers[0].Host
	for kind, host := range seen {
		if host != "127.0.0.1" {
			t.Errorf("%s says %s", kind, host)
		}
	}
}

func TestListenerIsForLoopbackOnly(t *testing.T) {
	_, err := ListenExternal(ExternalOptions{Addr: "0.0.0.0:0", TLS: &tls.Config{}, Username: user, Password: password})
	if err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("ListenExternal: %v", err)
	}
}

func TestWithoutABrokerClientsAreTurnedAway(t *testing.T) {
	e, ca := listenExternal(t, nil)
	if conn, err := tls.Dial("tcp", e.Address(), trusting(ca)); err == nil {
		_ = conn.Close()
		t.Error("let in")
	}
}

// kcat is librdkafka: a client that shares no code with anything here.
func TestKcatListsProducesAndConsumes(t *testing.T) {
	if _, err := exec.LookPath("kcat"); err != nil {
		t.Skip("NOT RUN: kcat is not on PATH, so no independent client has judged the broker")
	}
	e, ca := listenExternal(t, start(t, Options{}))
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	kcat := func(input string, args ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), "kcat", append([]string{"-b", e.Address(),
			"-X", "security.protocol=SASL_SSL", "-X", "sasl.mechanisms=PLAIN", "-X", "ssl.ca.location=" + file,
			"-X", "sasl.username=" + user, "-X", "sasl.password=" + password}, args...)...)
		command.Stdin = strings.NewReader(input)
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("kcat %s: %v\n%s", args, err, output)
		}
		return string(output)
	}
	kcat("one\ntwo\n", "-P", "-t", "demo")
	if list := kcat("", "-L"); !strings.Contains(list, `topic "demo"`) || !strings.Contains(list, e.Address()) {
		t.Errorf("list:\n%s", list)
	}
	if records := kcat("", "-C", "-t", "demo", "-o", "beginning", "-e", "-q"); records != "one\ntwo\n" {
		t.Errorf("consumed %q", records)
	}
	if records := kcat("", "-G", "group", "-X", "auto.offset.reset=earliest", "-c", "2", "-q", "demo"); !strings.Contains(records, "two") {
		t.Errorf("consumed as a group %q", records)
	}
}
