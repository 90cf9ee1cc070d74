package skr_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cctui/cctui/skr"
)

func FuzzPolicy(f *testing.F) {
	sample, err := samplePolicy().JSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample)
	f.Add([]byte(`{"version":"1.0.0","anyOf":[{"authority":"https://a","anyOf":[{"claim":"a.b","equals":1}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		policy, err := skr.ParseReleasePolicy(data)
		if err != nil {
			return
		}
		encoded, err := policy.JSON()
		if err != nil {
			t.Fatalf("%+v does not encode: %v", policy, err)
		}
		if _, err := skr.ParseReleasePolicy(encoded); err != nil {
			t.Fatalf("%s does not parse: %v", encoded, err)
		}
		if policy.Explain("", map[string]any{}).Released {
			t.Fatalf("%s releases to nobody", data)
		}
	})
}

// No bytes that the authority has not signed are believed, and everything that is read is bounded.
func FuzzToken(f *testing.F) {
	i := newIssuer(f)
	valid := i.sign(f, i.claims(), nil)
	f.Add(valid)
	f.Add(valid[:len(valid)-1])
	f.Add(part(`{"alg":"RS256","kid":"k1"}`) + "." + part(`{"iss":"`+i.URL+`","exp":4000000000}`) + ".AAAA")
	f.Add(part(`{"alg":"none"}`) + "." + part(`{"x-ms-runtime":{"keys":[{"kty":"RSA","key_use":"enc","n":"AQ","e":"AQ"}]}}`) + ".***")
	authority := skr.Attester{HTTP: &http.Client{Transport: keys(f, i)}, Now: func() time.Time { return i.now }}
	f.Fuzz(func(t *testing.T, text string) {
		if token, err := skr.ParseToken(text); err == nil {
			if len(token.Raw) > 64<<10 || token.Raw == "" {
				t.Fatalf("a token of %d bytes", len(token.Raw))
			}
			// The last character of a signature has bits that say nothing.
			if err := authority.Verify(t.Context(), token, i.URL); err == nil && !strings.HasPrefix(token.Raw, valid[:len(valid)-1]) {
				t.Fatalf("believes %q", text)
			}
		}
		token, err := skr.ParseRedacted(text)
		if err != nil {
			return
		}
		_, _ = skr.ReleaseTarget(token.Claims)
		_, _ = skr.Explain([]byte(text), skr.ExplainOptions{})
		if found, ok := skr.LastLogged([]byte("MAA Token (signature redacted): " + text)); ok && found.Raw != "" {
			t.Fatal("a logged token passes as a signed one")
		}
	})
}

// keys is a transport that answers as the issuer does, without a network.
func keys(f *testing.F, i *issuer) http.RoundTripper {
	f.Helper()
	set, err := json.Marshal(map[string]any{"keys": i.keys})
	if err != nil {
		f.Fatal(err)
	}
	return answers{host: i.URL, jwks: set}
}

func FuzzJWKS(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"k","n":"` + part("n") + `","e":"AQAB"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"k","x5c":["AAAA"]}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"k","n":"` + part(strings.Repeat("n", 256)) + `","e":"AQAB"},{"kty":"oct","k":"AAAA","kid":"k"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		attester := skr.Attester{HTTP: &http.Client{Transport: answers{host: "https://a.example", jwks: data}}}
		meta, err := attester.Metadata(context.Background(), "a.example")
		if err == nil && (len(meta.KeyIDs) == 0 || len(meta.KeyIDs) > 64) {
			t.Fatalf("metadata with %d keys", len(meta.KeyIDs))
		}
		if err == nil && bytes.Contains(data, []byte(`"oct"`)) && !bytes.Contains(data, []byte(`"RSA"`)) {
			t.Fatal("a shared secret passes as a public key")
		}
	})
}

// answers is a transport that serves the bytes as JWKS of a host.
type answers struct {
	host string
	jwks []byte
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	if r.URL.Path == "/certs" {
		_, _ = recorder.Write(a.jwks)
	} else {
		_, _ = recorder.WriteString(`{"issuer":"` + a.host + `","jwks_uri":"` + a.host + `/certs"}`)
	}
	return recorder.Result(), nil
}

// Whatever the sidecar says, in an answer or its log, is taken apart without losing its status or
// growing, and never shows what looks like a success behind an error.
func FuzzSidecarError(f *testing.F) {
	f.Add(403, `{"error":"releasing the key k failed: AKV post request failed: http response status equal to 403 Forbidden: {\"error\":{\"code\":\"Forbidden\",\"innererror\":{\"code\":\"ForbiddenByRbac\"}}}"}`)
	f.Add(403, `{"error":"attestation failed"}{"token":"x"}`)
	f.Add(500, `{"error":{"error":{"error":1}}}`)
	f.Add(403, strings.Repeat(`{"error":`, 1000))
	f.Fuzz(func(t *testing.T, status int, text string) {
		failure := skr.ParseSidecarError(status, text)
		if failure.Status != status || failure.Stage == "" || len(failure.Error()) > 8<<10 {
			t.Fatalf("%d bytes became %d: %+v", len(text), len(failure.Error()), failure)
		}
		sidecar := skr.Sidecar{URL: "http://localhost:8080", HTTP: &http.Client{Transport: refusal(text)}}
		if _, err := sidecar.KeyRelease(t.Context(), skr.Release{Key: "k"}); err == nil {
			t.Fatalf("%q released a key", text)
		}
	})
}

// refusal is a transport that answers 403 with this text.
type refusal string

func (r refusal) RoundTrip(*http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	recorder.WriteHeader(http.StatusForbidden)
	_, _ = recorder.WriteString(string(r))
	return recorder.Result(), nil
}

func FuzzReport(f *testing.F) {
	f.Add(make([]byte, skr.SNPReportBytes), []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	seed := make([]byte, skr.SNPReportBytes)
	seed[0], seed[10] = 3, 2 // version 3, the policy bit that must be set
	f.Add(seed, []byte{})
	f.Fuzz(func(t *testing.T, raw, chain []byte) {
		if err := skr.VerifySNPReport(raw, chain, skr.SNPTrust{}); err == nil {
			t.Fatal("verified by AMD's roots")
		}
		report, err := skr.ParseSNPReport(raw)
		if err == nil && !bytes.Contains(raw, mustHex(t, report.HostData)) {
			t.Fatalf("host data %s is not in the report", report.HostData)
		}
		if explained, err := skr.Explain(raw, skr.ExplainOptions{}); err == nil && explained.Verified {
			t.Fatal("verified without a chain")
		}
	})
}

func mustHex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func FuzzEnvelope(f *testing.F) {
	f.Add(part(`{"alg":"RS256","x5c":["AAAA"]}`) + "." + part(`{"response":{}}`) + ".AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := skr.OpenReleased(text, "kv.vault.example", x509.NewCertPool()); err == nil {
			t.Fatal("opened without a trusted root")
		}
	})
}

func FuzzGeneratedPolicy(f *testing.F) {
	f.Add([]byte(annotated(annotation)), []byte(annotation))
	f.Add([]byte("kind: Pod\n---\nkind: Pod\n"), []byte(""))
	f.Fuzz(func(t *testing.T, manifest, printed []byte) {
		run, _ := generator(t, string(manifest), string(printed), nil)
		_, policy, err := skr.GeneratePolicy(context.Background(), run, []byte(pod))
		if err != nil {
			return
		}
		if decoded, err := base64.StdEncoding.DecodeString(policy.Annotation); err != nil || string(decoded) != policy.Rego {
			t.Fatalf("%+v", policy)
		}
	})
}
