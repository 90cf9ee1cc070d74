package kafka

import (
	"bufio"
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
		return &ownedConn{conn, bufio.NewReaderSize(conn, readAhead), stop}, nil
	}
}

// readAhead is how much is taken from a connection at once, in bytes. kafka-go asks for little, and
// each time somebody in a port-forward would have to wake up.
const readAhead = 64 << 10

type ownedConn struct {
	net.Conn
	ahead *bufio.Reader
	stop  func() bool
}

func (c *ownedConn) Read(p []byte) (int, error) { return c.ahead.Read(p) }

func (c *ownedConn) Close() error {
	c.stop()
	return c.Conn.Close()
}
