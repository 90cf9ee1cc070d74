package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// reasonDelay is how long a connection that ended at once waits to be told why.
const reasonDelay = time.Second

// failureLimit bounds what a port-forward may say about its failure, in bytes.
const failureLimit = 4 << 10

// Dial opens a port of a pod by port-forward. Deadlines work. That the port is closed shows at
// the first read. Ports of Kata pods cannot be reached this way.
func (c *Client) Dial(ctx context.Context, namespace, pod string, port int) (net.Conn, error) {
	dialer, err := c.portForwarder(c.pods(namespace, pod, "portforward").URL())
	if err != nil {
		return nil, fmt.Errorf("forward port %d of %s/%s: %w", port, namespace, pod, err)
	}
	tunnel, err := dial(ctx, dialer)
	if err != nil {
		return nil, fmt.Errorf("forward port %d of %s/%s: %w", port, namespace, pod, err)
	}
	conn, err := forward(tunnel, port)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("forward port %d of %s/%s: %w", port, namespace, pod, err), tunnel.Close())
	}
	return conn, nil
}

// portForwarder upgrades to WebSocket, or to SPDY where the API server is older than 1.31.
func (c *Client) portForwarder(target *url.URL) (httpstream.Dialer, error) {
	websocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(target, c.config)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(c.config)
	if err != nil {
		return nil, err
	}
	older := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, target)
	return portforward.NewFallbackDialerForStreaming(websocket, older, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

// dial gives up when ctx ends, which client-go's dialers do not.
func dial(ctx context.Context, dialer httpstream.Dialer) (httpstream.Connection, error) {
	type result struct {
		tunnel httpstream.Connection
		err    error
	}
	dialled := make(chan result, 1)
	go func() {
		tunnel, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
		dialled <- result{tunnel, err}
	}()
	select {
	case r := <-dialled:
		return r.tunnel, r.err
	case <-ctx.Done():
		go func() {
			if r := <-dialled; r.err == nil {
				r.tunnel.Close()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// forward opens the pair of streams of one forwarded connection: one carries the data, the other
// what went wrong. Streams have no deadlines, so a pipe that has them stands in front.
func forward(tunnel httpstream.Connection, port int) (net.Conn, error) {
	headers := http.Header{}
	headers.Set(corev1.PortHeader, strconv.Itoa(port))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	failures, err := tunnel.CreateStream(headers)
	if err != nil {
		return nil, err
	}
	failures.Close() // nothing is written to it
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := tunnel.CreateStream(headers)
	if err != nil {
		return nil, err
	}
	near, far := net.Pipe()
	conn := &forwarded{Conn: near, tunnel: tunnel, told: make(chan struct{})}
	go conn.readFailure(failures)
	go conn.bridge(far, data)
	return conn, nil
}

// forwarded is a connection through a port-forward.
type forwarded struct {
	net.Conn
	tunnel  httpstream.Connection
	told    chan struct{} // closed when failure is final
	failure error
}

// bridge copies both ways. The end of one way leaves the other open, as protocols that half-close
// need.
func (f *forwarded) bridge(far net.Conn, data httpstream.Stream) {
	go func() {
		io.Copy(data, far)
		data.Close()
	}()
	received, _ := io.Copy(far, data)
	if received == 0 { // the reason may still be on its way
		select {
		case <-f.told:
		case <-time.After(reasonDelay):
		}
	}
	far.Close()
}

// readFailure ends the connection when the API server could not reach the port.
func (f *forwarded) readFailure(stream httpstream.Stream) {
	defer close(f.told)
	message, _ := io.ReadAll(io.LimitReader(stream, failureLimit))
	if len(message) == 0 {
		return
	}
	f.failure = errors.New(strings.TrimSpace(string(message)))
	f.tunnel.Close()
}

// Read says why the connection ended, where the API server told.
func (f *forwarded) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	select {
	case <-f.told:
		return n, cmp.Or(f.failure, err)
	default:
		return n, err
	}
}

// Close ends the tunnel too: every connection has one of its own.
func (f *forwarded) Close() error {
	return errors.Join(f.Conn.Close(), f.tunnel.Close())
}
