package skr

import (
	"encoding/hex"
	"fmt"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/kds"
)

// SNPReportBytes is the size of a report as the hardware signs it.
const SNPReportBytes = abi.ReportSize

// SNPReport is an AMD SEV-SNP attestation report, unverified. Digests and ids are lower-case hex.
// Source: AMD, SEV Secure Nested Paging Firmware ABI Specification, ATTESTATION_REPORT.
type SNPReport struct {
	Version           uint32
	GuestSVN          uint32
	FamilyID, ImageID string
	VMPL              uint32
	Guest             GuestPolicy
	Reported          TCB
	Launch            TCB
	ReportData        string // 64 bytes, chosen by the guest
	LaunchMeasurement string // 48 bytes
	HostData          string // 32 bytes, chosen by the host at launch: the digest of the security policy
	IDKeyDigest       string
	AuthorKeyDigest   string
	ReportID          string
	ChipID            string
}

// GuestPolicy is what the guest's owner allowed its host.
type GuestPolicy struct {
	Debuggable       bool // the host may read the guest's memory: not confidential at all
	MigrationAllowed bool
	SMTAllowed       bool
}

// TCB is a platform's firmware levels.
type TCB struct{ Bootloader, TEE, SNP, Microcode uint8 }

// ParseSNPReport reads a report of 1184 bytes.
func ParseSNPReport(raw []byte) (SNPReport, error) {
	if len(raw) != SNPReportBytes {
		return SNPReport{}, fmt.Errorf("an SNP report has %d bytes, not %d", SNPReportBytes, len(raw))
	}
	if err := abi.ValidateReportFormat(raw); err != nil {
		return SNPReport{}, fmt.Errorf("parse the SNP report: %w", err)
	}
	fields, err := abi.ReportToProto(raw)
	if err != nil {
		return SNPReport{}, fmt.Errorf("parse the SNP report: %w", err)
	}
	guest, err := abi.ParseSnpPolicy(fields.Policy)
	if err != nil {
		return SNPReport{}, fmt.Errorf("parse the SNP report: %w", err)
	}
	return SNPReport{
		Version:           fields.Version,
		GuestSVN:          fields.GuestSvn,
		FamilyID:          hex.EncodeToString(fields.FamilyId),
		ImageID:           hex.EncodeToString(fields.ImageId),
		VMPL:              fields.Vmpl,
		Guest:             GuestPolicy{Debuggable: guest.Debug, MigrationAllowed: guest.MigrateMA, SMTAllowed: guest.SMT},
		Reported:          tcbOf(fields.ReportedTcb),
		Launch:            tcbOf(fields.LaunchTcb),
		ReportData:        hex.EncodeToString(fields.ReportData),
		LaunchMeasurement: hex.EncodeToString(fields.Measurement),
		HostData:          hex.EncodeToString(fields.HostData),
		IDKeyDigest:       hex.EncodeToString(fields.IdKeyDigest),
		AuthorKeyDigest:   hex.EncodeToString(fields.AuthorKeyDigest),
		ReportID:          hex.EncodeToString(fields.ReportId),
		ChipID:            hex.EncodeToString(fields.ChipId),
	}, nil
}

func tcbOf(version uint64) TCB {
	parts := kds.DecomposeTCBVersion(kds.TCBVersion(version))
	return TCB{Bootloader: parts.BlSpl, TEE: parts.TeeSpl, SNP: parts.SnpSpl, Microcode: parts.UcodeSpl}
}
