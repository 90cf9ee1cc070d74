package skr

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Stage is where a key release failed. The sidecar answers 403 for all of them.
type Stage string

const (
	StageRequest     Stage = "request"     // the sidecar did not understand us
	StageAttestation Stage = "attestation" // certificates, report or attestation service
	StageIdentity    Stage = "identity"    // signing in to Microsoft Entra
	StageVault       Stage = "vault"       // the key vault
	StageUnknown     Stage = "sidecar"
)

// SidecarError is a failure of the sidecar, taken apart.
type SidecarError struct {
	Status  int // of the sidecar's answer; 0 where the text comes from its log
	Stage   Stage
	Message string // the sidecar's words, without its footer, bounded
	// What the service behind the stage said; zero where it did not answer.
	UpstreamStatus    int
	UpstreamCode      string // the innermost error code, e.g. ForbiddenByRbac or AADSTS700213
	UpstreamMessage   string
	UpstreamUnreached bool // its name does not resolve or nobody answers
}

func (e *SidecarError) Error() string {
	if e.UpstreamStatus != 0 {
		return fmt.Sprintf("the sidecar failed at %s, which answered %d: %s", e.Stage, e.UpstreamStatus, e.Message)
	}
	return fmt.Sprintf("the sidecar failed at %s: %s", e.Stage, e.Message)
}

const maxSidecarMessage = 4 << 10

var (
	// The sidecar's own words, and those of the library it signs in with.
	upstreamStatus = regexp.MustCompile(`(?:http response status equal to|reply status code was) (\d{3})`)
	entraCode      = regexp.MustCompile(`AADSTS\d+`)
	// helpFooter closes the first part of each message in newer images.
	helpFooter = regexp.MustCompile(`(?s)\s*ERROR: Please refer to the documentation.*?TROUBLESHOOTING\.md`)
)

// stages in order: a release goes attestation, identity, vault, and each failure is wrapped in its own words.
// Source: microsoft/confidential-sidecar-containers, pkg/skr/skr.go, pkg/attest, pkg/common.
var stages = []struct {
	stage Stage
	marks []string
}{
	{StageIdentity, []string{"retrieving authentication token", "failed to acquire access token", "AADSTS", "failed to create confidential client"}},
	{StageVault, []string{"releasing the key", "AKV post request failed", "pulling AKV", "aes key unwrap failed"}},
	{StageAttestation, []string{"attestation failed", "maa post request", "pulling maa", "attestation report", "CertChain", "thim", "THIM"}},
	{StageRequest, []string{"invalid request format", "decoding base64-encoded runtime data"}},
}

// ParseSidecarError takes the sidecar's error text, or a line of its log, apart.
func ParseSidecarError(status int, text string) *SidecarError {
	text = strings.TrimSpace(helpFooter.ReplaceAllString(text, ""))
	failure := &SidecarError{Status: status, Stage: stageOf(text), Message: bounded(text)}
	if match := upstreamStatus.FindStringSubmatch(text); match != nil {
		failure.UpstreamStatus, _ = strconv.Atoi(match[1])
	}
	failure.UpstreamCode, failure.UpstreamMessage = upstreamError(text)
	if code := entraCode.FindString(text); code != "" {
		failure.UpstreamCode = code
	}
	failure.UpstreamUnreached = strings.Contains(text, "no such host") || strings.Contains(text, "connection refused")
	return failure
}

func stageOf(text string) Stage {
	for _, s := range stages {
		for _, mark := range s.marks {
			if strings.Contains(text, mark) {
				return s.stage
			}
		}
	}
	return StageUnknown
}

// upstreamError finds the Azure error body that the text embeds, and its innermost code.
func upstreamError(text string) (code, message string) {
	at := strings.Index(text, `{"error"`)
	if at < 0 {
		return "", ""
	}
	var body struct {
		Error json.RawMessage `json:"error"`
	}
	if err := json.NewDecoder(strings.NewReader(text[at:])).Decode(&body); err != nil {
		return "", ""
	}
	var azure struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Inner   struct {
			Code string `json:"code"`
		} `json:"innererror"`
	}
	if err := json.Unmarshal(body.Error, &azure); err != nil {
		return "", ""
	}
	if azure.Inner.Code != "" {
		azure.Code = azure.Inner.Code
	}
	return azure.Code, bounded(azure.Message)
}

func bounded(text string) string {
	if len(text) <= maxSidecarMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxSidecarMessage], "") + "…"
}
