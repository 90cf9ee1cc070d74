package attestation_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cctui/cctui/sandbox/attestation"
	"github.com/cctui/cctui/sandbox/front"
	"github.com/cctui/cctui/sandbox/sev"
	"github.com/cctui/cctui/skr"
)

const provider = "sharedeus.eus.attest.localhost"

// rig is an attestation service behind the sandbox's door, and a machine to attest.
type rig struct {
	*front.Front
	machine *sev.Machine
}

func newRig(t testing.TB) rig {
	t.Helper()
	door, err := front.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = door.Close() })
	root := sev.NewRoot()
	machine, err := root.NewMachine()
	if err != nil {
		t.Fatal(err)
	}
	service := attestation.New(attestation.Options{
		Known:            func(host string) bool { return host == provider },
		URL:              door.URL,
		Roots:            root.Certificates,
		ComplianceStatus: "azure-signed-katacc-uvm",
	})
	door.Handle("*.attest.localhost", service.Handler())
	return rig{door, machine}
}

var runtimeData = []byte(`{"keys":[{"kty":"RSA","kid":"guest","n":"AQAB","e":"AQAB","key_ops":["encrypt"]}]}`)

// evidence is what a sidecar sends; a test may bend it.
type evidence struct {
	report, chain, runtimeData []byte
	dataType                   string
}

func (r rig) evidence(t testing.TB, debuggable bool) evidence {
	t.Helper()
	var reportData [64]byte
	digest := sha256.Sum256(runtimeData)
	copy(reportData[:], digest[:])
	report, err := r.machine.Report(reportData, [32]byte{0x5c, 0x1e}, debuggable)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := r.machine.Chain()
	if err != nil {
		t.Fatal(err)
	}
	return evidence{report, chain, runtimeData, "JSON"}
}

func (e evidence) body(t *testing.T) []byte {
	t.Helper()
	encode := base64.URLEncoding.EncodeToString
	report, err := json.Marshal(map[string]string{"SnpReport": encode(e.report), "VcekCertChain": encode(e.chain)})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{
		"report":      encode(report),
		"runtimeData": map[string]string{"data": encode(e.runtimeData), "dataType": e.dataType},
		"nonce":       7,
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func (r rig) post(t *testing.T, path string, body []byte) (int, map[string]any) {
	t.Helper()
	response, err := r.Client().Post(r.URL(provider)+path, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

func TestATrueReportBecomesAToken(t *testing.T) {
	r := newRig(t)
	attester := skr.Attester{HTTP: r.Client()}
	meta, err := attester.Metadata(t.Context(), r.Host(provider))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/attest/SevSnpVm?api-version=2022-08-01", "/attest/SevSnpVM?api-version=2020-10-01"} {
		status, answer := r.post(t, path, r.evidence(t, false).body(t))
		if status != http.StatusOK {
			t.Fatalf("%s: %d %v", path, status, answer)
		}
		token, err := skr.ParseToken(answer["token"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if err := attester.Verify(t.Context(), token, meta.Issuer); err != nil {
			t.Error(err)
		}
		policy := skr.NewReleasePolicy(meta.Issuer,
			skr.Equals(skr.ClaimAttestationType, "sevsnpvm"),
			skr.Equals(skr.ClaimHostData, "5c1e"+strings.Repeat("0", 60)),
			skr.Equals(skr.ClaimComplianceStatus, "azure-signed-katacc-uvm"),
			skr.Equals(skr.ClaimDebuggable, "false"),
			skr.Equals("x-ms-sevsnpvm-vmpl", 0),
		)
		if verdict := policy.Explain(token.Issuer(), token.Claims); !verdict.Released {
			t.Errorf("%+v", verdict)
		}
		if keys := token.Claims["x-ms-runtime"].(map[string]any)["keys"].([]any); keys[0].(map[string]any)["kid"] != "guest" {
			t.Errorf("runtime keys %v", keys)
		}
	}
}

func TestADebuggableGuestIsCalledSo(t *testing.T) {
	r := newRig(t)
	_, answer := r.post(t, "/attest/SevSnpVm?api-version=2022-08-01", r.evidence(t, true).body(t))
	token, err := skr.ParseToken(answer["token"].(string))
	if err != nil || token.Claims[skr.ClaimDebuggable] != true {
		t.Errorf("%v, %v", token.Claims[skr.ClaimDebuggable], err)
	}
}

func TestFalseEvidenceGetsNoToken(t *testing.T) {
	r, stranger := newRig(t), newRig(t)
	tests := map[string]struct {
		bend    func(*evidence)
		because string
	}{
		"a changed report":       {func(e *evidence) { e.report[0xC0] ^= 1 }, "signature"},
		"no report":              {func(e *evidence) { e.report = nil }, "1184"},
		"no certificates":        {func(e *evidence) { e.chain = nil }, "certificate is missing"},
		"a foreign machine":      {func(e *evidence) { *e = stranger.evidence(t, false) }, "trusted roots"},
		"other runtime data":     {func(e *evidence) { e.runtimeData = []byte(`{"keys":[]}`) }, "REPORT_DATA"},
		"a report of no machine": {func(e *evidence) { e.report = make([]byte, len(e.report)) }, "SNP report"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := r.evidence(t, false)
			test.bend(&e)
			status, answer := r.post(t, "/attest/SevSnpVm?api-version=2022-08-01", e.body(t))
			failure, _ := answer["error"].(map[string]any)
			if message, _ := failure["message"].(string); status != http.StatusBadRequest || !strings.Contains(message, test.because) {
				t.Errorf("%d %v, want %q", status, answer, test.because)
			}
		})
	}
}

func TestRequestsAreChecked(t *testing.T) {
	r := newRig(t)
	good := r.evidence(t, false).body(t)
	for name, test := range map[string]struct {
		path string
		body []byte
		want int
	}{
		"no api-version":  {"/attest/SevSnpVm", good, http.StatusBadRequest},
		"unknown version": {"/attest/SevSnpVm?api-version=1999-01-01", good, http.StatusBadRequest},
		"another TEE":     {"/attest/SgxEnclave?api-version=2022-08-01", good, http.StatusNotFound},
		"no JSON":         {"/attest/SevSnpVm?api-version=2022-08-01", []byte("hello"), http.StatusBadRequest},
		"endless JSON":    {"/attest/SevSnpVm?api-version=2022-08-01", bytes.Repeat([]byte(" "), 2<<20), http.StatusBadRequest},
	} {
		if status, answer := r.post(t, test.path, test.body); status != test.want {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
}

func TestUnknownProvidersAnswerNothing(t *testing.T) {
	r := newRig(t)
	if _, err := (skr.Attester{HTTP: r.Client()}).Metadata(t.Context(), r.Host("nobody.eus.attest.localhost")); err == nil {
		t.Error("an unknown provider has metadata")
	}
}
