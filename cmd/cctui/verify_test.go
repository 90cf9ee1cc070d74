package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/skr"
)

// Every token nobody may believe is refused by the command too, with the reason.
func TestVerifyRefusesTokens(t *testing.T) {
	const issuer = "https://a.attest.azure.net"
	own, stranger := newKey(t), newKey(t)
	public, err := x509.MarshalPKIXPublicKey(own.Public())
	if err != nil {
		t.Fatal(err)
	}
	claims := func(more map[string]any) map[string]any {
		all := map[string]any{"iss": issuer, "x-ms-attestation-type": "sevsnpvm", "exp": time.Now().Add(time.Hour).Unix()}
		maps.Copy(all, more)
		return all
	}
	valid := signed(t, jose.RS256, own, claims(nil), map[jose.HeaderKey]any{"kid": "k1"})
	parts := strings.Split(valid, ".")
	dir := t.TempDir()
	write := func(name string, content any) string {
		data, isText := content.(string)
		if !isText {
			encoded, err := json.Marshal(content)
			if err != nil {
				t.Fatal(err)
			}
			data = string(encoded)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keys := write("keys.json", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: own.Public(), KeyID: "k1"}}})
	policy := write("policy.json", skr.NewReleasePolicy(issuer, skr.Equals("x-ms-attestation-type", "sevsnpvm")))
	if ended := call(t, nil, "verify", "--keys", keys, "--policy", policy, write("valid", valid)); ended.code != actions.ExitDone || !strings.Contains(ended.out, "the key is released") {
		t.Fatalf("a good token: exit code %d\n%s%s", ended.code, ended.out, ended.err)
	}
	kid := map[jose.HeaderKey]any{"kid": "k1"}
	for name, c := range map[string]struct{ token, want string }{
		"alg none":              {encoded(`{"alg":"none","kid":"k1"}`) + "." + parts[1] + "." + parts[2], "not signed with RS256"},
		"no signature":          {parts[0] + "." + parts[1] + ".", "no signature"},
		"HS256 by public key":   {signed(t, jose.HS256, public, claims(nil), kid), "not signed with RS256"},
		"other issuer":          {signed(t, jose.RS256, own, claims(map[string]any{"iss": "https://evil.example"}), kid), "does not release the key"},
		"expired":               {signed(t, jose.RS256, own, claims(map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}), kid), "has expired"},
		"not yet valid":         {signed(t, jose.RS256, own, claims(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}), kid), "not valid yet"},
		"other key id":          {signed(t, jose.RS256, own, claims(nil), map[jose.HeaderKey]any{"kid": "../k1"}), "no such signing key"},
		"other key":             {signed(t, jose.RS256, stranger, claims(nil), kid), "signature is wrong"},
		"keys elsewhere":        {signed(t, jose.RS256, own, claims(nil), map[jose.HeaderKey]any{"kid": "k1", "jku": "https://evil.example/certs"}), "keys outside its authority"},
		"certificate elsewhere": {signed(t, jose.RS256, own, claims(nil), map[jose.HeaderKey]any{"kid": "k1", "x5u": "https://evil.example/x"}), "keys outside its authority"},
		"its own key":           {signed(t, jose.RS256, stranger, claims(nil), map[jose.HeaderKey]any{"kid": "k1", "jwk": map[string]string{"kty": "RSA"}}), "brings its own key"},
		"an extension":          {signed(t, jose.RS256, own, claims(nil), map[jose.HeaderKey]any{"kid": "k1", "crit": []string{"b64"}, "b64": false}), "an extension"},
		"duplicated claims":     {signed(t, jose.RS256, own, `{"iss":"`+issuer+`","iss":"https://evil.example"}`, kid), "two things under one name"},
		"oversized":             {signed(t, jose.RS256, own, claims(map[string]any{"x": strings.Repeat("x", 64<<10)}), kid), "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			ended := call(t, nil, "verify", "--keys", keys, "--policy", policy, write("token", c.token))
			if ended.code != actions.ExitFailed || !strings.Contains(ended.out+ended.err, c.want) {
				t.Errorf("exit code %d, want %d and %q\n%s%s", ended.code, actions.ExitFailed, c.want, ended.out, ended.err)
			}
		})
	}
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// signed is a token; its claims are an object, or JSON as it stands.
func signed(t *testing.T, algorithm jose.SignatureAlgorithm, key, claims any, header map[jose.HeaderKey]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		t.Fatal(err)
	}
	text, isText := claims.(string)
	if !isText {
		data, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		text = string(data)
	}
	made, err := signer.Sign([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	token, err := made.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}
