package front

import (
	"net"
	"sync"
)

// connections remembers what it accepted, because http.Server forgets a connection once a
// handler has taken it over (a port-forward, a WebSocket).
type connections struct {
	net.Listener
	mu     sync.Mutex
	closed bool
	open   map[net.Conn]struct{}
}

// Accept hands out connections that forget themselves when they are closed.
func (c *connections) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	c.open[conn] = struct{}{}
	return &connection{Conn: conn, owner: c}, nil
}

func (c *connections) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn := range c.open {
		_ = conn.Close()
	}
	clear(c.open)
}

type connection struct {
	net.Conn
	owner *connections
}

// Close closes and forgets the connection.
func (c *connection) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.open, c.Conn)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}
