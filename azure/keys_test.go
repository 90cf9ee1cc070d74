package azure

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const (
	vaultURI      = "https://kv.vault.localhost"
	releasePolicy = `{"version":"1.0.0","anyOf":[{"authority":"https://maa","allOf":[{"claim":"c","equals":"v"}]}]}`
)

// challenging asks for a token first, as vaults do; resource is whom the token would be for.
func challenging(resource string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="https://login.localhost/tenant", resource="%s"`, resource))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func keyBundle(public rsa.PublicKey) string {
	encode := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"key":{"kid":"%s/keys/demo/v2","kty":"RSA-HSM","key_ops":["wrapKey","unwrapKey"],"n":"%s","e":"%s"},
		"attributes":{"enabled":true,"exportable":true},"tags":{"cctui-run":"r1"},
		"release_policy":{"contentType":"application/json; charset=utf-8","data":"%s"}}`,
		vaultURI, encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes()), encode([]byte(releasePolicy)))
}

func TestAKeyIsCreatedExportableWithItsReleasePolicy(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t)
	s.HandleFunc("POST /keys/demo/create", challenging("https://vault.localhost", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Kty        string
			Size       int `json:"key_size"`
			Attributes struct{ Exportable bool }
			Policy     struct{ Data string } `json:"release_policy"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		policy, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(body.Policy.Data, "="))
		if err != nil || string(policy) != releasePolicy {
			t.Errorf("release policy = %q, %v", policy, err)
		}
		if body.Kty != "RSA-HSM" || body.Size != 3072 || !body.Attributes.Exportable {
			t.Errorf("body = %+v", body)
		}
		reply(http.StatusOK, keyBundle(private.PublicKey))(w)
	}))
	key, err := s.client(t).CreateKey(t.Context(), vaultURI, KeySpec{Name: "demo", Bits: 3072, ReleasePolicy: []byte(releasePolicy)})
	if err != nil {
		t.Fatal(err)
	}
	if key.Name != "demo" || key.Version != "v2" || key.ID != vaultURI+"/keys/demo/v2" || key.Type != "RSA-HSM" || key.Bits != 2048 || !key.Exportable {
		t.Errorf("key = %+v", key)
	}
	if string(key.ReleasePolicy) != releasePolicy {
		t.Errorf("release policy = %q", key.ReleasePolicy)
	}
	block, _ := pem.Decode([]byte(key.PublicPEM))
	if block == nil || block.Type != "PUBLIC KEY" {
		t.Fatalf("PEM = %q", key.PublicPEM)
	}
	if public, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil || !private.PublicKey.Equal(public) {
		t.Errorf("public key differs: %v", err)
	}
}

func TestNoKeyIsAskedForWithoutAReleasePolicy(t *testing.T) {
	s := newService(t)
	if _, err := s.client(t).CreateKey(t.Context(), vaultURI, KeySpec{Name: "demo", Bits: 3072}); err == nil {
		t.Error("created a key anybody may have")
	}
	if s.askedAnything() {
		t.Error("asked the vault")
	}
}

func TestAVaultThatChallengesForSomebodyElseGetsNoToken(t *testing.T) {
	s := newService(t)
	s.HandleFunc("/", challenging("https://graph.localhost", answers(reply(http.StatusOK, `{}`))))
	if _, err := s.client(t).Key(t.Context(), vaultURI, "demo"); err == nil {
		t.Error("answered the challenge")
	}
	if slices.Contains(s.tokens, "Bearer secret-token") {
		t.Error("sent a token")
	}
}

func TestKeysAreLookedForInTheCloudsVaultsOnly(t *testing.T) {
	s := newService(t)
	client := s.client(t)
	for _, uri := range []string{"https://kv.evil.example", "http://kv.vault.localhost", "https://vault.localhost", "https://kvvault.localhost", "kv", ""} {
		if _, err := client.Key(t.Context(), uri, "demo"); err == nil {
			t.Errorf("%q was taken for a vault", uri)
		}
	}
	if s.askedAnything() {
		t.Errorf("requests were sent to %q", s.hosts)
	}
}

func TestDeletingAKeyWaitsUntilItShows(t *testing.T) {
	s := newService(t)
	absent := reply(http.StatusNotFound, `{"error":{"code":"KeyNotFound"}}`)
	s.HandleFunc("DELETE /keys/demo", challenging("https://vault.localhost", answers(reply(http.StatusOK, `{}`), absent)))
	s.HandleFunc("GET /deletedkeys/demo", answers(absent, reply(http.StatusOK, `{"scheduledPurgeDate":1764547200}`), absent))
	s.HandleFunc("DELETE /deletedkeys/demo", answers(reply(http.StatusNoContent, ""), absent))
	client := s.client(t)
	if err := client.DeleteKey(t.Context(), vaultURI, "demo"); err != nil {
		t.Fatal(err)
	}
	if asked := s.asked("GET /deletedkeys/demo"); asked != 2 {
		t.Errorf("asked %d times for the deleted key, want 2", asked)
	}
	for range 2 { // the second time there is nothing left
		if err := client.PurgeKey(t.Context(), vaultURI, "demo"); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.DeleteKey(t.Context(), vaultURI, "demo"); err != nil {
		t.Fatal(err)
	}
}

func TestRecoveringAKeyWaitsUntilItShows(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t)
	s.HandleFunc("POST /deletedkeys/demo/recover", challenging("https://vault.localhost", answers(reply(http.StatusOK, `{}`))))
	s.HandleFunc("GET /keys/demo/", answers(reply(http.StatusNotFound, `{"error":{"code":"KeyNotFound"}}`), reply(http.StatusOK, keyBundle(private.PublicKey))))
	if err := s.client(t).RecoverKey(t.Context(), vaultURI, "demo"); err != nil {
		t.Fatal(err)
	}
	if asked := s.asked("GET /keys/demo/"); asked != 2 {
		t.Errorf("asked %d times for the key, want 2", asked)
	}
}

func TestAVaultsRefusalNamesTheInnerCode(t *testing.T) {
	s := newService(t)
	s.HandleFunc("/", challenging("https://vault.localhost", answers(reply(http.StatusForbidden,
		`{"error":{"code":"Forbidden","message":"Caller: appid=a;oid=o\r\nAction: 'Microsoft.KeyVault/vaults/keys/create/action'","innererror":{"code":"ForbiddenByRbac"}}}`))))
	_, err := s.client(t).CreateKey(t.Context(), vaultURI, KeySpec{Name: "demo", Bits: 3072, ReleasePolicy: []byte(releasePolicy)})
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Status != 403 || refusal.InnerCode != "ForbiddenByRbac" || !strings.Contains(refusal.Message, "keys/create/action") {
		t.Errorf("error = %v", err)
	}
}

func TestABundleWithoutAKeyIsNoKey(t *testing.T) {
	s := newService(t)
	s.HandleFunc("/", challenging("https://vault.localhost", answers(reply(http.StatusOK, `{}`))))
	if _, err := s.client(t).Key(t.Context(), vaultURI, "demo"); err == nil {
		t.Error("took an empty answer for a key")
	}
}
