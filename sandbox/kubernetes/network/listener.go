package network

import (
	"net"
	"net/netip"
	"sync"
)

type listener struct {
	address netip.AddrPort
	waiting chan net.Conn
	closed  chan struct{}
	once    sync.Once
	forget  func(netip.AddrPort)

	mu   sync.Mutex
	open map[net.Conn]struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, net.ErrClosed
	default:
	}
	select {
	case c := <-l.waiting:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close lets accepted connections be; those that wait are dropped.
func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.forget(l.address)
		l.refuseIfClosed()
	})
	return nil
}

// refuseIfClosed hangs up on those whom nobody will accept any more.
func (l *listener) refuseIfClosed() {
	select {
	case <-l.closed:
	default:
		return
	}
	for {
		select {
		case c := <-l.waiting:
			c.Close()
		default:
			return
		}
	}
}

func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.address) }

// accepted remembers a connection while it is open, so that a host that dies can drop it.
func (l *listener) accepted(c net.Conn) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = struct{}{}
	return &served{Conn: c, listener: l}
}

// hangUp drops the connections that were accepted, as a host that dies does.
func (l *listener) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.Close()
	}
	clear(l.open)
}

type served struct {
	net.Conn
	listener *listener
}

func (s *served) Close() error {
	s.listener.mu.Lock()
	delete(s.listener.open, s.Conn)
	s.listener.mu.Unlock()
	return s.Conn.Close()
}
