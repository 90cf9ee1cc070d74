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
			f := follower{Config: c, partition: partition, offset: offset, receive: func(r Record) {
				turn.Lock()
				defer turn.Unlock()
				receive(r)
			}}
			return f.follow(ctx)
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
		if ended := pause(ctx, wait); ended != nil {
			return nil, errors.Join(ended, err)
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

// follower reads one partition.
type follower struct {
	Config
	partition int
	offset    int64 // of the next record
	receive   func(Record)
}

// follow reads until ctx ends, and connects again where that breaks.
func (f *follower) follow(ctx context.Context) error {
	for wait := backoffMin; ; wait = min(wait*2, backoffMax) {
		if f.read(ctx) {
			wait = backoffMin
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// read fetches from the partition's leader until that fails; false where it failed at once.
func (f *follower) read(ctx context.Context) (fetched bool) {
	dialer := kafka.Dialer{DialFunc: f.dial(ctx)}
	connecting, connected := context.WithTimeout(ctx, dialTimeout)
	conn, err := dialer.DialLeader(connecting, "tcp", f.BootstrapServer, f.Topic, f.partition)
	connected()
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Seek(f.offset, kafka.SeekAbsolute|kafka.SeekDontCheck); err != nil {
		return false
	}
	for {
		began := time.Now()
		more, err := f.fetch(conn)
		if err != nil {
			return fetched
		}
		fetched = true
		if !more && pause(ctx, fetchInterval-time.Since(began)) != nil {
			return fetched
		}
	}
}

const (
	// fetchInterval is the least time between two fetches that find all there is: a broker answers as
	// soon as it has a record, so that records which come one by one would cost a fetch each.
	fetchInterval = 200 * time.Millisecond
	// fetchWait is how long a broker may wait for a record.
	fetchWait = time.Second
	// maxFetch is how much it may send at once, in bytes.
	maxFetch = 4 << 20
)

// fetch hands over the records that a broker has, or the first that comes, and tells whether it has more.
func (f *follower) fetch(conn *kafka.Conn) (more bool, err error) {
	if err := conn.SetReadDeadline(time.Now().Add(fetchWait + dialTimeout)); err != nil {
		return false, err
	}
	batch := conn.ReadBatchWith(kafka.ReadBatchConfig{MinBytes: 1, MaxBytes: maxFetch, MaxWait: fetchWait})
	for {
		message, err := batch.ReadMessage()
		if err != nil {
			break
		}
		f.offset = message.Offset + 1
		f.receive(record(message))
	}
	err = batch.Close()
	switch {
	case errors.Is(err, kafka.OffsetOutOfRange):
		// The topic was made anew, shorter than it was: begin with what it holds now.
		f.offset, err = conn.Seek(0, kafka.SeekStart)
		return true, err
	case err == nil:
		f.offset, _ = conn.Offset() // beyond what was compacted away
	}
	return f.offset < batch.HighWaterMark(), err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
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
