// Package kafka follows a topic, writes to it, and speaks the encryption of Microsoft's Kafka sample
// for confidential containers. It reaches brokers only through the Dial of its Config, so that a
// broker inside a cluster can be reached by the name it advertises. It knows nothing of Kubernetes
// or Azure, and can be used as a library by itself.
package kafka

import (
	"context"
	"net"
	"time"
)

// Dial reaches a broker by the host:port it advertises, which may be an in-cluster name.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Config says where a topic is.
type Config struct {
	BootstrapServer string // host:port
	Topic           string
	Dial            Dial // nil: the network of this machine
	// FromStart makes Tail begin with the oldest record there is, not with the next to come.
	FromStart bool
}

// MaxRecord is how much of a record's key and of its value Tail hands over, in bytes.
const MaxRecord = 64 << 10

// Record is one record of a topic as it lies on the broker.
type Record struct {
	Partition  int
	Offset     int64
	Time       time.Time
	Key, Value []byte
	Cut        bool // key or value was longer than MaxRecord
}
