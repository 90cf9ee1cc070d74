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
	if err := errors.Join(writer.WriteMessages(ctx, messages...), writer.Close()); err != nil {
		return fmt.Errorf("produce to %s: %w", c.Topic, err)
	}
	return nil
}
