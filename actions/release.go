package actions

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cctui/cctui/skr"
)

// demands are what the key's release policy asks of a guest: who vouches for it, and which claims.
type demands struct {
	policy     skr.ReleasePolicy
	authority  string
	conditions []skr.Condition
}

// indented is the policy for people to read and for az to take.
func (d demands) indented() string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d.policy); err != nil {
		panic(err) // strings always encode
	}
	return b.String()
}

// claims are the values demanded, by claim.
func (d demands) claims() map[string]any {
	claims := map[string]any{}
	for _, c := range d.conditions {
		claims[c.Claim] = c.Equals
	}
	return claims
}

// check tells where a policy that a vault stored differs from the one it should have.
func (d demands) check(stored []byte) error {
	found, err := skr.ParseReleasePolicy(stored)
	if err != nil {
		return policyDiffers("the whole policy", "a readable one", err.Error())
	}
	// A guest just as demanded, held against what is stored: what fails here is what differs.
	verdict := found.Explain(d.authority, d.claims())
	for _, check := range verdict.Checks {
		if !check.OK {
			return claimDiffers(check.Claim, check.Got, check.Want)
		}
	}
	// Nothing stored asks for too much. Does it ask for enough?
	if found.Equivalent(d.policy) {
		return nil
	}
	wanted, err := d.policy.JSON()
	if err != nil {
		return err
	}
	return policyDiffers("the whole policy", string(wanted), string(stored))
}

// claimDiffers is a release policy that demands something else than the run's pod can claim.
func claimDiffers(claim, ours, demanded string) error {
	switch claim {
	case "iss":
		return wrongAuthority("the key's release policy trusts "+demanded, "the consumer is attested by "+ours)
	case skr.ClaimHostData:
		return policyDrift("the consumer's manifest", ours, "the key's release policy", demanded)
	}
	return policyDiffers(claim, ours, demanded)
}

func policyDiffers(claim, wanted, got string) error {
	return &Problem{
		ID: "release-policy", Title: "The key's release policy is not the one it was made with",
		Why:    Sanitize(fmt.Sprintf("%s: it should be %s, and is %s.", claim, wanted, got), maxRaw),
		Cures:  offer("again-key"),
		Remedy: []string{"Make a new version of the key: run again from the step key (--from key).", "Find out who else writes to this vault."},
	}
}

func wrongAuthority(one, other string) error {
	return &Problem{
		ID: "wrong-authority", Title: "The key's release policy names another attestation service",
		Why:    Sanitize("The two must be equal character by character, but "+one+", and "+other+".", maxLogText),
		Cures:  offer("again-attestation"),
		Remedy: []string{"Make a new version of the key, bound to the consumer's attestation service: run again from the step attestation (--from attestation)."},
		Links:  []string{"https://learn.microsoft.com/azure/attestation/basic-concepts"},
	}
}

func policyDrift(one, oneHash, other, otherHash string) error {
	return &Problem{
		ID: "policy-drift", Title: "The pod's security policy is not the one the key was made for",
		Why:   fmt.Sprintf("The hash of the policy in %s is %s, that in %s is %s.", one, shortHash(oneHash), other, shortHash(otherHash)),
		Cures: offer("again-policy"),
		Remedy: []string{
			"Do not edit the consumer's manifest after its policy was generated, nor let anything in the cluster change pods on admission.",
			"Generate the policy again and make a new version of the key: run again from the step policy (--from policy).",
		},
		Commands: []string{"kubectl get pod kafka-golang-consumer --namespace <namespace> --output yaml"},
	}
}

// shortHash is enough of a hash to tell it from another.
func shortHash(hash string) string {
	if hash == "" {
		return "missing"
	}
	return Sanitize(hash, 64)
}
