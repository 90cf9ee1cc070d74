package attestation

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/cctui/cctui/skr"
)

// defaultPolicy stands for the provider's attestation policy; tokens carry its digest.
const defaultPolicy = "version=1.0; authorizationrules { => permit(); }; issuancerules {};"

// reportClaims is what a token says of a report.
// Source: learn.microsoft.com, Azure Attestation claim sets, SEV-SNP.
func reportClaims(report skr.SNPReport) map[string]any {
	policy := sha256.Sum256([]byte(defaultPolicy))
	const snp = "x-ms-sevsnpvm-"
	return map[string]any{
		"x-ms-ver":                "1.0",
		skr.ClaimAttestationType:  "sevsnpvm",
		"x-ms-policy-hash":        base64.RawURLEncoding.EncodeToString(policy[:]),
		snp + "authorkeydigest":   report.AuthorKeyDigest,
		snp + "bootloader-svn":    report.Reported.Bootloader,
		snp + "familyId":          report.FamilyID,
		snp + "guestsvn":          report.GuestSVN,
		skr.ClaimHostData:         report.HostData,
		snp + "idkeydigest":       report.IDKeyDigest,
		snp + "imageId":           report.ImageID,
		skr.ClaimDebuggable:       report.Guest.Debuggable,
		snp + "launchmeasurement": report.LaunchMeasurement,
		snp + "microcode-svn":     report.Reported.Microcode,
		snp + "migration-allowed": report.Guest.MigrationAllowed,
		snp + "reportdata":        report.ReportData,
		snp + "reportid":          report.ReportID,
		snp + "smt-allowed":       report.Guest.SMTAllowed,
		snp + "snpfw-svn":         report.Reported.SNP,
		snp + "tee-svn":           report.Reported.TEE,
		snp + "vmpl":              report.VMPL,
	}
}
