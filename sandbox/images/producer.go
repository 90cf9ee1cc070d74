package images

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	mathrand "math/rand/v2"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cctui/cctui/sandbox/pods"
)

// producer is the image mcr.microsoft.com/acc/samples/kafka/producer:1.0.
// Source: microsoft/confidential-container-demos, kafka/producer before commit 7bc0e46.
func (l *library) producer(ctx context.Context, c pods.Container) error {
	p := &producer{
		container: c,
		log:       log.New(c.Log, "", log.LstdFlags),
		// The rest is 10 s in the real sample, the sending half of that.
		rest: max(shortestRest, l.Conditions.Duration("producer.interval")),
	}
	client, err := connect(c, kgo.ClientID("kafka-on-kata-cc-mariner"), kgo.DefaultProduceTopic(c.Getenv("TOPIC", "my-topic")),
		kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	if err != nil {
		p.log.Printf("unable to start kafka sync config: %v", err)
		return fmt.Errorf("panic: runtime error: %w", err)
	}
	defer client.Close()
	p.client = client
	for ctx.Err() == nil {
		if err := p.burst(ctx); err != nil {
			return ended(ctx, err)
		}
		start := time.Now()
		if pause(ctx, spread(p.rest)) == nil {
			p.log.Println("slept ", time.Since(start), " seconds.")
		}
	}
	return nil
}

// shortestRest keeps a sandbox without latency from flooding itself.
const shortestRest = 200 * time.Millisecond

// producer is one run of the program.
type producer struct {
	container pods.Container
	client    *kgo.Client
	log       *log.Logger
	rest      time.Duration
}

const defaultMessage = "Azure confidential computing. Increase data privacy by protecting data in use"

// burst sends its messages at once and then waits for its time to be over. It counts every message
// twice, so that they are numbered 1, 3, 5 and so on, anew in each burst.
func (p *producer) burst(ctx context.Context) error {
	rate, err := strconv.Atoi(p.container.Getenv("RATE", "10"))
	if err != nil {
		rate = 0
	}
	rate += mathrand.IntN(4) - 1
	duration, start, count := spread(p.rest/2), time.Now(), 0
	p.log.Println("will send for", duration.Seconds(), "seconds.")
	for count < rate && ctx.Err() == nil {
		count++
		value, err := p.encrypt(fmt.Sprintf("Msg %d: %s", count, p.container.Getenv("MSG", defaultMessage)))
		if errors.Is(err, errNoPEM) {
			p.log.Println(err)
			return err
		}
		if err != nil {
			p.log.Printf("Error encrypting message: %v", err)
			continue
		}
		if err := p.client.ProduceSync(ctx, kgo.StringRecord(value)).FirstErr(); err != nil {
			p.log.Println(err)
			break
		}
		p.log.Println("Produced message to partition")
		count++
	}
	if err := pause(ctx, duration-time.Since(start)); err != nil {
		return err
	}
	p.log.Println("sent", count, "within", time.Since(start))
	return nil
}

// errNoPEM is how the real producer dies of a key that is not PEM.
var errNoPEM = errors.New("panic: runtime error: invalid memory address or nil pointer dereference")

func (p *producer) encrypt(plaintext string) (string, error) {
	text := p.container.Env["PUBKEY"]
	if text == "" {
		return "", errors.New("failed to read public key file path_to_public_key.pem")
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return "", errNoPEM
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("invalid public key: %w", err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return "", errors.New("invalid public RSA key")
	}
	ciphertext, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, []byte(plaintext), nil)
	if err != nil {
		return "", fmt.Errorf("failed to encrypt with the public key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(ciphertext), nil
}

// spread is d, give or take a fifth.
func spread(d time.Duration) time.Duration {
	return d*4/5 + mathrand.N(d*2/5+1)
}
