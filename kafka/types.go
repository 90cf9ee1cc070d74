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
}

// Record is one record of a topic as it lies on the broker.
type Record struct {
	Partition  int
	Offset     int64
	Time       time.Time
	Key, Value []byte
}
