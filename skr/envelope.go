package skr

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxEnvelopeBytes = 256 << 10
	maxCertificates  = 8
	schemaVersion    = "1.0"
)

// envelopeAlgorithms are those a vault's certificate can sign with.
var envelopeAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384}

// verifyEnvelope checks the JWS by the leaf of its x5c, and the leaf by roots and host.
func verifyEnvelope(envelope, host string, roots *x509.CertPool) ([]byte, error) {
	if len(envelope) > maxEnvelopeBytes {
		return nil, fmt.Errorf("it is larger than %d bytes", maxEnvelopeBytes)
	}
	signed, err := jose.ParseSignedCompact(envelope, envelopeAlgorithms)
	if err != nil {
		return nil, err
	}
	chain, err := envelopeChain(envelope)
	if err != nil {
		return nil, err
	}
	payload, err := signed.Verify(chain[0].PublicKey)
	if err != nil {
		return nil, errors.New("the signature is wrong")
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{DNSName: hostname(host), Roots: roots, Intermediates: intermediates})
	return payload, err
}

// envelopeChain reads the protected header's x5c, leaf first.
func envelopeChain(envelope string) ([]*x509.Certificate, error) {
	part, _, _ := strings.Cut(envelope, ".")
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return nil, err
	}
	var header struct {
		Certificates []string `json:"x5c"`
	}
	if err := decodeStrict(data, &header); err != nil {
		return nil, err
	}
	if n := len(header.Certificates); n == 0 || n > maxCertificates {
		return nil, fmt.Errorf("it carries %d certificates", n)
	}
	var chain []*x509.Certificate
	for _, encoded := range header.Certificates {
		certificate, err := parseCertificate(encoded)
		if err != nil {
			return nil, err
		}
		chain = append(chain, certificate)
	}
	return chain, nil
}

// Seal is the answer by which a vault releases the key, signed with the vault's certificate.
func (k ReleasedKey) Seal(certificate tls.Certificate) (string, error) {
	payload, err := k.payload()
	if err != nil {
		return "", fmt.Errorf("encode the released key: %w", err)
	}
	algorithm, err := algorithmOf(certificate.PrivateKey)
	if err != nil {
		return "", err
	}
	thumbprint := sha256.Sum256(certificate.Certificate[0])
	options := (&jose.SignerOptions{}).
		WithHeader("kid", strings.ToUpper(fmt.Sprintf("%x", thumbprint[:20]))).
		WithHeader("x5c", encodeChain(certificate.Certificate)).
		WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(thumbprint[:]))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: certificate.PrivateKey}, options)
	if err != nil {
		return "", fmt.Errorf("sign the released key: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign the released key: %w", err)
	}
	return signed.CompactSerialize()
}

func (k ReleasedKey) payload() ([]byte, error) {
	var hsm keyHSM
	hsm.SchemaVersion = schemaVersion
	hsm.Header.ID, hsm.Header.Algorithm, hsm.Header.Encoding = k.ID, "dir", k.Algorithm
	hsm.Ciphertext = base64.RawURLEncoding.EncodeToString(k.Wrapped)
	inner, err := json.Marshal(hsm)
	if err != nil {
		return nil, err
	}
	var p releasePayload
	p.Request.APIVersion, p.Request.Algorithm, p.Request.ID = k.APIVersion, k.Algorithm, k.ID
	key := &p.Response.Key
	key.Attributes.Enabled, key.Attributes.Exportable = true, true
	key.Key.HSM = base64.RawURLEncoding.EncodeToString(inner)
	key.Key.ID, key.Key.Type, key.Key.Operations = k.ID, k.Type, k.Operations
	key.ReleasePolicy.ContentType = PolicyContentType
	key.ReleasePolicy.Data = base64.RawURLEncoding.EncodeToString(k.Policy)
	return json.Marshal(p)
}

func algorithmOf(key crypto.PrivateKey) (jose.SignatureAlgorithm, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return jose.RS256, nil
	case *ecdsa.PrivateKey:
		switch key.Curve.Params().BitSize {
		case 256:
			return jose.ES256, nil
		case 384:
			return jose.ES384, nil
		}
	}
	return "", fmt.Errorf("a %T cannot sign a released key", key)
}

func encodeChain(chain [][]byte) []string {
	encoded := make([]string, len(chain))
	for i, der := range chain {
		encoded[i] = base64.StdEncoding.EncodeToString(der)
	}
	return encoded
}

// hostname is the host without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
