package skr

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// explainToken shows a token's claims, and holds it against a policy where there is one.
func explainToken(text string, o ExplainOptions) (Report, error) {
	token, signed, err := parseAnyToken(text)
	if err != nil {
		return Report{}, err
	}
	report := Report{Kind: KindToken, Lines: claimLines(token.Claims)}
	refused := doubt(token, signed, o)
	if refusal := Refusal(""); errors.As(refused, &refusal) {
		report.Refused = refused.Error()
	} else if refused != nil {
		return Report{}, refused
	}
	report.Verified = signed && o.Keys != nil && refused == nil
	report.Notes = tokenNotes(token, signed, o)
	if o.Policy == nil {
		return report, nil
	}
	parsed, err := ParseReleasePolicy(o.Policy)
	if err != nil {
		return Report{}, err
	}
	verdict := parsed.Explain(token.Issuer(), token.Claims)
	report.Verdict = &verdict
	return report, nil
}

// doubt is why the token is not to be believed, as far as it can be known without asking anybody.
func doubt(token Token, signed bool, o ExplainOptions) error {
	if err := (Attester{Now: o.Trust.now}).checkStatements(token, token.Issuer()); err != nil {
		return err
	}
	if o.Keys == nil || !signed {
		return nil
	}
	keys, err := parseJWKS(o.Keys)
	if err != nil {
		return err
	}
	return checkSignature(token, keys)
}

// parseAnyToken reads a token with or without its signature.
func parseAnyToken(text string) (token Token, signed bool, err error) {
	if token, err = ParseToken(text); err == nil {
		return token, true, nil
	}
	if redacted, ok := ParseRedacted(text); ok == nil && strings.HasSuffix(text, ".***") {
		return redacted, false, nil
	}
	return Token{}, false, err
}

// claimLines begins with the claims people look for, in their order; the rest follows by name.
func claimLines(claims map[string]any) []Line {
	var lines []Line
	shown := map[string]bool{}
	for _, known := range claimMeanings {
		if value, ok := claims[known.name]; ok {
			lines = append(lines, Line{known.name, claimValue(known.name, value), known.meaning(value)})
			shown[known.name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if !shown[name] {
			lines = append(lines, Line{Name: name, Value: claimValue(name, claims[name])})
		}
	}
	return lines
}

// claimValue shows times as times.
func claimValue(name string, value any) string {
	switch name {
	case "iat", "nbf", "exp":
		if at, ok := claimTime(value); ok {
			return at.UTC().Format(time.RFC3339)
		}
	}
	return claimText(value)
}

func tokenNotes(token Token, signed bool, o ExplainOptions) (notes []string) {
	switch {
	case !signed:
		notes = append(notes, "The signature was taken away: these are words, not proof.")
	case o.Keys == nil:
		notes = append(notes, "The signature was not checked: that takes the issuer's keys, "+token.Issuer()+"/certs.")
	}
	if expires, ok := claimTime(token.Claims["exp"]); ok && o.Trust.now().After(expires) {
		notes = append(notes, "The token has expired: it releases nothing any more.")
	}
	if token.Claims[ClaimDebuggable] == true {
		notes = append(notes, "The guest can be debugged: its host can read its memory.")
	}
	return notes
}

// claimMeaning is a plain word on a claim; it may depend on the value.
type claimMeaning struct {
	name    string
	meaning func(value any) string
}

// claimMeanings are in the order in which people ask.
var claimMeanings = []claimMeaning{
	{"iss", always("who made the token; a release policy names it as its authority")},
	{ClaimAttestationType, either("sevsnpvm", "an AMD SEV-SNP guest", "not an SEV-SNP guest")},
	{ClaimHostData, always("digest of the pod's security policy, set by the host at launch")},
	{ClaimComplianceStatus, complianceMeaning},
	{ClaimDebuggable, either(false, "the host cannot read the guest's memory", "the host can read the guest's memory: not confidential")},
	{"x-ms-sevsnpvm-launchmeasurement", always("digest of the guest's firmware and kernel as launched")},
	{"x-ms-sevsnpvm-reportdata", always("digest of the runtime data: binds the guest's own key to the report")},
	{"x-ms-runtime", always("the key made in the guest; a released key is wrapped for it")},
	{"x-ms-sevsnpvm-migration-allowed", either(false, "the guest cannot be moved to another host", "the guest may be moved to another host")},
	{"x-ms-sevsnpvm-vmpl", always("privilege level of whoever asked for the report; 0 is the highest")},
	{"x-ms-sevsnpvm-bootloader-svn", always("firmware level of the security processor's boot loader")},
	{"x-ms-sevsnpvm-tee-svn", always("firmware level of the security processor's operating system")},
	{"x-ms-sevsnpvm-snpfw-svn", always("firmware level of SEV-SNP")},
	{"x-ms-sevsnpvm-microcode-svn", always("level of the processor's microcode")},
	{"x-ms-policy-hash", always("digest of the attestation service's own policy")},
	{"iat", always("when it was made")},
	{"nbf", always("from when it is valid")},
	{"exp", always("until when it is valid")},
}

func always(text string) func(any) string {
	return func(any) string { return text }
}

func either(want any, met, unmet string) func(any) string {
	return func(value any) string {
		if value == want {
			return met
		}
		return unmet
	}
}

func complianceMeaning(value any) string {
	switch value {
	case "azure-signed-katacc-uvm":
		return "the guest is Microsoft's signed image for AKS confidential containers"
	case "azure-compliant-uvm":
		return "the guest is Microsoft's signed image for container instances"
	case "azure-compliant-cvm":
		return "the guest is an Azure confidential virtual machine"
	}
	return "not a guest image that Azure vouches for"
}
