package skr

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
)

// maxEvidenceBytes bounds what Explain looks at.
const maxEvidenceBytes = 1 << 20

// Kinds of evidence that Explain knows.
const (
	KindToken  = "attestation token"
	KindReport = "SNP report"
	KindPolicy = "release policy"
)

// ExplainOptions add what is known beside the evidence itself. All are optional.
type ExplainOptions struct {
	Policy []byte   // a release policy, to hold a token against
	Keys   []byte   // the issuer's JWKS, to check a token's signature by
	Chain  []byte   // PEM beginning with the chip's certificate, to verify a report by
	Trust  SNPTrust // whom to believe about chips, and what time it is
}

// Report is a piece of evidence, line by line.
type Report struct {
	Kind    string   `json:"kind"`
	Lines   []Line   `json:"lines"`
	Verdict *Verdict `json:"verdict,omitempty"` // where there were both a token and a policy
	// Verified tells whether a signature was checked, and held.
	Verified bool `json:"verified"`
	// Refused is why a token is not to be believed, whatever its claims say.
	Refused string `json:"refused,omitempty"`
	// Notes say what was not checked, or what should worry.
	Notes []string `json:"notes,omitempty"`
}

// Line is one fact, and a plain word on it.
type Line struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Meaning string `json:"meaning,omitempty"`
}

// errUnknownEvidence is what Explain says of anything else.
var errUnknownEvidence = errors.New("this is no attestation token, SNP report (binary, hex or base64) or release policy")

// Explain recognises an attestation token, an SNP report or a release policy, or a token and a policy one after
// the other, also as services and the sidecar wrap them in JSON. It asks nobody: a token's signature can
// only be checked by its issuer's keys, where they are given, or with Attester.Verify.
func Explain(data []byte, o ExplainOptions) (Report, error) {
	if len(data) > maxEvidenceBytes {
		return Report{}, errors.New("the file is too large to be evidence")
	}
	if len(data) == SNPReportBytes {
		return explainReport(data, o)
	}
	text := strings.TrimSpace(string(data))
	if inner, ok := unwrapped(text); ok {
		text = inner
	}
	token, policy := split(text)
	switch {
	case token != "":
		if policy != "" {
			o.Policy = []byte(policy)
		}
		return explainToken(token, o)
	case policy != "":
		return explainPolicy([]byte(policy))
	}
	if raw, ok := decodeReport(text); ok {
		return explainReport(raw, o)
	}
	return Report{}, errUnknownEvidence
}

// unwrapped takes the evidence out of the answers it comes in: {"token": …} and {"report": …}.
func unwrapped(text string) (string, bool) {
	var answer struct{ Token, Report string }
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&answer); err != nil {
		return "", false
	}
	if answer.Token != "" {
		return answer.Token, true
	}
	return answer.Report, answer.Report != ""
}

// split tells a token and a policy apart, in either order; one of them may be missing.
func split(text string) (token, policy string) {
	if strings.HasPrefix(text, "{") {
		decoder := json.NewDecoder(strings.NewReader(text))
		var object json.RawMessage
		if err := decoder.Decode(&object); err != nil {
			return "", text
		}
		rest := strings.TrimSpace(text[decoder.InputOffset():])
		return rest, string(object)
	}
	at := strings.IndexAny(text, "{ \t\r\n")
	if at < 0 {
		at = len(text)
	}
	token, policy = text[:at], strings.TrimSpace(text[at:])
	if strings.Count(token, ".") == 0 {
		return "", ""
	}
	return token, policy
}

// decodeReport reads hex or base64, with line breaks where they may be.
func decodeReport(text string) ([]byte, bool) {
	compact := string(bytes.Join(bytes.Fields([]byte(text)), nil))
	decoders := []func(string) ([]byte, error){
		hex.DecodeString,
		base64.StdEncoding.DecodeString,
		func(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "=")) },
	}
	for _, decode := range decoders {
		if raw, err := decode(compact); err == nil && len(raw) == SNPReportBytes {
			return raw, true
		}
	}
	return nil, false
}
