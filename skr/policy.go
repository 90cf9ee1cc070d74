package skr

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// PolicyContentType is the content type under which a vault stores a release policy.
const PolicyContentType = "application/json; charset=utf-8"

const (
	policyVersion    = "1.0.0"
	maxPolicyBytes   = 64 << 10
	maxPolicyNesting = 10
)

// Equals is the condition that a token carries a claim with this value: a string, a bool or a number.
func Equals(claim string, value any) Condition {
	return Condition{Claim: claim, Equals: value}
}

// NewReleasePolicy is a policy of one authority whose tokens must meet every condition.
// The authority is the attestation service's URL, exactly as its tokens name their issuer.
func NewReleasePolicy(authority string, conditions ...Condition) ReleasePolicy {
	return ReleasePolicy{
		Version: policyVersion,
		AnyOf:   []Authority{{Authority: authority, Condition: Condition{AllOf: conditions}}},
	}
}

// JSON is the policy as a vault stores it. It fails for a policy that no vault would take.
func (p ReleasePolicy) JSON() ([]byte, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode the release policy: %w", err)
	}
	if _, err := ParseReleasePolicy(data); err != nil {
		return nil, err
	}
	return data, nil
}

// Equivalent tells whether two policies demand the same, however they are written: a vault writes a policy
// down in an order and a version of its own.
func (p ReleasePolicy) Equivalent(q ReleasePolicy) bool { return p.canonical() == q.canonical() }

func (p ReleasePolicy) canonical() string {
	var authorities []string
	for _, a := range p.AnyOf {
		authorities = append(authorities, compactJSON([]any{strings.TrimSuffix(a.Authority, "/"), a.Condition.canonical()}))
	}
	slices.Sort(authorities)
	return compactJSON(authorities)
}

// canonical keeps a value's type: whether the string "5" and the number 5 are the same is for the vault to say.
func (c Condition) canonical() string {
	if c.Claim != "" {
		return compactJSON([]any{c.Claim, c.Equals})
	}
	list, operator := c.AllOf, "allOf"
	if len(list) == 0 {
		list, operator = c.AnyOf, "anyOf"
	}
	parts := make([]string, len(list))
	for i, inner := range list {
		parts[i] = inner.canonical()
	}
	slices.Sort(parts)
	return compactJSON([]any{operator, parts})
}

// ParseReleasePolicy reads a release policy strictly: unknown or repeated names, empty lists and
// operators other than equals are refused rather than skipped, because what is skipped is not demanded.
func ParseReleasePolicy(data []byte) (ReleasePolicy, error) {
	policy, err := parsePolicy(data)
	if err != nil {
		return ReleasePolicy{}, fmt.Errorf("parse the release policy: %w", err)
	}
	return policy, nil
}

func parsePolicy(data []byte) (ReleasePolicy, error) {
	if len(data) > maxPolicyBytes {
		return ReleasePolicy{}, fmt.Errorf("it is larger than %d bytes", maxPolicyBytes)
	}
	var fields map[string]any
	if err := decodeStrict(data, &fields); err != nil {
		return ReleasePolicy{}, err
	}
	if err := onlyNames(fields, "version", "anyOf"); err != nil {
		return ReleasePolicy{}, err
	}
	version, _ := fields["version"].(string)
	if version != policyVersion && version != "1.0" {
		return ReleasePolicy{}, fmt.Errorf("its version is %q, not %q", version, policyVersion)
	}
	authorities, err := parseList(fields["anyOf"], parseAuthority)
	if err != nil {
		return ReleasePolicy{}, fmt.Errorf("anyOf: %w", err)
	}
	return ReleasePolicy{Version: version, AnyOf: authorities}, nil
}

func parseAuthority(value any) (Authority, error) {
	fields, ok := value.(map[string]any)
	if !ok {
		return Authority{}, errors.New("an authority is not an object")
	}
	if err := onlyNames(fields, "authority", "allOf", "anyOf"); err != nil {
		return Authority{}, err
	}
	name, _ := fields["authority"].(string)
	if u, err := url.Parse(name); err != nil || u.Scheme != "https" || u.Host == "" {
		return Authority{}, fmt.Errorf("the authority %q is not an https URL", name)
	}
	condition, err := parseNest(fields, maxPolicyNesting)
	return Authority{Authority: name, Condition: condition}, err
}

// parseCondition reads a leaf or a nest; deeper is how many levels may still follow.
func parseCondition(value any, deeper int) (Condition, error) {
	fields, ok := value.(map[string]any)
	if !ok {
		return Condition{}, errors.New("a condition is not an object")
	}
	if _, leaf := fields["claim"]; leaf {
		return parseLeaf(fields)
	}
	if err := onlyNames(fields, "allOf", "anyOf"); err != nil {
		return Condition{}, err
	}
	return parseNest(fields, deeper)
}

func parseLeaf(fields map[string]any) (Condition, error) {
	if err := onlyNames(fields, "claim", "equals"); err != nil {
		return Condition{}, err
	}
	claim, _ := fields["claim"].(string)
	if claim == "" {
		return Condition{}, errors.New("a claim has no name")
	}
	switch fields["equals"].(type) {
	case string, bool, float64:
		return Equals(claim, fields["equals"]), nil
	default:
		return Condition{}, fmt.Errorf("the claim %q needs equals with a string, a bool or a number", claim)
	}
}

func parseNest(fields map[string]any, deeper int) (Condition, error) {
	if deeper == 0 {
		return Condition{}, fmt.Errorf("conditions nest more than %d levels", maxPolicyNesting)
	}
	all, hasAll := fields["allOf"]
	some, hasAny := fields["anyOf"]
	if hasAll == hasAny {
		return Condition{}, errors.New("exactly one of allOf and anyOf is needed")
	}
	child := func(v any) (Condition, error) { return parseCondition(v, deeper-1) }
	if hasAll {
		list, err := parseList(all, child)
		return Condition{AllOf: list}, err
	}
	list, err := parseList(some, child)
	return Condition{AnyOf: list}, err
}

// parseList reads a list of at least one: an empty allOf would demand nothing.
func parseList[T any](value any, parse func(any) (T, error)) ([]T, error) {
	items, ok := value.([]any)
	if !ok || len(items) == 0 {
		return nil, errors.New("a list of at least one is needed")
	}
	list := make([]T, 0, len(items))
	for _, item := range items {
		parsed, err := parse(item)
		if err != nil {
			return nil, err
		}
		list = append(list, parsed)
	}
	return list, nil
}

func onlyNames(fields map[string]any, known ...string) error {
	for name := range fields {
		if !slices.Contains(known, name) {
			return fmt.Errorf("unknown name %q", name)
		}
	}
	return nil
}
