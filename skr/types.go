package skr

import "context"

// Claim names of an SEV-SNP attestation token that release policies speak of.
// Source: learn.microsoft.com, Azure Attestation claim sets.
const (
	ClaimAttestationType  = "x-ms-attestation-type"
	ClaimHostData         = "x-ms-sevsnpvm-hostdata"
	ClaimComplianceStatus = "x-ms-compliance-status"
	ClaimDebuggable       = "x-ms-sevsnpvm-is-debuggable"
)

// ReleasePolicy says into which environments a key may be released: any one of its authorities suffices.
// Source: Azure Key Vault key release policy grammar, version 1.0.0.
type ReleasePolicy struct {
	Version string      `json:"version"`
	AnyOf   []Authority `json:"anyOf"`
}

// Authority is an attestation service and what its tokens must claim.
type Authority struct {
	Authority string `json:"authority"` // equals the token's iss
	Condition
}

// Condition is a leaf (Claim, Equals) or a nest (AllOf or AnyOf).
type Condition struct {
	Claim  string      `json:"claim,omitempty"`
	Equals any         `json:"equals,omitempty"`
	AllOf  []Condition `json:"allOf,omitempty"`
	AnyOf  []Condition `json:"anyOf,omitempty"`
}

// Verdict is a release policy held against a token.
type Verdict struct {
	Released bool    `json:"released"`
	Checks   []Check `json:"checks"` // the authority first, then every leaf, in the policy's order
}

// Check is one comparison of a verdict. Got is empty where the token lacks the claim.
type Check struct {
	Claim string `json:"claim"`
	Want  string `json:"want"`
	Got   string `json:"got"`
	OK    bool   `json:"ok"`
}

// SecurityPolicy is a Kata agent policy.
type SecurityPolicy struct {
	Annotation  string // base64, as in the annotation io.katacontainers.config.agent.policy
	Rego        string // the decoded text
	Measurement string // SHA-256 of the decoded text, lower-case hex: HOST_DATA of the pod's VM
}

// Metadata is what an attestation service says of itself.
type Metadata struct {
	Issuer string
	KeyIDs []string
}

// Token is an attestation token. Its claims are not to be trusted before Verify.
type Token struct {
	Raw    string // empty where only header and payload are known
	Header map[string]any
	Claims map[string]any
}

// Runner runs the az command line and returns its standard output.
// A failing command is an error that carries the end of its standard error.
type Runner func(ctx context.Context, args ...string) ([]byte, error)
