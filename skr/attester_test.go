package skr_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestMetadataNamesIssuerAndKeys(t *testing.T) {
	i := newIssuer(t)
	i.keys = append(i.keys, map[string]any{"kty": "EC", "kid": "skipped"}, map[string]any{"kty": "RSA"})
	meta, err := i.attester().Metadata(t.Context(), i.host())
	if err != nil {
		t.Fatal(err)
	}
	if meta.Issuer != i.URL || !slices.Equal(meta.KeyIDs, []string{"k1"}) {
		t.Errorf("%+v", meta)
	}
}

// A service that has trouble is asked again, and so is whoever answers in its place; a refusal is one at once.
func TestMetadataIsReadAgainWhereItMayHelp(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<html>Please sign in to this network.</html>")
	}
	breaksOff := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "{")
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		passes bool
	}{
		"500": {status(500), true}, "503": {status(503), true}, "429": {status(429), true}, "404": {status(404), false},
		"a web page":    {page, true},
		"half a page":   {breaksOff, true},
		"no connection": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			next, asked := i.Config.Handler, map[string]int{}
			i.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked[r.URL.Path]++; asked[r.URL.Path] == 1 {
					test.answer(w, r)
					return
				}
				next.ServeHTTP(w, r)
			})
			if _, err := i.attester().Metadata(t.Context(), i.host()); (err == nil) != test.passes {
				t.Errorf("asked %v: %v", asked, err)
			}
		})
	}
}

func TestMetadataIsRefused(t *testing.T) {
	tests := map[string]struct {
		change  func(*issuer)
		because string
	}{
		"another issuer":     {func(i *issuer) { i.configuration["issuer"] = i.URL + "/" }, "the issuer is"},
		"keys elsewhere":     {func(i *issuer) { i.configuration["jwks_uri"] = "https://evil.example/certs" }, "elsewhere"},
		"keys by redirect":   {func(i *issuer) { i.configuration["jwks_uri"] = i.URL + "/moved" }, "302"},
		"missing keys":       {func(i *issuer) { i.configuration["jwks_uri"] = i.URL + "/gone" }, "404"},
		"no keys":            {func(i *issuer) { i.keys = nil }, "no RSA signing keys"},
		"too many keys":      {func(i *issuer) { i.keys = slices.Repeat(i.keys, 65) }, "more than 64"},
		"an oversized JWKS":  {func(i *issuer) { i.keys[0]["pad"] = strings.Repeat("x", 1<<20) }, "larger than"},
		"a short key":        {func(i *issuer) { i.keys[0] = rawKey("AQAB", 128) }, "1024 bits"},
		"a monstrous key":    {func(i *issuer) { i.keys[0] = rawKey("AQAB", 2048) }, "16384 bits"},
		"a silly exponent":   {func(i *issuer) { i.keys[0] = rawKey("AQ", 256) }, "exponent"},
		"a huge exponent":    {func(i *issuer) { i.keys[0] = rawKey("AQABAQABAQAB", 256) }, "exponent"},
		"two different keys": {func(i *issuer) { i.keys[0]["n"], i.keys[0]["e"] = rawKey("AQAB", 256)["n"], "AQAB" }, "another key"},
		"a broken x5c":       {func(i *issuer) { i.keys[0]["x5c"] = []string{"AAAA"} }, "x509"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			test.change(i)
			_, err := i.attester().Metadata(t.Context(), i.host())
			if err == nil || !strings.Contains(err.Error(), test.because) {
				t.Errorf("got %v, want %q", err, test.because)
			}
		})
	}
}

// rawKey is an RSA key of so many bytes, without a certificate.
func rawKey(exponent string, size int) map[string]any {
	modulus := base64.RawURLEncoding.EncodeToString(slices.Repeat([]byte{0xff}, size))
	return map[string]any{"kty": "RSA", "kid": "k1", "n": modulus, "e": exponent}
}
