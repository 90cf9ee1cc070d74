package skr

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"

	"github.com/tink-crypto/tink-go/v2/kwp/subtle"
)

// Key wrapping algorithms of a key release. They differ in the hash of the RSA-OAEP step alone.
// Source: Azure Key Vault REST API, release, parameter enc.
const (
	WrapCKM = "CKM_RSA_AES_KEY_WRAP" // SHA-1; the default
	Wrap256 = "RSA_AES_KEY_WRAP_256"
	Wrap384 = "RSA_AES_KEY_WRAP_384"
)

// kekBytes is the size of the one-time AES key between the RSA key and the wrapped key.
const kekBytes = 32

func oaepHash(algorithm string) (func() hash.Hash, error) {
	switch algorithm {
	case WrapCKM:
		return sha1.New, nil
	case Wrap256:
		return sha256.New, nil
	case Wrap384:
		return sha512.New384, nil
	}
	return nil, fmt.Errorf("unknown key wrapping algorithm %q", algorithm)
}

// Wrap encrypts key material (16 to 8192 bytes) for the holder of the private key: an AES key
// under RSA-OAEP, then the material under that AES key by RFC 5649.
func Wrap(algorithm string, to *rsa.PublicKey, material []byte) ([]byte, error) {
	oaep, err := oaepHash(algorithm)
	if err != nil {
		return nil, err
	}
	kek := make([]byte, kekBytes)
	defer clear(kek)
	rand.Read(kek)
	wrappedKEK, err := rsa.EncryptOAEP(oaep(), rand.Reader, to, kek, nil)
	if err != nil {
		return nil, fmt.Errorf("encrypt the wrapping key: %w", err)
	}
	cipher, err := subtle.NewKWP(kek)
	if err != nil {
		return nil, err
	}
	wrapped, err := cipher.Wrap(material)
	if err != nil {
		return nil, fmt.Errorf("wrap the key: %w", err)
	}
	return append(wrappedKEK, wrapped...), nil
}

// Unwrap is the inverse of Wrap.
func Unwrap(algorithm string, with *rsa.PrivateKey, wrapped []byte) ([]byte, error) {
	oaep, err := oaepHash(algorithm)
	if err != nil {
		return nil, err
	}
	if len(wrapped) <= with.Size() {
		return nil, errors.New("unwrap the key: it is too short")
	}
	kek, err := rsa.DecryptOAEP(oaep(), nil, with, wrapped[:with.Size()], nil)
	if err != nil {
		return nil, fmt.Errorf("decrypt the wrapping key: %w", err)
	}
	defer clear(kek)
	cipher, err := subtle.NewKWP(kek)
	if err != nil {
		return nil, err
	}
	material, err := cipher.Unwrap(wrapped[with.Size():])
	if err != nil {
		return nil, fmt.Errorf("unwrap the key: %w", err)
	}
	return material, nil
}
