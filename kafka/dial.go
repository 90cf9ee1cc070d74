package kafka

import (
	"context"
	"net"
	"time"
)

// dialTimeout bounds one attempt to reach a broker.
const dialTimeout = 10 * time.Second

// dial opens connections that close when their owner's context ends. A broker's answer can be far
// away (a fetch waits for records), and kafka-go would wait for it.
func (c Config) dial(owner context.Context) func(context.Context, string, string) (net.Conn, error) {
	dial := c.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(owner, func() { _ = conn.Close() })
		return ownedConn{conn, stop}, nil
	}
}

type ownedConn struct {
	net.Conn
	stop func() bool
}

func (c ownedConn) Close() error {
	c.stop()
	return c.Conn.Close()
}
