package skr

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"

	"github.com/go-jose/go-jose/v4/json"
)

const (
	maxSigningKeys = 64
	minRSABits     = 2048
	maxRSABits     = 8192
)

// signingKey is an RSA key of a JWKS.
type signingKey struct {
	ID     string
	Public *rsa.PublicKey
}

// jsonKey is an entry of a JWKS. Azure Attestation's hold a certificate instead of modulus and exponent.
type jsonKey struct {
	Type         string   `json:"kty"`
	ID           string   `json:"kid"`
	Modulus      string   `json:"n"`
	Exponent     string   `json:"e"`
	Certificates []string `json:"x5c"`
}

// parseJWKS reads the RSA keys of a JWKS that have an id; others are not for us, and skipped.
func parseJWKS(data []byte) ([]signingKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := decodeStrict(data, &set); err != nil {
		return nil, fmt.Errorf("decode the JWKS: %w", err)
	}
	if len(set.Keys) > maxSigningKeys {
		return nil, fmt.Errorf("the JWKS has more than %d keys", maxSigningKeys)
	}
	var keys []signingKey
	for _, raw := range set.Keys {
		var entry jsonKey
		if err := decodeStrict(raw, &entry); err != nil {
			return nil, fmt.Errorf("decode a key of the JWKS: %w", err)
		}
		if entry.Type != "RSA" || entry.ID == "" {
			continue
		}
		public, err := entry.publicKey()
		if err != nil {
			return nil, fmt.Errorf("key %q of the JWKS: %w", entry.ID, err)
		}
		keys = append(keys, signingKey{ID: entry.ID, Public: public})
	}
	return keys, nil
}

// publicKey reads the certificate, or modulus and exponent. Where there are both they must agree.
func (k jsonKey) publicKey() (*rsa.PublicKey, error) {
	if len(k.Certificates) == 0 {
		return rsaPublicKey(k.Modulus, k.Exponent)
	}
	leaf, err := parseCertificate(k.Certificates[0])
	if err != nil {
		return nil, err
	}
	certified, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("its certificate holds no RSA key")
	}
	if k.Modulus != "" {
		plain, err := rsaPublicKey(k.Modulus, k.Exponent)
		if err != nil || !plain.Equal(certified) {
			return nil, errors.New("its certificate is of another key")
		}
	}
	return certified, boundRSA(certified)
}

func rsaPublicKey(modulus, exponent string) (*rsa.PublicKey, error) {
	n, err := base64.RawURLEncoding.DecodeString(modulus)
	if err != nil {
		return nil, fmt.Errorf("decode the modulus: %w", err)
	}
	e, err := base64.RawURLEncoding.DecodeString(exponent)
	if err != nil {
		return nil, fmt.Errorf("decode the exponent: %w", err)
	}
	power := new(big.Int).SetBytes(e)
	if power.BitLen() > 31 || power.Bit(0) == 0 || power.Int64() < 3 {
		return nil, errors.New("the exponent is no public exponent")
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(power.Int64())}
	return key, boundRSA(key)
}

// boundRSA refuses keys too weak to believe, and keys so large that checking them is the attack.
func boundRSA(key *rsa.PublicKey) error {
	if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return fmt.Errorf("an RSA key of %d bits is not accepted", bits)
	}
	return nil
}

// parseCertificate reads an x5c entry: standard base64 of DER.
func parseCertificate(encoded string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("decode a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}
