package skr_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cctui/cctui/skr"
	"github.com/go-jose/go-jose/v4"
)

// sidecar answers every path with one status and body, and tells what it was asked.
func sidecar(t *testing.T, status int, body string) (skr.Sidecar, *string) {
	asked := new(string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		*asked = r.Method + " " + r.URL.Path + " " + string(data)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return skr.Sidecar{URL: server.URL, HTTP: server.Client()}, asked
}

func TestStatusReadsTheMessageNotTheCode(t *testing.T) {
	for body, want := range map[string]bool{`{"message":"Status OK"}`: true, `{"message":"Status NOT OK"}`: false} {
		s, _ := sidecar(t, http.StatusOK, body)
		if got, err := s.Status(t.Context()); err != nil || got != want {
			t.Errorf("%s: %t, %v", body, got, err)
		}
	}
}

func TestAttestRawSendsStandardBase64(t *testing.T) {
	s, asked := sidecar(t, http.StatusOK, `{"report":"c0ffee"}`)
	report, err := s.AttestRaw(t.Context(), []byte{0xfb, 0xff})
	if err != nil || string(report) != "\xc0\xff\xee" {
		t.Errorf("%x, %v", report, err)
	}
	if want := `POST /attest/raw {"runtime_data":"` + base64.StdEncoding.EncodeToString([]byte{0xfb, 0xff}) + `"}`; *asked != want {
		t.Errorf("asked %s, want %s", *asked, want)
	}
}

func TestOnlyTheFirstObjectOfAnAnswerCounts(t *testing.T) {
	s, _ := sidecar(t, http.StatusForbidden, `{"error":"attestation failed"}{"token":""}`)
	_, err := s.AttestMAA(t.Context(), "sharedeus.eus.attest.azure.net", []byte("{}"))
	var failure *skr.SidecarError
	if !errors.As(err, &failure) || failure.Stage != skr.StageAttestation {
		t.Errorf("got %v", err)
	}
}

func TestKeyReleaseReturnsTheKey(t *testing.T) {
	jwk, err := jose.JSONWebKey{Key: rsaKey()}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]string{"key": string(jwk)})
	if err != nil {
		t.Fatal(err)
	}
	s, asked := sidecar(t, http.StatusOK, string(body))
	key, err := s.KeyRelease(t.Context(), skr.Release{AttestationHost: "a.example", VaultHost: "v.example", Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if private, ok := key.(*rsa.PrivateKey); !ok || !private.Equal(rsaKey()) {
		t.Errorf("a %T", key)
	}
	if want := `POST /key/release {"maa_endpoint":"a.example","akv_endpoint":"v.example","kid":"k"}`; *asked != want {
		t.Errorf("asked %s", *asked)
	}
}

func TestAKeyThatIsNoneIsNotRepeated(t *testing.T) {
	s, _ := sidecar(t, http.StatusOK, `{"key":"{\"kty\":\"oct\",\"k\":7,\"secret\":\"tell-nobody\"}"}`)
	_, err := s.KeyRelease(t.Context(), skr.Release{})
	if err == nil || strings.Contains(err.Error(), "tell-nobody") {
		t.Errorf("got %v", err)
	}
}

const footer = "\nERROR: Please refer to the documentation for more information on how to use this sidecar.\n" +
	"ACI: https://github.com/microsoft/confidential-sidecar-containers/blob/main/examples/skr/aci/README.md\n" +
	"Troubleshooting: https://github.com/microsoft/confidential-sidecar-containers/blob/main/examples/skr/TROUBLESHOOTING.md"

func TestFailuresAreToldApart(t *testing.T) {
	release := "secure key release failed" + footer + ": "
	tests := map[string]struct {
		text string
		want skr.SidecarError
	}{
		"role missing": {
			release + `releasing the key k failed: pulling AKV response body failed: {"error":{"code":"Forbidden","message":"Caller is not authorized","innererror":{"code":"ForbiddenByRbac"}}}: http response status equal to 403 Forbidden`,
			skr.SidecarError{Stage: skr.StageVault, UpstreamStatus: 403, UpstreamCode: "ForbiddenByRbac", UpstreamMessage: "Caller is not authorized"},
		},
		"key missing": {
			release + `releasing the key k failed: pulling AKV response body failed: {"error":{"code":"KeyNotFound","message":"gone"}}: http response status equal to 404 Not Found`,
			skr.SidecarError{Stage: skr.StageVault, UpstreamStatus: 404, UpstreamCode: "KeyNotFound", UpstreamMessage: "gone"},
		},
		"vault unreachable": {
			release + `releasing the key k failed: AKV post request failed: HTTP GET failed: Post "https://v.example": dial tcp: lookup v.example: no such host`,
			skr.SidecarError{Stage: skr.StageVault, UpstreamUnreached: true},
		},
		"federation": {
			release + "retrieving authentication token using workload identity failed: failed to acquire access token: http call(https://login.example)(POST) error: reply status code was 401: AADSTS700213: No matching federated identity record found for presented assertion subject",
			skr.SidecarError{Stage: skr.StageIdentity, UpstreamStatus: 401, UpstreamCode: "AADSTS700213"},
		},
		"report refused": {
			"attestation failed" + footer + `: pulling maa post response failed: {"error":{"code":"InvalidParameter","message":"bad report"}}: http response status equal to 400 Bad Request`,
			skr.SidecarError{Stage: skr.StageAttestation, UpstreamStatus: 400, UpstreamCode: "InvalidParameter", UpstreamMessage: "bad report"},
		},
		"bad request": {"invalid request format" + footer + ": EOF", skr.SidecarError{Stage: skr.StageRequest}},
		"anything":    {"kaboom", skr.SidecarError{Stage: skr.StageUnknown}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := skr.ParseSidecarError(http.StatusForbidden, test.text)
			if strings.Contains(got.Message, "documentation") {
				t.Errorf("the footer is still there: %s", got.Message)
			}
			test.want.Status, test.want.Message = http.StatusForbidden, got.Message
			if *got != test.want {
				t.Errorf("got %+v", *got)
			}
		})
	}
}

func TestErrorsAreBounded(t *testing.T) {
	if got := skr.ParseSidecarError(0, strings.Repeat("é", 1<<16)); len(got.Message) > 5000 {
		t.Errorf("%d bytes", len(got.Message))
	}
}
