package sev_test

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cctui/cctui/sandbox/sev"
	"github.com/cctui/cctui/skr"
)

func newMachine(t *testing.T) (*sev.Root, *sev.Machine) {
	t.Helper()
	root := sev.NewRoot()
	machine, err := root.NewMachine()
	if err != nil {
		t.Fatal(err)
	}
	return root, machine
}

func TestReportsVerifyWithTheSandboxsRoots(t *testing.T) {
	root, machine := newMachine(t)
	roots, err := root.Certificates()
	if err != nil {
		t.Fatal(err)
	}
	chain, err := machine.Chain()
	if err != nil {
		t.Fatal(err)
	}
	report, err := machine.Report([64]byte{1}, [32]byte{2}, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := skr.VerifySNPReport(report, chain, skr.SNPTrust{Roots: roots}); err != nil {
		t.Errorf("with the sandbox's roots: %v", err)
	}
	if err := skr.VerifySNPReport(report, chain, skr.SNPTrust{}); err == nil {
		t.Error("AMD's roots vouch for a sandbox machine")
	}
	fields, err := skr.ParseSNPReport(report)
	if err != nil {
		t.Fatal(err)
	}
	if want := "02" + hex.EncodeToString(make([]byte, 31)); fields.HostData != want || !fields.Guest.Debuggable {
		t.Errorf("host data %s, debuggable %t", fields.HostData, fields.Guest.Debuggable)
	}
}

func TestTHIMAnswersOnlyMetadataRequests(t *testing.T) {
	_, machine := newMachine(t)
	get := func(header string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(http.MethodGet, sev.THIMPath, nil)
		request.Header.Set("Metadata", header)
		response := httptest.NewRecorder()
		machine.THIM().ServeHTTP(response, request)
		return response
	}
	if got := get("").Code; got != http.StatusBadRequest {
		t.Errorf("without the header: %d", got)
	}
	response := get("true")
	var body map[string]string
	if err := json.Unmarshal(response.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	report, err := machine.Report([64]byte{}, [32]byte{}, false)
	if err != nil {
		t.Fatal(err)
	}
	chain := []byte(body["vcekCert"] + body["certificateChain"])
	if err := skr.VerifySNPReport(report, chain, skr.SNPTrust{Roots: []byte(body["certificateChain"])}); err != nil {
		t.Error(err)
	}
	if len(body["tcbm"]) != 16 {
		t.Errorf("tcbm %q", body["tcbm"])
	}
}

func BenchmarkRoot(b *testing.B) {
	for b.Loop() {
		if _, err := sev.NewRoot().Certificates(); err != nil {
			b.Fatal(err)
		}
	}
}
