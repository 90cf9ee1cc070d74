package actions

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/cctui/cctui/kafka"
)

// maxLive bounds the text of a live record, in bytes. A message's ciphertext has 512.
const maxLive = 1024

var errNotDeployed = errors.New("no Kafka is deployed yet")

// lost is the source of a lane that cannot be read for the moment.
func lost(err error) Source {
	switch {
	case errors.Is(err, errNotDeployed), errors.Is(err, ErrNoKubeconfig), errors.Is(err, errNoPod), errors.Is(err, errNoPage):
		return Source{SourceWaiting, Sanitize(err.Error(), maxLine)}
	case err == nil:
		return Source{SourceWaiting, "it ended; looking again"}
	}
	return Source{SourceBroken, Sanitize(err.Error(), maxLine)}
}

// tail follows the topic. It connects again by itself; what ends it is what no connection cures.
func (l *live) tail(ctx context.Context) error {
	c, err := l.w.topic(ctx)
	if err != nil {
		return err
	}
	l.queue.tell(LaneBroker, Source{SourceTopic, Sanitize(c.Topic, maxLine)})
	return l.w.options.Adapters.Topic.Tail(ctx, c, func(r kafka.Record) { l.queue.add(l.w.onBroker(r)) })
}

// onBroker is a record as it lies on the topic.
func (w *Walkthrough) onBroker(r kafka.Record) LiveRecord {
	value := string(r.Value)
	return LiveRecord{
		At: r.Time, Lane: LaneBroker, Partition: r.Partition, Offset: r.Offset,
		Text: Sanitize(value, maxLive), Size: len(value), Reading: readingOf(value), Own: w.sent.has(value),
	}
}

// readingOf judges a text as the consumer's page is judged.
func readingOf(text string) Reading {
	_, _, isMessage := kafka.ParseMessage(text)
	switch {
	case isMessage:
		return ReadPlaintext
	case kafka.IsCiphertext(text, keyBits):
		return ReadCiphertext
	case text == "":
		return ReadNothing
	}
	return ReadForeign
}

// topic is how the broker is reached: by port-forward to the pod whose name it advertises.
func (w *Walkthrough) topic(ctx context.Context) (kafka.Config, error) {
	out := w.Outputs()
	if out.BootstrapServer == "" {
		return kafka.Config{}, errNotDeployed
	}
	if _, err := w.kube.connect(ctx); err != nil {
		return kafka.Config{}, err
	}
	return kafka.Config{BootstrapServer: out.BootstrapServer, Topic: w.Inputs().Topic, Dial: w.dialBroker}, nil
}

// dialBroker takes an address that means something inside the cluster only.
func (w *Walkthrough) dialBroker(ctx context.Context, _, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("reach the broker: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("reach the broker at %s: %w", Sanitize(address, maxLine), err)
	}
	k, err := w.kube.connect(ctx)
	if err != nil {
		return nil, err
	}
	return k.Dial(ctx, w.Inputs().Namespace, w.brokerAt(host), port)
}

// brokerAt is the pod behind a host name. Services have no port-forward, so the bootstrap service is
// its one pod; whatever else a broker advertises must be a pod of its own cluster.
func (w *Walkthrough) brokerAt(host string) string {
	pod, _, _ := strings.Cut(host, ".")
	if strings.HasPrefix(pod, kafkaCluster+"-") && host+":" != strings.TrimRight(w.Outputs().BootstrapServer, "0123456789") {
		return pod
	}
	return w.Outputs().BrokerPod
}
