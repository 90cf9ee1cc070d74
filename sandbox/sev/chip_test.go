package sev

import (
	"strings"
	"testing"

	"github.com/cctui/cctui/skr"
)

// A signature alone does not tell which chip and firmware signed: the certificate must say so too.
func TestACertificateVouchesForItsOwnChipAndFirmwareOnly(t *testing.T) {
	machine, err := NewRoot().NewMachine()
	if err != nil {
		t.Fatal(err)
	}
	report, err := machine.Report([64]byte{}, [32]byte{}, false)
	if err != nil {
		t.Fatal(err)
	}
	roots, err := machine.root.Certificates()
	if err != nil {
		t.Fatal(err)
	}
	older := firmware
	older.UcodeSpl--
	otherChip := machine.chipID
	otherChip[0] ^= 1
	for because, forge := range map[string]func() ([]byte, error){
		"another chip":          func() ([]byte, error) { return machine.certifyAs(otherChip, firmware) },
		"other firmware levels": func() ([]byte, error) { return machine.certifyAs(machine.chipID, older) },
	} {
		chain, err := forge()
		if err != nil {
			t.Fatal(err)
		}
		err = skr.VerifySNPReport(report, chain, skr.SNPTrust{Roots: roots})
		if err == nil || !strings.Contains(err.Error(), because) {
			t.Errorf("got %v, want %q", err, because)
		}
	}
}
