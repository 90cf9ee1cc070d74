package sev

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/kds"
	"github.com/google/go-sev-guest/proto/sevsnp"
)

// reportVersion carries the processor's model, so that verifiers need not guess it.
const reportVersion = abi.ReportVersion3

// milan is family 0x19, model 1, stepping 1.
var milan = abi.FmsToCpuid1Eax(0x19, 0x01, 0x01)

// Report is a signed attestation report (1184 bytes) over what the guest chose (report data) and what
// its host set at launch (host data). Debuggable guests can be read by their host, and the report says so.
func (m *Machine) Report(reportData [64]byte, hostData [32]byte, debuggable bool) ([]byte, error) {
	tcb, err := kds.ComposeTCBParts(firmware)
	if err != nil {
		return nil, fmt.Errorf("compose an SNP report: %w", err)
	}
	raw, err := abi.ReportToAbiBytes(&sevsnp.Report{
		Version:         reportVersion,
		GuestSvn:        100,
		Policy:          abi.SnpPolicyToBytes(abi.SnpPolicy{SMT: true, ABIMinor: 31, Debug: debuggable}),
		SignatureAlgo:   abi.SignEcdsaP384Sha384,
		CurrentTcb:      uint64(tcb),
		CommittedTcb:    uint64(tcb),
		LaunchTcb:       uint64(tcb),
		ReportedTcb:     uint64(tcb),
		PlatformInfo:    1, // SMT enabled
		ReportData:      reportData[:],
		HostData:        hostData[:],
		Measurement:     guestMeasurement(),
		FamilyId:        append([]byte{1}, make([]byte, abi.FamilyIDSize-1)...),
		ImageId:         append([]byte{2}, make([]byte, abi.ImageIDSize-1)...),
		IdKeyDigest:     make([]byte, abi.IDKeyDigestSize),
		AuthorKeyDigest: make([]byte, abi.AuthorKeyDigestSize),
		ReportId:        reportID(hostData),
		ReportIdMa:      unset(),
		ChipId:          m.chipID[:],
		Cpuid1EaxFms:    milan,
		CurrentMajor:    1,
		CurrentMinor:    55,
		CommittedMajor:  1,
		CommittedMinor:  55,
		Signature:       make([]byte, abi.SignatureSize),
	})
	if err != nil {
		return nil, fmt.Errorf("compose an SNP report: %w", err)
	}
	return raw, m.sign(raw)
}

// sign writes the signature into the report, little-endian as the hardware does.
func (m *Machine) sign(report []byte) error {
	digest := sha512.Sum384(abi.SignedComponent(report))
	r, s, err := ecdsa.Sign(rand.Reader, m.key, digest[:])
	if err != nil {
		return fmt.Errorf("sign an SNP report: %w", err)
	}
	return abi.SetSignature(r, s, report)
}

// guestMeasurement stands for the one guest image the sandbox boots.
func guestMeasurement() []byte {
	digest := sha512.Sum384([]byte("cctui sandbox utility VM"))
	return digest[:]
}

// reportID tells guests apart; here, by what they were launched with.
func reportID(hostData [32]byte) []byte {
	digest := sha256.Sum256(append([]byte("report id "), hostData[:]...))
	return digest[:]
}

// unset is the id of a migration agent where there is none.
func unset() []byte {
	id := make([]byte, abi.ReportIDMASize)
	for i := range id {
		id[i] = 0xff
	}
	return id
}
