package vault

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
)

// pooledBits is the size the walkthrough asks for.
const pooledBits = 3072

// Generator makes an RSA key of so many bits.
type Generator func(bits int) (*rsa.PrivateKey, error)

// generate is the generator of real life.
func generate(bits int) (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, bits) }

// keyPool has a key ready: making one takes up to a second of a core, which nobody should wait for.
type keyPool struct {
	generate Generator

	mu    sync.Mutex
	ahead chan made // nil: nothing is being made
}

type made struct {
	key *rsa.PrivateKey
	err error
}

// prepare begins to make a key, unless there is one. It is called when a key is likely to be wanted soon, and not
// after each use: then it would take the time from what is done with the key.
func (p *keyPool) prepare() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ahead != nil {
		return
	}
	ahead := make(chan made, 1)
	p.ahead = ahead
	go func() {
		key, err := p.generate(pooledBits)
		ahead <- made{key, err}
	}()
}

// take returns a key of its own for every caller, on the spot where none was prepared.
func (p *keyPool) take(bits int) (*rsa.PrivateKey, error) {
	if bits != pooledBits {
		return p.generate(bits)
	}
	p.mu.Lock()
	ahead := p.ahead
	p.ahead = nil
	p.mu.Unlock()
	if ahead == nil {
		return p.generate(bits)
	}
	m := <-ahead
	return m.key, m.err
}
