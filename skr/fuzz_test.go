package skr_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"

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

func FuzzToken(f *testing.F) {
	f.Add(part(`{"alg":"RS256","kid":"k"}`) + "." + part(`{"iss":"https://a","exp":1}`) + ".AAAA")
	f.Add(part(`{"alg":"none"}`) + "." + part(`{"x-ms-runtime":{"keys":[{"kty":"RSA","key_use":"enc","n":"AQ","e":"AQ"}]}}`) + ".***")
	f.Fuzz(func(t *testing.T, text string) {
		if token, err := skr.ParseToken(text); err == nil && token.Raw == "" {
			t.Fatal("a token without its text")
		}
		token, err := skr.ParseRedacted(text)
		if err != nil {
			return
		}
		_, _ = skr.ReleaseTarget(token.Claims)
		_, _ = skr.Explain([]byte(text), skr.ExplainOptions{})
		skr.LastLogged([]byte("MAA Token (signature redacted): " + text))
	})
}

func FuzzJWKS(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"k","n":"` + part("n") + `","e":"AQAB"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"k","x5c":["AAAA"]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		attester := skr.Attester{HTTP: &http.Client{Transport: answers(data)}}
		if meta, err := attester.Metadata(context.Background(), "a.example"); err == nil && len(meta.KeyIDs) == 0 {
			t.Fatal("metadata without keys")
		}
	})
}

// answers is a transport that serves the bytes as JWKS of https://a.example.
type answers []byte

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	if r.URL.Path == "/certs" {
		_, _ = recorder.Write(a)
	} else {
		_, _ = recorder.WriteString(`{"issuer":"https://a.example","jwks_uri":"https://a.example/certs"}`)
	}
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
		_, _ = skr.ParseSNPReport(raw)
		_, _ = skr.Explain(raw, skr.ExplainOptions{})
	})
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
