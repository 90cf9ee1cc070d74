// Package sev is the sandbox's AMD hardware: a root of trust made at start, and machines whose
// security processor signs SEV-SNP attestation reports. The certificates have AMD's form, so that
// go-sev-guest verifies a report like a real one, once it is told to trust these roots.
// It knows nothing of attestation services; nobody outside the sandbox trusts it.
package sev

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"sync"

	"github.com/google/go-sev-guest/kds"
)

// rootBits is half of what AMD uses: a 4096-bit key takes a second to make, and guards nothing here.
const rootBits = 2048

// Root is AMD's root key (ARK) and signing key (ASK). They are made when first needed.
type Root struct{ keys func() (keyring, error) }

// keyring is a root's certificates, and the key that certifies chips.
type keyring struct {
	ark, ask *x509.Certificate
	signing  *rsa.PrivateKey
}

// NewRoot begins to make the keys in the background, and returns at once.
func NewRoot() *Root {
	root := &Root{keys: sync.OnceValues(newKeyring)}
	go root.keys()
	return root
}

// Certificates are ASK and ARK in PEM, in that order, as AMD's key distribution service gives them.
func (r *Root) Certificates() ([]byte, error) {
	keys, err := r.keys()
	if err != nil {
		return nil, err
	}
	return append(encode(keys.ask.Raw), encode(keys.ark.Raw)...), nil
}

func newKeyring() (keyring, error) {
	type made struct {
		key *rsa.PrivateKey
		err error
	}
	rootKey := make(chan made, 1)
	go func() {
		key, err := rsa.GenerateKey(rand.Reader, rootBits)
		rootKey <- made{key, err}
	}()
	signing, err := rsa.GenerateKey(rand.Reader, rootBits)
	root := <-rootKey
	if err != nil || root.err != nil {
		return keyring{}, fmt.Errorf("make the AMD root keys: %w, %w", err, root.err)
	}
	ark, err := certify(rootTemplate("ARK-"+productLine), nil, &root.key.PublicKey, root.key)
	if err != nil {
		return keyring{}, fmt.Errorf("certify the ARK: %w", err)
	}
	ask, err := certify(rootTemplate("SEV-"+productLine), ark, &signing.PublicKey, root.key)
	if err != nil {
		return keyring{}, fmt.Errorf("certify the ASK: %w", err)
	}
	return keyring{ark: ark, ask: ask, signing: signing}, nil
}

// Machine is a host with a chip of its own.
type Machine struct {
	root     *Root
	chipID   [64]byte
	key      *ecdsa.PrivateKey
	identity func() ([]byte, error) // PEM
}

// NewMachine makes a chip. Its certificate is made when first needed.
func (r *Root) NewMachine() (*Machine, error) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a chip's key: %w", err)
	}
	machine := &Machine{root: r, key: key}
	rand.Read(machine.chipID[:])
	machine.identity = sync.OnceValues(func() ([]byte, error) { return machine.certifyAs(machine.chipID, firmware) })
	return machine, nil
}

// certifyAs is the chip's certificate in PEM, as AMD would issue it for a chip and firmware.
func (m *Machine) certifyAs(chipID [64]byte, level kds.TCBParts) ([]byte, error) {
	keys, err := m.root.keys()
	if err != nil {
		return nil, err
	}
	template, err := chipTemplate(chipID, level)
	if err != nil {
		return nil, err
	}
	chip, err := certify(template, keys.ask, &m.key.PublicKey, keys.signing)
	if err != nil {
		return nil, err
	}
	return encode(chip.Raw), nil
}

// Chain is the chip's certificate (VCEK), ASK and ARK in PEM, in that order.
func (m *Machine) Chain() ([]byte, error) {
	chip, err := m.identity()
	if err != nil {
		return nil, fmt.Errorf("certify the chip: %w", err)
	}
	roots, err := m.root.Certificates()
	if err != nil {
		return nil, err
	}
	return append(bytes.Clone(chip), roots...), nil
}

func encode(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
