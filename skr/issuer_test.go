package skr_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cctui/cctui/skr"
	"github.com/go-jose/go-jose/v4"
)

// rsaKey is one key for all tests: they test what is done with it, not how it is made.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return mustKey() })

func mustKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// issuer is an attestation service whose answers a test can bend.
type issuer struct {
	*httptest.Server
	configuration map[string]any
	keys          []map[string]any
	now           time.Time
}

func newIssuer(t testing.TB) *issuer {
	i := &issuer{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(i.configuration)
	})
	mux.HandleFunc("GET /certs", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": i.keys})
	})
	mux.HandleFunc("GET /moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/certs", http.StatusFound)
	})
	i.Server = httptest.NewTLSServer(mux)
	t.Cleanup(i.Close)
	i.configuration = map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/certs"}
	i.keys = []map[string]any{certified("k1", rsaKey(), i.now)}
	return i
}

// certified is a key as Azure Attestation publishes it: in a certificate only.
func certified(id string, key *rsa.PrivateKey, now time.Time) map[string]any {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return map[string]any{"kty": "RSA", "kid": id, "x5c": []string{base64.StdEncoding.EncodeToString(der)}}
}

func (i *issuer) host() string { return strings.TrimPrefix(i.URL, "https://") }

func (i *issuer) attester() skr.Attester {
	return skr.Attester{HTTP: i.Client(), Now: func() time.Time { return i.now }}
}

func (i *issuer) claims() map[string]any {
	claims := sampleClaims()
	maps.Copy(claims, map[string]any{
		"iss": i.URL,
		"iat": i.now.Unix(),
		"nbf": i.now.Unix(),
		"exp": i.now.Add(8 * time.Hour).Unix(),
	})
	return claims
}

// sign makes a token with the header's kid k1 and jku, unless given otherwise.
func (i *issuer) sign(t testing.TB, claims any, header map[jose.HeaderKey]any) string {
	t.Helper()
	return signWith(t, jose.RS256, rsaKey(), claims, mergeHeader(map[jose.HeaderKey]any{"kid": "k1", "jku": i.URL + "/certs"}, header))
}

func mergeHeader(header, more map[jose.HeaderKey]any) map[jose.HeaderKey]any {
	maps.Copy(header, more)
	return header
}

func signWith(t testing.TB, algorithm jose.SignatureAlgorithm, key any, claims any, header map[jose.HeaderKey]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		t.Fatal(err)
	}
	payload, ok := claims.(string)
	if !ok {
		data, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		payload = string(data)
	}
	signed, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// publicBytes is what an attacker knows of a signing key, and may try as an HMAC secret.
func publicBytes(t testing.TB, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func part(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
