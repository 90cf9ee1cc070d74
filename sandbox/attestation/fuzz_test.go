package attestation_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cctui/cctui/sandbox/attestation"
	"github.com/cctui/cctui/sandbox/sev"
)

// No bytes that a chip has not signed are attested.
func FuzzAttest(f *testing.F) {
	f.Add(`{"report":"e30","runtimeData":{"data":"e30","dataType":"JSON"}}`)
	f.Add(`{"report":"eyJTbnBSZXBvcnQiOiJBQUFBIiwiVmNla0NlcnRDaGFpbiI6IkFBQUEifQ","runtimeData":{"data":"","dataType":"Binary"}}`)
	f.Add(`{"report":5}`)
	f.Add(`[[[[`)
	service := attestation.New(attestation.Options{
		Known: func(string) bool { return true }, URL: func(host string) string { return "https://" + host }, Roots: sev.NewRoot().Certificates,
	}).Handler()
	f.Fuzz(func(t *testing.T, body string) {
		recorder := httptest.NewRecorder()
		service.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "https://"+provider+"/attest/SevSnpVm?api-version=2022-08-01", strings.NewReader(body)))
		if recorder.Code != http.StatusBadRequest {
			t.Errorf("%q: %d %s", body, recorder.Code, recorder.Body)
		}
	})
}
