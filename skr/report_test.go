package skr_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/cctui/cctui/sandbox/sev"
	"github.com/cctui/cctui/skr"
)

// sampleReport is a report of a test machine, its chain and its roots.
func sampleReport(t *testing.T) (report, chain []byte, trust skr.SNPTrust) {
	t.Helper()
	root := sev.NewRoot()
	machine, err := root.NewMachine()
	if err != nil {
		t.Fatal(err)
	}
	if trust.Roots, err = root.Certificates(); err != nil {
		t.Fatal(err)
	}
	if chain, err = machine.Chain(); err != nil {
		t.Fatal(err)
	}
	if report, err = machine.Report([64]byte{0xaa}, [32]byte{0xbb}, false); err != nil {
		t.Fatal(err)
	}
	return report, chain, trust
}

func TestAReportSaysWhatWasMeasured(t *testing.T) {
	raw, _, _ := sampleReport(t)
	report, err := skr.ParseSNPReport(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(report.HostData, "bb00") || len(report.HostData) != 64 {
		t.Errorf("host data %s", report.HostData)
	}
	if !strings.HasPrefix(report.ReportData, "aa00") || report.Guest.Debuggable || report.Reported.Microcode == 0 {
		t.Errorf("%+v", report)
	}
}

func TestReportsVerifyOnlyWhole(t *testing.T) {
	raw, chain, trust := sampleReport(t)
	_, otherChain, otherTrust := sampleReport(t)
	flipped := func(at int) []byte {
		changed := bytes.Clone(raw)
		changed[at] ^= 1
		return changed
	}
	late := trust
	late.Now = time.Now().AddDate(20, 0, 0)
	tests := map[string]struct {
		raw, chain []byte
		trust      skr.SNPTrust
		ok         bool
	}{
		"as signed":          {raw, chain, trust, true},
		"other host data":    {flipped(0xC0), chain, trust, false},
		"other report data":  {flipped(0x50), chain, trust, false},
		"debug bit":          {flipped(0x0A), chain, trust, false},
		"another chip id":    {flipped(0x1A0), chain, trust, false},
		"another signature":  {flipped(0x2A0), chain, trust, false},
		"another machine":    {raw, otherChain, otherTrust, false},
		"a foreign root":     {raw, chain, otherTrust, false},
		"AMD's root":         {raw, chain, skr.SNPTrust{}, false},
		"outdated":           {raw, chain, late, false},
		"no certificate":     {raw, nil, trust, false},
		"roots without ARK":  {raw, chain, skr.SNPTrust{Roots: chain[:100]}, false},
		"a truncated report": {raw[:1000], chain, trust, false},
		"an endless chain":   {raw, bytes.Repeat(chain, 100), trust, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := skr.VerifySNPReport(test.raw, test.chain, test.trust); (err == nil) != test.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestExplainRecognisesReports(t *testing.T) {
	raw, chain, trust := sampleReport(t)
	for name, data := range map[string][]byte{
		"binary": raw, "hex": []byte(hex.EncodeToString(raw) + "\n"),
		"sidecar's answer": []byte(`{"report":"` + hex.EncodeToString(raw) + `"}`),
	} {
		report, err := skr.Explain(data, skr.ExplainOptions{Chain: chain, Trust: trust})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if report.Kind != skr.KindReport || !report.Verified || report.Lines[0].Name != "HOST_DATA" {
			t.Errorf("%s: %+v", name, report)
		}
	}
	report, err := skr.Explain(raw, skr.ExplainOptions{})
	if err != nil || report.Verified || len(report.Notes) != 1 {
		t.Errorf("without a certificate: %+v, %v", report, err)
	}
	raw[0xC0] ^= 1
	if _, err := skr.Explain(raw, skr.ExplainOptions{Chain: chain, Trust: trust}); err == nil {
		t.Error("a tampered report was explained as if it were true")
	}
}
