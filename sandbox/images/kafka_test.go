package images

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/cctui/cctui/kafka"
	"github.com/cctui/cctui/sandbox/broker"
	"github.com/cctui/cctui/sandbox/pods"
)

const (
	brokerPod     = "my-cluster-dual-role-0"
	advertised    = brokerPod + ".my-cluster-kafka-brokers.kafka.svc"
	bootstrapName = "my-cluster-kafka-bootstrap"
)

// startKafka runs a broker pod under the names that it has in the cluster.
func startKafka(t *testing.T, n *node, registry pods.Registry) *running {
	t.Helper()
	n.alias(advertised, brokerPod)
	n.alias(bootstrapName, brokerPod)
	r := n.run(t, registry, pods.Container{
		Pod: brokerPod, Namespace: "kafka", Image: "quay.io/strimzi/kafka:0.45.2-kafka-3.9.2",
		Env: map[string]string{advertisedVariable: advertised + ":9092"},
	})
	r.log.await(t, "Kafka Server started")
	return r
}

// oneKey is one key for all tests: making it takes most of their time.
var oneKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 3072) })

func rsaKey(t *testing.T) (key *rsa.PrivateKey, public string) {
	t.Helper()
	key, err := oneKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func startProducer(t *testing.T, n *node, registry pods.Registry, public, message string) *running {
	t.Helper()
	return n.run(t, registry, pods.Container{
		Pod: "kafka-producer", Namespace: "kafka", Image: "mcr.microsoft.com/acc/samples/kafka/producer:1.0",
		Env: map[string]string{"TOPIC": "demo", "MSG": message, "PUBKEY": public},
	})
}

func startConsumer(t *testing.T, n *node, registry pods.Registry, pod string) *running {
	t.Helper()
	return n.run(t, registry, pods.Container{
		Pod: pod, Namespace: "kafka", Image: "mcr.microsoft.com/acc/samples/kafka/consumer:1.0",
		Env: map[string]string{"TOPIC": "demo", "CONSUMERGROUP": pod, "SkrClientKID": "key",
			"SkrClientMAAEndpoint": "maa.localhost", "SkrClientAKVEndpoint": "vault.localhost"},
	})
}

var shown = regexp.MustCompile(`(?s)<h2>\s*(.*?)\s*</h2>.*<code className="code">(.*?)</code>`)

// readPage asks for a consumer's page as the API server's proxy would.
func readPage(t *testing.T, n *node, pod string) (heading, message string) {
	t.Helper()
	client := podNetwork{n, n.host("reader")}.Client()
	response, err := client.Get(fmt.Sprintf("http://%s:3333/", pod))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	match := shown.FindStringSubmatch(string(body))
	if match == nil {
		t.Fatalf("page is\n%s", body)
	}
	return strings.Join(strings.Fields(match[1]), " "), match[2]
}

// serveKey plays the sidecar in a consumer's pod and counts who asks.
func serveKey(t *testing.T, n *node, pod string, key *rsa.PrivateKey) *atomic.Int32 {
	t.Helper()
	jwk, err := jose.JSONWebKey{Key: key}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	n.serve(t, pod, 8080, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		var request map[string]string
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request["kid"] != "key" || request["akv_endpoint"] != "vault.localhost" {
			t.Errorf("asked with %v, %v", request, err)
		}
		reply(w, http.StatusOK, map[string]string{"key": string(jwk)})
	}))
	return &asked
}

func TestConsumerWithTheKeyShowsPlaintextAndWithoutItCiphertext(t *testing.T) {
	n, registry := newNode(), New(Options{Conditions: instant{}})
	startKafka(t, n, registry)
	key, public := rsaKey(t)
	asked := serveKey(t, n, "with-key", key)
	with := startConsumer(t, n, registry, "with-key")
	without := startConsumer(t, n, registry, "without-key")
	with.log.await(t, "Sarama consumer up and running!...")
	without.log.await(t, "not able to retrieve key: ")
	startProducer(t, n, registry, public, "hello")
	with.log.await(t, "Message received: value=Msg 1: hello, partition=0, offset=0")
	without.log.await(t, "Message received: value=")

	heading, message := readPage(t, n, "with-key")
	if _, text, ok := kafka.ParseMessage(message); !ok || text != "hello" || heading != "Encrypted Kafka Message:" {
		t.Errorf("with the key: %q, %q", heading, message)
	}
	heading, message = readPage(t, n, "without-key")
	message = strings.ReplaceAll(message, "&#43;", "+")
	if !kafka.IsCiphertext(message, 3072) || heading != "Unencrypted Kafka Message:" {
		t.Errorf("without the key: %q, %q", heading, message)
	}
	if plaintext, err := kafka.Decrypt(key, []byte(message)); err != nil || !strings.Contains(plaintext, "hello") {
		t.Errorf("the ciphertext holds %q, %v", plaintext, err)
	}
	if asked.Load() != 1 {
		t.Errorf("the sidecar was asked %d times", asked.Load())
	}
	for _, r := range []*running{with, without} {
		if err := r.end(t); err != nil {
			t.Errorf("ended with %v", err)
		}
	}
}

