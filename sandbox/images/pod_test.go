package images

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cctui/cctui/sandbox/kubernetes/network"
	"github.com/cctui/cctui/sandbox/pods"
)

// instant are conditions under which nothing takes time, with the faults given.
type instant map[string]string

func (instant) Take(ctx context.Context, _ string) error { return ctx.Err() }
func (instant) Duration(string) time.Duration            { return 0 }

func (f instant) Has(fault string) (string, bool) {
	argument, on := f[fault]
	return argument, on
}

// node is a network with a name for each of its hosts.
type node struct {
	network *network.Network
	trust   *tls.Config

	mu    sync.Mutex
	names map[string]netip.Addr
}

func newNode() *node {
	return &node{network: network.New(), names: map[string]netip.Addr{}}
}

// host is the address of a name, which is made where there is none.
func (n *node) host(name string) netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.names[name] == (netip.Addr{}) {
		n.names[name] = netip.AddrFrom4([4]byte{10, 0, 0, byte(len(n.names) + 1)})
	}
	return n.names[name]
}

func (n *node) alias(name, of string) {
	address := n.host(of)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.names[name] = address
}

// serve answers HTTP at host:port of the network.
func (n *node) serve(t *testing.T, host string, port int, handler http.Handler) {
	t.Helper()
	listener, err := n.network.Listen(n.host(host), port)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// podNetwork is the network as one pod sees it.
type podNetwork struct {
	*node
	address netip.Addr
}

func (p podNetwork) Listen(port int) (net.Listener, error) {
	return p.network.Listen(p.address, port)
}

func (p podNetwork) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := net.LookupPort("tcp", service)
	if err != nil {
		return nil, err
	}
	if host == "localhost" {
		return p.network.Dial(ctx, p.address, p.address, port)
	}
	p.mu.Lock()
	to, known := p.names[host]
	p.mu.Unlock()
	if !known {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
	return p.network.Dial(ctx, p.address, to, port)
}

func (p podNetwork) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: p.DialContext, TLSClientConfig: p.trust}}
}

// logs is what a container has written so far. A test can wait for words in it.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed at each write, and made anew
}

func newLogs() *logs { return &logs{more: make(chan struct{})} }

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.more)
	l.more = make(chan struct{})
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await returns when the words were written.
func (l *logs) await(t *testing.T, words string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		l.mu.Lock()
		text, more := l.text.String(), l.more
		l.mu.Unlock()
		if strings.Contains(text, words) {
			return
		}
		select {
		case <-more:
		case <-ctx.Done():
			t.Fatalf("no %q in the log:\n%s", words, text)
		}
	}
}

// running is a container that runs.
type running struct {
	log  *logs
	stop context.CancelFunc
	done chan error // its end, once
}

// run starts an image in a pod of that name.
func (n *node) run(t *testing.T, registry pods.Registry, c pods.Container) *running {
	t.Helper()
	image, ok := registry(c.Image)
	if !ok {
		t.Fatalf("no image %s", c.Image)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &running{log: newLogs(), stop: stop, done: make(chan error, 1)}
	c.Log, c.Network = r.log, podNetwork{n, n.host(c.Pod)}
	if c.ReadFile == nil {
		c.ReadFile = func(path string) ([]byte, error) { return nil, fmt.Errorf("open %s: %w", path, os.ErrNotExist) }
	}
	go func() { r.done <- image(ctx, c) }()
	t.Cleanup(stop)
	return r
}

// end stops a container and returns how it ended.
func (r *running) end(t *testing.T) error {
	t.Helper()
	r.stop()
	return r.wait(t)
}

func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatalf("does not end:\n%s", r.log)
		return nil
	}
}

func TestRegistryKnowsItsImagesByAnyTag(t *testing.T) {
	registry := New(Options{Conditions: instant{}})
	for reference, want := range map[string]bool{
		"mcr.microsoft.com/aci/skr:2.12":                   true,
		"mcr.microsoft.com/aci/skr":                        true,
		"mcr.microsoft.com/aci/skr@sha256:00":              true,
		"mcr.microsoft.com/acc/samples/kafka/consumer:1.0": true,
		"mcr.microsoft.com/acc/samples/kafka/producer:1.0": true,
		"quay.io/strimzi/operator:0.45.2":                  true,
		"quay.io/strimzi/kafka:0.45.2-kafka-3.9.2":         true,
		"docker.io/aci/skr:2.12":                           false,
		"mcr.microsoft.com/aci/skr/more:1":                 false,
		"":                                                 false,
	} {
		if _, got := registry(reference); got != want {
			t.Errorf("%q: %v", reference, got)
		}
	}
}
