package network

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// backlog is how many connections may wait to be accepted.
const backlog = 128

// Network is a set of hosts that reach each other by address.
type Network struct {
	mu        sync.Mutex
	listeners map[netip.AddrPort]*listener
	nextPort  uint16
}

// New is a network without hosts.
func New() *Network {
	return &Network{listeners: map[netip.AddrPort]*listener{}}
}

// Listen takes a port of a host.
func (n *Network) Listen(host netip.Addr, port int) (net.Listener, error) {
	address, err := addrPort(host, port)
	if err != nil {
		return nil, opError("listen", address, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[address] != nil {
		return nil, opError("listen", address, syscall.EADDRINUSE)
	}
	l := &listener{
		address: address,
		waiting: make(chan net.Conn, backlog),
		closed:  make(chan struct{}),
		forget:  n.forget,
		open:    map[net.Conn]struct{}{},
	}
	n.listeners[address] = l
	return l, nil
}

// Dial connects one host to a port of another; refused where nothing listens.
func (n *Network) Dial(ctx context.Context, from, to netip.Addr, port int) (net.Conn, error) {
	address, err := addrPort(to, port)
	if err != nil {
		return nil, opError("dial", address, err)
	}
	n.mu.Lock()
	l := n.listeners[address]
	n.nextPort++
	source := netip.AddrPortFrom(from, 32768|n.nextPort)
	n.mu.Unlock()
	if l == nil {
		return nil, opError("dial", address, syscall.ECONNREFUSED)
	}
	near, far := Pipe(net.TCPAddrFromAddrPort(source), net.TCPAddrFromAddrPort(address))
	select {
	case l.waiting <- l.accepted(far):
		l.refuseIfClosed()
		return near, nil
	case <-l.closed:
		return nil, opError("dial", address, syscall.ECONNREFUSED)
	case <-ctx.Done():
		return nil, opError("dial", address, context.Cause(ctx))
	}
}

// Remove takes a host off the network: its listeners and their connections are closed.
func (n *Network) Remove(host netip.Addr) {
	n.mu.Lock()
	var gone []*listener
	for address, l := range n.listeners {
		if address.Addr() == host {
			gone = append(gone, l)
		}
	}
	n.mu.Unlock()
	for _, l := range gone {
		l.Close()
		l.hangUp()
	}
}

func (n *Network) forget(address netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.listeners, address)
}

func addrPort(host netip.Addr, port int) (netip.AddrPort, error) {
	if port < 1 || port > 65535 {
		return netip.AddrPortFrom(host, 0), fmt.Errorf("invalid port %d", port)
	}
	return netip.AddrPortFrom(host, uint16(port)), nil
}

func opError(op string, address netip.AddrPort, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: net.TCPAddrFromAddrPort(address), Err: err}
}