func TestProducerCountsInOddNumbersAndAnewInEachBurst(t *testing.T) {
	n, registry := newNode(), New(Options{Conditions: instant{}})
	startKafka(t, n, registry)
	key, public := rsaKey(t)
	startProducer(t, n, registry, public, "hello")
	records := make(chan kafka.Record)
	go func() {
		_ = kafka.Topic{}.Tail(t.Context(), kafka.Config{
			BootstrapServer: bootstrapName + ":9092", Topic: "demo", FromStart: true,
			Dial: podNetwork{n, n.host("reader")}.DialContext,
		}, func(r kafka.Record) {
			select {
			case records <- r:
			case <-t.Context().Done():
			}
		})
	}()
	previous, bursts := -1, 0
	for bursts < 2 {
		plaintext, err := kafka.Decrypt(key, (<-records).Value)
		if err != nil {
			t.Fatal(err)
		}
		number, _, _ := kafka.ParseMessage(plaintext)
		switch number {
		case 1:
			bursts++
		case previous + 2:
		default:
			t.Errorf("%d follows %d", number, previous)
		}
		previous = number
	}
}

func TestProducerDiesOfAKeyThatIsNotPEM(t *testing.T) {
	n, registry := newNode(), New(Options{Conditions: instant{}})
	startKafka(t, n, registry)
	r := startProducer(t, n, registry, "  -----BEGIN PUBLIC KEY-----", "hello")
	if err := r.wait(t); err == nil || !strings.Contains(r.log.String(), "nil pointer dereference") {
		t.Errorf("ended with %v:\n%s", err, r.log)
	}
}

func TestProducerGoesOnWhereAMessageIsTooLong(t *testing.T) {
	n, registry := newNode(), New(Options{Conditions: instant{}})
	startKafka(t, n, registry)
	_, public := rsaKey(t)
	r := startProducer(t, n, registry, public, strings.Repeat("x", kafka.MaxMessage))
	r.log.await(t, "Error encrypting message: failed to encrypt with the public key")
	r.log.await(t, "sent")
	if err := r.end(t); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestPageSaysWhenNoMessageComes(t *testing.T) {
	n, registry := newNode(), New(Options{Conditions: instant{}})
	startKafka(t, n, registry)
	r := startConsumer(t, n, registry, "lonely")
	r.log.await(t, "not able to retrieve key")
	if _, message := readPage(t, n, "lonely"); message != pageTimeout {
		t.Errorf("page shows %q", message)
	}
}

func TestConsumerEndsWhereThereIsNoKafka(t *testing.T) {
	n, registry := newNode(), New(Options{Conditions: instant{}})
	n.host(bootstrapName)
	r := startConsumer(t, n, registry, "early")
	if err := r.wait(t); err == nil || !strings.Contains(r.log.String(), "Error creating the Sarama consumer") {
		t.Errorf("ended with %v:\n%s", err, r.log)
	}
}

func TestConsumerComesBackAtOnceAfterARestart(t *testing.T) {
	n, registry := newNode(), New(Options{Conditions: instant{}})
	startKafka(t, n, registry)
	key, public := rsaKey(t)
	first := startConsumer(t, n, registry, "consumer")
	first.log.await(t, "not able to retrieve key")
	startProducer(t, n, registry, public, "hello")
	first.stop()
	n.network.Remove(n.host("consumer")) // as when a pod is deleted
	_ = first.wait(t)

	serveKey(t, n, "consumer", key)
	second := startConsumer(t, n, registry, "consumer")
	second.log.await(t, "Message received: value=Msg ")
	if _, message := readPage(t, n, "consumer"); !strings.HasPrefix(message, "Msg ") {
		t.Errorf("page shows %q", message)
	}
}

func TestBrokerIsMadeKnownWhileItRuns(t *testing.T) {
	var known atomic.Pointer[broker.Broker]
	n := newNode()
	r := startKafka(t, n, New(Options{Conditions: instant{}, Broker: func(b *broker.Broker) { known.Store(b) }}))
	if known.Load() == nil {
		t.Error("the broker is not known")
	}
	if err := r.end(t); err != nil || known.Load() != nil {
		t.Errorf("ended with %v, still known: %v", err, known.Load() != nil)
	}
}
