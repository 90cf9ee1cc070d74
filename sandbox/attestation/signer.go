package attestation

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	keyBits       = 2048
	tokenLifetime = 8 * time.Hour
	certLifetime  = 365 * 24 * time.Hour
)

// signer makes tokens for every provider with one key.
type signer struct {
	key func() (*rsa.PrivateKey, error)
}

func newSigner() *signer {
	s := &signer{key: sync.OnceValues(func() (*rsa.PrivateKey, error) {
		key, err := rsa.GenerateKey(rand.Reader, keyBits)
		if err != nil {
			return nil, fmt.Errorf("make the attestation signing key: %w", err)
		}
		return key, nil
	})}
	go s.key()
	return s
}

// sign adds who, when and until when to the claims.
func (s *signer) sign(issuer string, now time.Time, claims map[string]any) (string, error) {
	key, err := s.key()
	if err != nil {
		return "", err
	}
	claims["iss"] = issuer
	claims["iat"] = now.Unix()
	claims["nbf"] = now.Unix()
	claims["exp"] = now.Add(tokenLifetime).Unix()
	claims["jti"] = tokenID()
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode the claims: %w", err)
	}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", keyID(key)).WithHeader("jku", issuer+"/certs")
	maker, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, options)
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	signed, err := maker.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	return signed.CompactSerialize()
}

// jwks holds the key as Azure Attestation does: in a certificate signed by itself, without modulus and exponent.
func (s *signer) jwks(issuer string, now time.Time) (any, error) {
	key, err := s.key()
	if err != nil {
		return nil, err
	}
	der, err := selfSigned(key, issuer, now)
	if err != nil {
		return nil, fmt.Errorf("certify the attestation signing key: %w", err)
	}
	type entry struct {
		Certificates []string `json:"x5c"`
		ID           string   `json:"kid"`
		Type         string   `json:"kty"`
	}
	return map[string][]entry{"keys": {{
		Certificates: []string{base64.StdEncoding.EncodeToString(der)},
		ID:           keyID(key),
		Type:         "RSA",
	}}}, nil
}

func selfSigned(key *rsa.PrivateKey, name string, now time.Time) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(certLifetime),
	}
	return x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
}

// keyID is the same for every provider, because the key is.
func keyID(key *rsa.PrivateKey) string {
	digest := sha256.Sum256(key.N.Bytes())
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

func tokenID() string {
	var id [32]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}
