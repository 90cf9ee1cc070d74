package vault_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever a guest that may release keys asks, no key leaves without an attestation that the key's
// policy accepts, and the service keeps running.
func FuzzRelease(f *testing.F) {
	r := newRig(f)
	var wrong [32]byte
	if status, answer := r.call(f, operator, http.MethodPost, r.URL("kv.vault.localhost")+"/keys/k/create?api-version=7.4", exportable(policyFor(f, r.URL(provider)))); status != http.StatusOK {
		f.Fatalf("create: %d %v", status, answer)
	}
	f.Add("POST", "/keys/k/release", `{"target":"`+r.attested(f, wrong, false)+`"}`)
	f.Add("POST", "/keys/k/release", `{"target":"a.b.c","enc":"CKM_RSA_AES_KEY_WRAP"}`)
	f.Add("POST", "/keys/k//release", `{"target":null}`)
	f.Add("GET", "/keys/k/versions", "")
	f.Add("PUT", "/deletedkeys/k/recover", "[")
	handler := r.service.Handler()
	f.Fuzz(func(t *testing.T, method, path, body string) {
		request := httptest.NewRequest(http.MethodGet, "https://kv.vault.localhost/?api-version=7.4", strings.NewReader(body))
		request.Method, request.URL.Path = method, path
		request.TLS = &tls.ConnectionState{ServerName: "kv.vault.localhost"}
		request.Header.Set("Authorization", "Bearer "+guest+"@https://vault.localhost")
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Code == http.StatusOK || recorder.Code >= http.StatusInternalServerError {
			t.Errorf("%s %q %q: %d %s", method, path, body, recorder.Code, recorder.Body)
		}
	})
}
