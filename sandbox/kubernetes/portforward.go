package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// tunnelProtocol is SPDY inside of a WebSocket, which kubectl tries first since 1.31.
const tunnelProtocol = "SPDY/3.1+" + portforward.PortForwardProtocolV1Name

// portForward serves streams into a pod: SPDY by POST, or SPDY inside of a WebSocket by GET.
func (c *Cluster) portForward(w http.ResponseWriter, r *request) error {
	run, err := c.forwardable(r)
	if err != nil {
		return err
	}
	forwarder := &forwarder{ctx: r.Context(), run: run, failures: map[string]httpstream.Stream{}}
	var tunnel httpstream.Connection
	if websocket.IsWebSocketUpgrade(r.Request) {
		tunnel, err = forwarder.acceptWebSocket(w, r)
	} else {
		tunnel, err = forwarder.acceptSPDY(w, r)
	}
	if err != nil || tunnel == nil {
		return err
	}
	defer tunnel.Close()
	<-tunnel.CloseChan()
	return nil
}

// forwardable finds the pod, which must run already.
func (c *Cluster) forwardable(r *request) (*podRun, error) {
	if c.store.Get(podsKey, r.namespace, r.name) == nil {
		return nil, r.notFound()
	}
	run := c.running(r.namespace, r.name)
	if run == nil || !run.started() {
		return nil, apierrors.NewBadRequest("unable to forward port because pod is not running. Current status=Pending")
	}
	return run, nil
}

func (f *forwarder) acceptSPDY(w http.ResponseWriter, r *request) (httpstream.Connection, error) {
	if !httpstream.IsUpgradeRequest(r.Request) {
		return nil, apierrors.NewBadRequest("Upgrade request required")
	}
	if _, err := httpstream.Handshake(r.Request, w, []string{portforward.PortForwardProtocolV1Name}); err != nil {
		return nil, nil // it has answered
	}
	return spdy.NewResponseUpgrader().UpgradeResponse(w, r.Request, f.accept), nil
}

func (f *forwarder) acceptWebSocket(w http.ResponseWriter, r *request) (httpstream.Connection, error) {
	upgrader := websocket.Upgrader{
		Subprotocols: []string{tunnelProtocol},
		CheckOrigin:  func(*http.Request) bool { return true }, // the token authenticates, not a cookie
	}
	conn, err := upgrader.Upgrade(w, r.Request, nil)
	if err != nil {
		return nil, nil // it has answered
	}
	return spdy.NewServerConnection(portforward.NewTunnelingConnection("server", conn), f.accept)
}

// forwarder pairs the streams of the connections that go through one tunnel.
type forwarder struct {
	ctx      context.Context
	run      *podRun
	mu       sync.Mutex
	failures map[string]httpstream.Stream // error streams that wait for their data stream, by request
}

// accept takes a stream; the error stream of a connection comes before its data stream.
func (f *forwarder) accept(stream httpstream.Stream, accepted <-chan struct{}) error {
	id := stream.Headers().Get(corev1.PortForwardRequestIDHeader)
	port, err := strconv.ParseUint(stream.Headers().Get(corev1.PortHeader), 10, 16)
	if err != nil || port == 0 {
		return fmt.Errorf("unable to parse %q as a port", stream.Headers().Get(corev1.PortHeader))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch stream.Headers().Get(corev1.StreamType) {
	case corev1.StreamTypeError:
		f.failures[id] = stream
		return nil
	case corev1.StreamTypeData:
		failure := f.failures[id]
		delete(f.failures, id)
		if failure == nil {
			return errors.New("the data stream came without an error stream")
		}
		go func() {
			<-accepted
			f.forward(stream, failure, int(port))
		}()
		return nil
	default:
		return fmt.Errorf("invalid stream type %q", stream.Headers().Get(corev1.StreamType))
	}
}

// forward copies until either end closes. Why a port cannot be reached goes into the error stream.
func (f *forwarder) forward(data, failure httpstream.Stream, port int) {
	defer failure.Close()
	defer data.Close()
	conn, err := f.run.connect(f.ctx, port)
	if err != nil {
		fmt.Fprint(failure, err)
		return
	}
	defer conn.Close()
	go func() {
		io.Copy(conn, data)
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		}
	}()
	io.Copy(data, conn)
}

// connect opens a port of the pod from its node. The ports of a confidential pod are inside of
// its virtual machine, where the node's loopback does not lead (kata-containers#1693).
func (p *podRun) connect(ctx context.Context, port int) (net.Conn, error) {
	failed := func(err error) error {
		return fmt.Errorf("error forwarding port %d to pod %s, uid : failed to execute portforward in network namespace \"/var/run/netns/cni-%[2]s\": "+
			"failed to connect to localhost:%[1]d inside namespace %[2]q, IPv4: dial tcp4 127.0.0.1:%[1]d: connect: %[3]w IPv6 dial tcp6: address localhost: no suitable address found",
			port, p.pod.UID, err)
	}
	if p.confidential() {
		return nil, failed(errRefused)
	}
	conn, err := p.cluster.network.Dial(ctx, p.address, p.address, port)
	if err != nil {
		return nil, failed(errRefused)
	}
	return conn, nil
}

var errRefused = errors.New("connection refused")

// exec refuses to run commands: a policy denies it, and a goroutine has no shell.
func (c *Cluster) exec(r *request) error {
	run := c.running(r.namespace, r.name)
	if run == nil {
		return r.notFound()
	}
	reason := errors.New("the sandbox's containers are goroutines: they have no shell")
	if run.policy != nil {
		if err := run.policy.CheckExec(r.URL.Query().Get("command")); err != nil {
			reason = err
		}
	}
	return apierrors.NewInternalError(fmt.Errorf("error executing command in container: failed to exec in container: failed to start exec: %w", reason))
}
