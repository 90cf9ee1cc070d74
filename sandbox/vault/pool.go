package vault

import (
	"crypto/rand"
	"crypto/rsa"
)

// pooledBits is the size the walkthrough asks for.
const pooledBits = 3072

// keyPool has a key ready: making one takes up to a second of a core, which nobody should wait for.
type keyPool struct{ ready chan made }

type made struct {
	key *rsa.PrivateKey
	err error
}

func newKeyPool() *keyPool {
	p := &keyPool{ready: make(chan made, 1)}
	go p.refill()
	return p
}

func (p *keyPool) refill() {
	key, err := rsa.GenerateKey(rand.Reader, pooledBits)
	p.ready <- made{key, err}
}

// take returns a key of its own for every caller. Other sizes are made on the spot.
func (p *keyPool) take(bits int) (*rsa.PrivateKey, error) {
	if bits != pooledBits {
		return rsa.GenerateKey(rand.Reader, bits)
	}
	m := <-p.ready
	go p.refill()
	return m.key, m.err
}
