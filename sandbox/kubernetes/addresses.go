package kubernetes

import (
	"fmt"
	"net/netip"
	"sync"
)

// addressPool hands out addresses of a network, each to one at a time.
type addressPool struct {
	mu     sync.Mutex
	prefix netip.Prefix
	last   netip.Addr
	used   map[netip.Addr]bool
}

func newAddressPool(prefix string) *addressPool {
	p := netip.MustParsePrefix(prefix)
	return &addressPool{prefix: p, last: p.Addr(), used: map[netip.Addr]bool{}}
}

// take returns a free address, the longest unused first, for a name may still point at the latest.
func (p *addressPool) take() (netip.Addr, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for next := p.after(p.last); next != p.last; next = p.after(next) {
		if !p.used[next] {
			p.used[next] = true
			p.last = next
			return next, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no address of %s is free", p.prefix)
}

// after goes round the network, past the network's own address.
func (p *addressPool) after(a netip.Addr) netip.Addr {
	if next := a.Next(); p.prefix.Contains(next) {
		return next
	}
	return p.prefix.Addr().Next()
}

// release makes an address free; what is no address was never taken.
func (p *addressPool) release(text string) {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return // a service without an address
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.used, address)
}
