package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
)

// ExternalOptions say how clients outside the cluster reach the broker.
type ExternalOptions struct {
	Addr               string // loopback host:port; port 0 takes a free one
	TLS                *tls.Config
	Username, Password string
}

// External is a listener for clients outside the cluster: SASL_SSL with the mechanism PLAIN. It can
// be there before a broker is; until then it turns clients away.
type External struct {
	options  ExternalOptions
	listener net.Listener
	host     string
	port     int32

	mu     sync.Mutex
	broker *Broker
	conns  map[net.Conn]bool
	closed bool
	done   sync.WaitGroup
}

// ListenExternal takes a loopback port and serves on it.
func ListenExternal(o ExternalOptions) (*External, error) {
	if o.TLS == nil || o.Username == "" || o.Password == "" {
		return nil, errors.New("listen for Kafka clients: certificate, user name and password are needed")
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen for Kafka clients: %w", err)
	}
	taken, ok := listener.Addr().(*net.TCPAddr)
	if !ok || !taken.IP.IsLoopback() {
		_ = listener.Close()
		return nil, fmt.Errorf("listen for Kafka clients: %s is not on loopback", o.Addr)
	}
	e := &External{
		options: o, listener: listener,
		host: taken.IP.String(), port: int32(taken.Port),
		conns: map[net.Conn]bool{},
	}
	e.done.Go(e.serve)
	return e, nil
}

// Address is the bootstrap server for clients out here.
func (e *External) Address() string { return net.JoinHostPort(e.host, strconv.Itoa(int(e.port))) }

// Attach says which broker clients reach from now on; nil: none.
func (e *External) Attach(b *Broker) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.broker = b
}

// Close ends the listener and its connections.
func (e *External) Close() error {
	err := e.listener.Close()
	e.mu.Lock()
	e.closed = true
	for conn := range e.conns {
		_ = conn.Close()
	}
	e.mu.Unlock()
	e.done.Wait()
	return err
}

func (e *External) serve() {
	for {
		conn, err := e.listener.Accept()
		if err != nil {
			return
		}
		if broker := e.admit(conn); broker != nil {
			e.done.Go(func() {
				defer e.dismiss(conn)
				e.attend(tls.Server(conn, e.options.TLS), broker)
			})
		}
	}
}

// admit remembers a connection; nil where it was turned away.
func (e *External) admit(conn net.Conn) *Broker {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.broker == nil {
		_ = conn.Close()
		return nil
	}
	e.conns[conn] = true
	return e.broker
}

func (e *External) dismiss(conn net.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.conns, conn)
	_ = conn.Close()
}
