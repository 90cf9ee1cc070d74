package skr

import "strconv"

// explainReport shows a report's fields, and verifies it where the chip's certificate is given.
func explainReport(raw []byte, o ExplainOptions) (Report, error) {
	fields, err := ParseSNPReport(raw)
	if err != nil {
		return Report{}, err
	}
	report := Report{Kind: KindReport, Lines: reportLines(fields)}
	if o.Chain == nil {
		report.Notes = append(report.Notes, "The signature was not checked: that takes the chip's certificate (VCEK).")
	} else if err := VerifySNPReport(raw, o.Chain, o.Trust); err != nil {
		return Report{}, err
	} else {
		report.Verified = true
	}
	if fields.Guest.Debuggable {
		report.Notes = append(report.Notes, "The guest can be debugged: its host can read its memory.")
	}
	return report, nil
}

func reportLines(r SNPReport) []Line {
	yes := strconv.FormatBool
	level := func(n uint8) string { return strconv.Itoa(int(n)) }
	return []Line{
		{"HOST_DATA", r.HostData, "digest of the pod's security policy, set by the host at launch"},
		{"REPORT_DATA", r.ReportData, "chosen by the guest; begins with the digest of its runtime data"},
		{"MEASUREMENT", r.LaunchMeasurement, "digest of the guest's firmware and kernel as launched"},
		{"POLICY.DEBUG", yes(r.Guest.Debuggable), "whether the host may read the guest's memory"},
		{"POLICY.MIGRATE_MA", yes(r.Guest.MigrationAllowed), "whether the guest may be moved to another host"},
		{"POLICY.SMT", yes(r.Guest.SMTAllowed), "whether the guest may share a core with others"},
		{"VMPL", strconv.Itoa(int(r.VMPL)), "privilege level of whoever asked for the report; 0 is the highest"},
		{"GUEST_SVN", strconv.Itoa(int(r.GuestSVN)), "security version of the guest image"},
		{"REPORTED_TCB.BOOT_LOADER", level(r.Reported.Bootloader), "firmware level of the security processor's boot loader"},
		{"REPORTED_TCB.TEE", level(r.Reported.TEE), "firmware level of the security processor's operating system"},
		{"REPORTED_TCB.SNP", level(r.Reported.SNP), "firmware level of SEV-SNP"},
		{"REPORTED_TCB.MICROCODE", level(r.Reported.Microcode), "level of the processor's microcode"},
		{"ID_KEY_DIGEST", r.IDKeyDigest, "who signed the guest's identity; zeros: nobody"},
		{"AUTHOR_KEY_DIGEST", r.AuthorKeyDigest, "who vouches for that key; zeros: nobody"},
		{"REPORT_ID", r.ReportID, "tells guests apart"},
		{"CHIP_ID", r.ChipID, "the processor"},
		{"VERSION", strconv.Itoa(int(r.Version)), "layout of the report"},
	}
}
