package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// Topic is a topic as seen through kafka-go.
type Topic struct{}

// Produce writes values to the topic and returns when every in-sync replica has them. A topic that
// does not exist yet is created with the broker's defaults, where the broker allows that.
func (Topic) Produce(ctx context.Context, c Config, values ...[]byte) error {
	transport := &kafka.Transport{Dial: c.dial(ctx), MetadataTopics: []string{c.Topic}}
	defer transport.CloseIdleConnections()
	writer := &kafka.Writer{
		Addr:                   kafka.TCP(c.BootstrapServer),
		Topic:                  c.Topic,
		RequiredAcks:           kafka.RequireAll,
		AllowAutoTopicCreation: true,
		BatchTimeout:           time.Millisecond,
		Transport:              transport,
	}
	messages := make([]kafka.Message, len(values))
	for i, value := range values {
		messages[i].Value = value
	}
	if err := errors.Join(writeToNewTopic(ctx, writer, messages), writer.Close()); err != nil {
		return fmt.Errorf("produce to %s: %w", c.Topic, err)
	}
	return nil
}

// createTimeout is how long a broker may take over a topic that it creates on demand.
const createTimeout = 10 * time.Second

// writeToNewTopic writes again while the broker, asked for a topic it did not have, is still creating it.
func writeToNewTopic(ctx context.Context, writer *kafka.Writer, messages []kafka.Message) error {
	created := time.After(createTimeout)
	for wait := backoffMin; ; wait = min(wait*2, backoffMax) {
		err := writer.WriteMessages(ctx, messages...)
		if !errors.Is(err, kafka.UnknownTopicOrPartition) && !errors.Is(err, kafka.LeaderNotAvailable) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-created:
			return err
		case <-time.After(wait):
		}
	}
}
