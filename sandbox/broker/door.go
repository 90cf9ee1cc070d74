package broker

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// door is the broker's only listener: connections from many places enter here. Its address is what
// the broker advertises.
type door struct {
	address address
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newDoor(a address) *door {
	return &door{address: a, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// enter hands a connection to the broker; false when the broker is closed.
func (d *door) enter(conn net.Conn) bool {
	select {
	case d.conns <- &guardedConn{Conn: conn}:
		return true
	case <-d.closed:
		return false
	}
}

func (d *door) Accept() (net.Conn, error) {
	select {
	case conn := <-d.conns:
		return conn, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *door) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

func (d *door) Addr() net.Addr { return d.address }

// address is a host:port that need not be an IP address.
type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

func parseAddress(hostport string) (address, error) {
	_, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return "", fmt.Errorf("advertised address %q: %w", hostport, err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("advertised address %q: %w", hostport, err)
	}
	return address(hostport), nil
}

// maxRequest bounds a request's size in bytes. Kafka's socket.request.max.bytes is 100 MiB; nobody
// sends the sandbox that much.
const maxRequest = 8 << 20

// guardedConn lets only Kafka requests through to the broker, which trusts a request's size and the
// number of its kind: an HTTP client that hits the port would take it down.
type guardedConn struct {
	net.Conn
	head []byte // of the present request, not read yet
	rest int    // bytes of it behind the head
}

func (g *guardedConn) Read(p []byte) (int, error) {
	if len(g.head) == 0 && g.rest == 0 {
		if err := g.next(); err != nil {
			return 0, err
		}
	}
	if len(g.head) > 0 {
		n := copy(p, g.head)
		g.head = g.head[n:]
		return n, nil
	}
	n, err := g.Conn.Read(p[:min(len(p), g.rest)])
	g.rest -= n
	return n, err
}

// next reads the size and kind of the next request.
func (g *guardedConn) next() error {
	head := make([]byte, 6)
	if _, err := io.ReadFull(g.Conn, head); err != nil {
		return err
	}
	size, key := binary.BigEndian.Uint32(head), int16(binary.BigEndian.Uint16(head[4:]))
	if size < 8 || size > maxRequest {
		return fmt.Errorf("Kafka request of %d bytes", size)
	}
	if kmsg.RequestForKey(key) == nil {
		return fmt.Errorf("Kafka request of unknown kind %d", key)
	}
	g.head, g.rest = head, int(size)-2
	return nil
}
