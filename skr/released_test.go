package skr_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/cctui/cctui/skr"
	"github.com/google/go-cmp/cmp"
)

var algorithms = []string{skr.WrapCKM, skr.Wrap256, skr.Wrap384}

func TestWhatIsWrappedUnwraps(t *testing.T) {
	for _, size := range []int{16, 17, 32, 1793} {
		material := make([]byte, size)
		rand.Read(material)
		for _, algorithm := range algorithms {
			wrapped, err := skr.Wrap(algorithm, &rsaKey().PublicKey, material)
			if err != nil {
				t.Fatal(err)
			}
			got, err := skr.Unwrap(algorithm, rsaKey(), wrapped)
			if err != nil || !bytes.Equal(got, material) {
				t.Errorf("%s, %d bytes: %v", algorithm, size, err)
			}
		}
	}
}

func TestUnwrapRefuses(t *testing.T) {
	wrapped, err := skr.Wrap(skr.WrapCKM, &rsaKey().PublicKey, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	tampered := bytes.Clone(wrapped)
	tampered[len(tampered)-1] ^= 1
	tests := map[string]struct {
		algorithm string
		wrapped   []byte
	}{
		"another algorithm":  {skr.Wrap256, wrapped},
		"an unknown one":     {"RSA_OAEP", wrapped},
		"a changed bit":      {skr.WrapCKM, tampered},
		"nothing wrapped":    {skr.WrapCKM, wrapped[:256]},
		"nothing":            {skr.WrapCKM, nil},
		"an uneven size":     {skr.WrapCKM, wrapped[:len(wrapped)-1]},
		"less than it began": {skr.WrapCKM, wrapped[:len(wrapped)-8]},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := skr.Unwrap(test.algorithm, rsaKey(), test.wrapped); err == nil {
				t.Errorf("unwrapped %x", got)
			}
		})
	}
}

// vaultCertificate is a leaf for a host, its root, and a key of the given kind.
func vaultCertificate(t *testing.T, host string, useRSA bool) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate := tls.Certificate{PrivateKey: rsaKey()}
	public := any(rsaKey().Public())
	if !useRSA {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		certificate.PrivateKey, public = key, key.Public()
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{host}}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, public, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate.Certificate = [][]byte{leafDER, rootDER}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}))
	return certificate, pool
}

func releasedKey(t *testing.T, private *rsa.PrivateKey) skr.ReleasedKey {
	t.Helper()
	material, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := skr.Wrap(skr.WrapCKM, &rsaKey().PublicKey, material)
	if err != nil {
		t.Fatal(err)
	}
	return skr.ReleasedKey{
		ID: "https://kv.vault.example/keys/k/1", Type: "RSA-HSM", Operations: []string{"decrypt"},
		APIVersion: "7.4", Algorithm: skr.WrapCKM, Wrapped: wrapped, Policy: []byte(`{"version":"1.0.0"}`),
	}
}

func TestAReleasedKeyReachesItsGuest(t *testing.T) {
	secret := mustKey()
	for _, useRSA := range []bool{true, false} {
		certificate, roots := vaultCertificate(t, "kv.vault.example", useRSA)
		sent := releasedKey(t, secret)
		envelope, err := sent.Seal(certificate)
		if err != nil {
			t.Fatal(err)
		}
		got, err := skr.OpenReleased(envelope, "kv.vault.example:8443", roots)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Error(diff)
		}
		private, err := got.Unwrap(rsaKey())
		if err != nil || !secret.Equal(private) {
			t.Errorf("unwrapped a %T: %v", private, err)
		}
	}
}

func TestEnvelopesAreRefused(t *testing.T) {
	certificate, roots := vaultCertificate(t, "kv.vault.example", true)
	envelope, err := releasedKey(t, mustKey()).Seal(certificate)
	if err != nil {
		t.Fatal(err)
	}
	_, others := vaultCertificate(t, "kv.vault.example", false)
	parts := strings.Split(envelope, ".")
	tests := map[string]struct {
		envelope, host string
		roots          *x509.CertPool
	}{
		"another vault's":        {envelope, "other.vault.example", roots},
		"an unknown root":        {envelope, "kv.vault.example", others},
		"a payload put in later": {parts[0] + "." + part("{}") + "." + parts[2], "kv.vault.example", roots},
		"no certificates":        {part(`{"alg":"RS256"}`) + "." + parts[1] + "." + parts[2], "kv.vault.example", roots},
		"no algorithm":           {part(`{"alg":"none"}`) + "." + parts[1] + ".", "kv.vault.example", roots},
		"excessive size":         {envelope + strings.Repeat("A", 256<<10), "kv.vault.example", roots},
		"nothing":                {"", "kv.vault.example", roots},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := skr.OpenReleased(test.envelope, test.host, test.roots); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestSymmetricKeysStayBytes(t *testing.T) {
	wrapped, err := skr.Wrap(skr.Wrap384, &rsaKey().PublicKey, bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	key := skr.ReleasedKey{Type: "oct-HSM", Algorithm: skr.Wrap384, Wrapped: wrapped}
	if got, err := key.Unwrap(rsaKey()); err != nil || !bytes.Equal(got.([]byte), bytes.Repeat([]byte{1}, 32)) {
		t.Errorf("%v, %v", got, err)
	}
	key.Type = "RSA"
	if _, err := key.Unwrap(rsaKey()); err == nil || strings.Contains(err.Error(), "1 1 1") {
		t.Errorf("not PKCS #8: %v", err)
	}
}

func TestTheReleaseTargetIsTheGuestsEncryptionKey(t *testing.T) {
	n := rawKey("AQAB", 256)["n"]
	signing := map[string]any{"kty": "RSA", "key_ops": []any{"sign"}, "n": n, "e": "Aw"}
	byOperation := map[string]any{"kty": "RSA", "key_ops": []any{"encrypt"}, "n": n, "e": "AQAB"}
	byUse := map[string]any{"kty": "RSA", "key_use": "enc", "n": n, "e": "AQAB"}
	for name, keys := range map[string][]any{"by operation": {signing, byOperation}, "by use": {"noise", byUse}} {
		got, err := skr.ReleaseTarget(map[string]any{"x-ms-runtime": map[string]any{"keys": keys}})
		if err != nil || got.E != 65537 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, claims := range map[string]map[string]any{
		"no runtime": {}, "no keys": {"x-ms-runtime": map[string]any{}},
		"signing only": {"x-ms-runtime": map[string]any{"keys": []any{signing}}},
	} {
		if _, err := skr.ReleaseTarget(claims); err == nil {
			t.Errorf("%s: found a key", name)
		}
	}
}
