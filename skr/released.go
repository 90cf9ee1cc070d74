package skr

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ReleasedKey is what a vault lets go of, once the envelope around it has been checked.
type ReleasedKey struct {
	ID         string   // with version
	Type       string   // RSA-HSM, EC-HSM, oct-HSM, or the same without -HSM
	Operations []string // key_ops
	APIVersion string
	Algorithm  string // how it is wrapped: WrapCKM, Wrap256 or Wrap384
	Wrapped    []byte
	Policy     []byte // the release policy it was released under, JSON
}

// releasePayload is the signed part of the envelope.
// Source: microsoft/confidential-sidecar-containers, pkg/common/akv.go.
type releasePayload struct {
	Request struct {
		APIVersion string `json:"api-version"`
		Algorithm  string `json:"enc"`
		ID         string `json:"kid"`
	} `json:"request"`
	Response struct {
		Key releasePayloadKey `json:"key"`
	} `json:"response"`
}

type releasePayloadKey struct {
	Attributes struct {
		Enabled    bool `json:"enabled"`
		Exportable bool `json:"exportable"`
	} `json:"attributes"`
	Key struct {
		HSM        string   `json:"key_hsm"` // base64url of a keyHSM
		ID         string   `json:"kid"`
		Type       string   `json:"kty"`
		Operations []string `json:"key_ops"`
	} `json:"key"`
	ReleasePolicy struct {
		ContentType string `json:"contentType"`
		Data        string `json:"data"` // base64url
	} `json:"release_policy"`
}

// keyHSM is the inner envelope, in the form of a key transfer blob.
type keyHSM struct {
	SchemaVersion string `json:"schema_version"`
	Header        struct {
		ID        string `json:"kid"`
		Algorithm string `json:"alg"`
		Encoding  string `json:"enc"`
	} `json:"header"`
	Ciphertext string `json:"ciphertext"` // base64url
}

// OpenReleased checks a release answer's signature, and that its signer is the vault of that host
// (a port is left aside) by the given roots; nil roots are the system's.
func OpenReleased(envelope, host string, roots *x509.CertPool) (ReleasedKey, error) {
	payload, err := verifyEnvelope(envelope, host, roots)
	if err != nil {
		return ReleasedKey{}, fmt.Errorf("check the released key's envelope: %w", err)
	}
	var content releasePayload
	if err := decodeStrict(payload, &content); err != nil {
		return ReleasedKey{}, fmt.Errorf("decode the released key: %w", err)
	}
	key, err := content.releasedKey()
	if err != nil {
		return ReleasedKey{}, fmt.Errorf("decode the released key: %w", err)
	}
	return key, nil
}

func (p releasePayload) releasedKey() (ReleasedKey, error) {
	inner, err := base64.RawURLEncoding.DecodeString(p.Response.Key.Key.HSM)
	if err != nil {
		return ReleasedKey{}, fmt.Errorf("key_hsm: %w", err)
	}
	var hsm keyHSM
	if err := decodeStrict(inner, &hsm); err != nil {
		return ReleasedKey{}, fmt.Errorf("key_hsm: %w", err)
	}
	wrapped, err := base64.RawURLEncoding.DecodeString(hsm.Ciphertext)
	if err != nil {
		return ReleasedKey{}, fmt.Errorf("ciphertext: %w", err)
	}
	policy, err := base64.RawURLEncoding.DecodeString(p.Response.Key.ReleasePolicy.Data)
	if err != nil {
		return ReleasedKey{}, fmt.Errorf("release_policy: %w", err)
	}
	return ReleasedKey{
		ID:         p.Response.Key.Key.ID,
		Type:       p.Response.Key.Key.Type,
		Operations: p.Response.Key.Key.Operations,
		APIVersion: p.Request.APIVersion,
		Algorithm:  p.Request.Algorithm,
		Wrapped:    wrapped,
		Policy:     policy,
	}, nil
}

// Unwrap opens the key with the private half of the key that the attestation token carried.
// RSA and EC keys are a *rsa.PrivateKey or *ecdsa.PrivateKey, symmetric ones a []byte.
func (k ReleasedKey) Unwrap(with *rsa.PrivateKey) (crypto.PrivateKey, error) {
	material, err := Unwrap(k.Algorithm, with, k.Wrapped)
	if err != nil {
		return nil, err
	}
	if strings.TrimSuffix(k.Type, "-HSM") == "oct" {
		return material, nil
	}
	private, err := x509.ParsePKCS8PrivateKey(material)
	if err != nil {
		// The parser's own words could repeat the key.
		return nil, errors.New("the released key is not PKCS #8")
	}
	return private, nil
}
