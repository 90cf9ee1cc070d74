// Package front is the only door of the sandbox: one TLS listener on loopback behind which
// every service lives as a virtual host under localhost. It knows names and certificates,
// and nothing of what the services do.
package front

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// closePatience is how long Close waits for handlers to notice that their connection is gone.
const closePatience = 5 * time.Second

// Front serves virtual hosts. All methods are safe for concurrent use.
type Front struct {
	port      int
	authority *authority
	server    *http.Server
	conns     *connections
	client    *http.Client
	served    chan struct{} // closed when the accept loop has ended

	mu       sync.RWMutex
	hosts    map[string]http.Handler
	handler  http.Handler // the router inside its middlewares
	closed   bool
	requests sync.WaitGroup
}

// Listen opens the door at addr, a loopback address such as "127.0.0.1:0". Anything else is
// refused: the sandbox must not be reachable from another machine.
func Listen(addr string) (*Front, error) {
	listener, err := listenLoopback(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the sandbox's certificate authority: %w", err), listener.Close())
	}
	f := &Front{
		port:      listener.Addr().(*net.TCPAddr).Port,
		authority: ca,
		conns:     &connections{Listener: listener, open: map[net.Conn]struct{}{}},
		served:    make(chan struct{}),
		hosts:     map[string]http.Handler{},
	}
	f.handler = http.HandlerFunc(f.route)
	if f.client, err = NewClient(ca.pem, f.port); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	f.server = &http.Server{
		Handler:           f,
		TLSConfig:         &tls.Config{GetCertificate: ca.handshake, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 10 * time.Second,
		// Probing clients make handshake errors at will; nobody acts on them.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go f.serve()
	return f, nil
}

func listenLoopback(addr string) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, err
	}
	if !resolved.IP.IsLoopback() {
		return nil, errors.New("not a loopback address")
	}
	return net.ListenTCP("tcp", resolved)
}

func (f *Front) serve() {
	defer close(f.served)
	_ = f.server.ServeTLS(f.conns, "", "") // always an error: Close made it return
}

// Port is the listener's.
func (f *Front) Port() int { return f.port }

// Host is the name with the listener's port.
func (f *Front) Host(name string) string { return name + ":" + strconv.Itoa(f.port) }

// URL is the https URL of a host, without a trailing slash.
func (f *Front) URL(name string) string { return "https://" + f.Host(name) }

// CA is the certificate authority of every host, in PEM. Its key never leaves memory.
func (f *Front) CA() []byte { return f.authority.pem }

// Certificate is what a host under localhost proves itself with: a vault signs the keys it
// releases with it. The chain ends with the CA.
func (f *Front) Certificate(host string) (tls.Certificate, error) {
	certificate, err := f.authority.certificate(host)
	if err != nil {
		return tls.Certificate{}, err
	}
	return *certificate, nil
}

// Client trusts the CA, reaches the hosts of this listener and nothing else. It is shared:
// change a copy.
func (f *Front) Client() *http.Client { return f.client }

// DialContext reaches any name under localhost at this listener's port, and nothing else.
func (f *Front) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return Dialer(f.port).DialContext(ctx, network, address)
}

// Close ends every connection, upgraded ones included, and waits for their handlers.
func (f *Front) Close() error {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	err := f.server.Close()
	f.conns.closeAll()
	<-f.served
	f.client.CloseIdleConnections()
	return errors.Join(err, f.awaitHandlers())
}

func (f *Front) awaitHandlers() error {
	ended := make(chan struct{})
	go func() {
		f.requests.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-time.After(closePatience):
		return errors.New("close the sandbox's listener: some requests are still being served")
	}
}
