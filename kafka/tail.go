package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"
)

// Backoff between attempts to find a topic that is not there, or whose broker does not answer.
const (
	backoffMin = 50 * time.Millisecond
	backoffMax = 5 * time.Second
)

// Tail hands over the records of all partitions, one at a time, in the order of each partition. It
// waits for a topic or a broker that is not there yet, and goes on where it was when a connection
// breaks. It ends with ctx, and then returns the context's error.
func (Topic) Tail(ctx context.Context, c Config, receive func(Record)) error {
	offsets, err := c.awaitOffsets(ctx)
	if err != nil {
		return fmt.Errorf("tail %s: %w", c.Topic, err)
	}
	var turn sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for partition, offset := range offsets {
		group.Go(func() error {
			return c.follow(ctx, partition, offset, func(r Record) {
				turn.Lock()
				defer turn.Unlock()
				receive(r)
			})
		})
	}
	return fmt.Errorf("tail %s: %w", c.Topic, group.Wait())
}

// awaitOffsets finds out where to begin in each partition.
func (c Config) awaitOffsets(ctx context.Context) (map[int]int64, error) {
	for wait := backoffMin; ; wait = min(wait*2, backoffMax) {
		offsets, err := c.offsets(ctx)
		if err == nil && len(offsets) > 0 {
			return offsets, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}

// offsets asks for the partitions and their bounds without creating the topic. The transport is
// a new one each time because it would answer from its cache.
func (c Config) offsets(ctx context.Context) (map[int]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	transport := &kafka.Transport{Dial: c.dial(ctx), MetadataTopics: []string{c.Topic}, Context: ctx}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(c.BootstrapServer), Transport: transport}

	metadata, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{c.Topic}})
	if err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	var requests []kafka.OffsetRequest
	for _, topic := range metadata.Topics {
		if topic.Error != nil {
			return nil, fmt.Errorf("read metadata: %w", topic.Error)
		}
		for _, p := range topic.Partitions {
			requests = append(requests, c.firstOffset(p.ID))
		}
	}
	return c.listOffsets(ctx, client, requests)
}

func (c Config) firstOffset(partition int) kafka.OffsetRequest {
	if c.FromStart {
		return kafka.FirstOffsetOf(partition)
	}
	return kafka.LastOffsetOf(partition)
}

func (c Config) listOffsets(ctx context.Context, client *kafka.Client, requests []kafka.OffsetRequest) (map[int]int64, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	response, err := client.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{c.Topic: requests},
	})
	if err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	offsets := map[int]int64{}
	for _, p := range response.Topics[c.Topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("list offsets of partition %d: %w", p.Partition, p.Error)
		}
		offsets[p.Partition] = p.LastOffset
		if c.FromStart {
			offsets[p.Partition] = p.FirstOffset
		}
	}
	return offsets, nil
}

// follow reads one partition until ctx ends; the reader connects again by itself.
func (c Config) follow(ctx context.Context, partition int, offset int64, receive func(Record)) error {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers:               []string{c.BootstrapServer},
		Topic:                 c.Topic,
		Partition:             partition,
		Dialer:                &kafka.Dialer{DialFunc: c.dial(ctx), Timeout: dialTimeout},
		QueueCapacity:         1000,
		MaxBytes:              4 << 20,
		MaxWait:               time.Second,
		ReadBackoffMin:        backoffMin,
		ReadLagInterval:       -1,
		OffsetOutOfRangeError: true,
	})
	defer func() { _ = reader.Close() }()
	if err := reader.SetOffset(offset); err != nil {
		return fmt.Errorf("partition %d: %w", partition, err)
	}
	for {
		message, err := reader.ReadMessage(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, kafka.OffsetOutOfRange):
			// The topic was made anew, shorter than it was: begin with what it holds now.
			if err := reader.SetOffset(kafka.FirstOffset); err != nil {
				return fmt.Errorf("partition %d: %w", partition, err)
			}
		case err == nil:
			receive(record(message))
		}
	}
}

func record(m kafka.Message) Record {
	return Record{
		Partition: m.Partition, Offset: m.Offset, Time: m.Time,
		Key: cut(m.Key), Value: cut(m.Value),
		Cut: len(m.Key) > MaxRecord || len(m.Value) > MaxRecord,
	}
}

// cut copies what it shortens, so that the long original can be freed.
func cut(b []byte) []byte {
	if len(b) <= MaxRecord {
		return b
	}
	return bytes.Clone(b[:MaxRecord])
}
