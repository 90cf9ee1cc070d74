package images

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/cctui/cctui/sandbox/pods"
)

// consumer is one run of mcr.microsoft.com/acc/samples/kafka/consumer:1.0.
// Source: microsoft/confidential-container-demos, kafka/consumer before commit 7bc0e46.
type consumer struct {
	container pods.Container
	client    *kgo.Client
	log       *log.Logger
	pageWait  time.Duration

	claims   chan int    // a claim: its number of partitions
	messages chan string // unbuffered: a message that no page waits for is dropped
	released atomic.Bool // the sidecar released a key; heads the page
}

// joinDelay is how long a group's first member is held back before it is given partitions: 3 s with
// Kafka's group.initial.rebalance.delay.ms, in which the sidecar usually gets ready.
const joinDelay = 250 * time.Millisecond

func (l *library) consumer(ctx context.Context, c pods.Container) error {
	r := &consumer{
		container: c,
		log:       log.New(c.Log, "", log.LstdFlags),
		pageWait:  min(longestPageWait, max(shortestPageWait, l.Conditions.Duration("producer.interval"))),
		claims:    make(chan int, 1),
		messages:  make(chan string),
	}
	client, err := connect(c,
		kgo.ConsumeTopics(c.Getenv("TOPIC", "my-topic")),
		kgo.ConsumerGroup(c.Getenv("CONSUMERGROUP", "strimzikafkaconsumergroupid")),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()),
		kgo.Balancers(kgo.RangeBalancer()),
		kgo.AutoCommitInterval(time.Second),
		kgo.OnPartitionsAssigned(r.assigned))
	if err != nil {
		r.log.Printf("Error creating the Sarama consumer: %v", err)
		return err
	}
	defer client.Close()
	r.client = client
	if err := pause(ctx, joinDelay); err != nil {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.consume(ctx) })
	return ended(ctx, group.Wait())
}

// connect makes a Kafka client that reaches brokers through the pod's network only. A broker that
// does not answer ends the program, as with sarama.
func connect(c pods.Container, options ...kgo.Opt) (*kgo.Client, error) {
	client, err := kgo.NewClient(append(options,
		kgo.SeedBrokers(c.Getenv("BROKERS", "my-cluster-kafka-bootstrap:9092")),
		kgo.Dialer(c.Network.DialContext),
		kgo.AllowAutoTopicCreation(),
		kgo.MetadataMinAge(100*time.Millisecond),
		kgo.DisableClientMetrics(), // closing would wait a second to push them
		kgo.ProducerLinger(0))...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := client.Ping(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("kafka: client has run out of available brokers to talk to: %w", err)
	}
	return client, nil
}

// assigned is the set-up of a group session. One without partitions comes before the topic exists,
// and is none yet.
func (r *consumer) assigned(ctx context.Context, _ *kgo.Client, partitions map[string][]int32) {
	count := 0
	for _, list := range partitions {
		count += len(list)
	}
	if count == 0 {
		return
	}
	select {
	case r.claims <- count:
	case <-ctx.Done():
	}
}

// consume handles messages by what the first claim brought. A second claim kills the program: the
// real one closes a closed channel then.
func (r *consumer) consume(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	records := make(chan *kgo.Record)
	group.Go(func() error { return r.poll(ctx, records) })
	group.Go(func() error {
		select {
		case <-r.claims:
		case <-ctx.Done():
			return ctx.Err()
		}
		r.log.Println("Consumer group handler setup")
		pages, err := r.container.Network.Listen(pagePort)
		if err != nil {
			r.log.Printf("error starting server: %v", err)
			return err
		}
		group.Go(func() error { return r.servePages(ctx, pages) })
		r.log.Println("Sarama consumer up and running!...")
		key, err := r.retrieveKey(ctx)
		if err != nil {
			r.log.Printf("not able to retrieve key: %v", err)
		}
		return r.handle(ctx, records, key)
	})
	return group.Wait()
}

// poll hands records on, as they come. Errors are not its business: the client goes on by itself.
func (r *consumer) poll(ctx context.Context, records chan<- *kgo.Record) error {
	for {
		fetches := r.client.PollFetches(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, record := range fetches.Records() {
			select {
			case records <- record:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

func (r *consumer) handle(ctx context.Context, records <-chan *kgo.Record, key *rsa.PrivateKey) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.claims:
			r.log.Println("panic: close of closed channel")
			return errors.New("panic: close of closed channel")
		case record := <-records:
			message := r.read(record, key)
			select {
			case r.messages <- message:
			default:
			}
			r.log.Printf("Message received: value=%s, partition=%d, offset=%d", message, record.Partition, record.Offset)
		}
	}
}

// read decrypts a record where there is a key. What does not decrypt reads as nothing.
func (r *consumer) read(record *kgo.Record, key *rsa.PrivateKey) string {
	if key == nil {
		return string(record.Value)
	}
	ciphertext, err := base64.StdEncoding.DecodeString(string(record.Value))
	if err != nil {
		r.log.Printf("error decoding message value %q", err)
	}
	plaintext, err := rsa.DecryptOAEP(sha256.New(), nil, key, ciphertext, nil)
	if err != nil {
		r.log.Printf("error decrypting message %q", err)
	}
	return string(plaintext)
}

const sidecarURL = "http://localhost:8080/key/release"

// retrieveKey asks the sidecar once: neither whether it is ready, nor again.
func (r *consumer) retrieveKey(ctx context.Context) (*rsa.PrivateKey, error) {
	body := fmt.Sprintf(`{"maa_endpoint": "%s", "akv_endpoint": "%s", "kid": "%s"}`,
		r.container.Env["SkrClientMAAEndpoint"], r.container.Env["SkrClientAKVEndpoint"], r.container.Env["SkrClientKID"])
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, sidecarURL, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := r.container.Network.Client().Do(request)
	if err != nil {
		r.log.Print("Error response body from SKR: ")
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 200 || response.StatusCode > 207 {
		return nil, fmt.Errorf("unable to retrieve key from SKR.  Response Code %d.  Message %s", response.StatusCode, text)
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, fmt.Errorf("construct private rsa key from jwk key error: %w", err)
	}
	r.released.Store(true)
	return key, nil
}

// parseKey reads {"key": "<JWK as a string>"}.
func parseKey(text []byte) (*rsa.PrivateKey, error) {
	var answer struct {
		Key string `json:"key"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, errors.New("retrieve key unmarshal error")
	}
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON([]byte(answer.Key)); err != nil {
		return nil, errors.New("not a JWK") // the parser's own words could repeat the key
	}
	key, ok := jwk.Key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%T is not an RSA key", jwk.Key)
	}
	return key, nil
}
