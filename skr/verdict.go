package skr

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Explain holds the policy against a token's issuer and claims, one by one. Of several authorities it
// shows the one that decides: one whose conditions all hold, else the one that issued the token, else the first.
func (p ReleasePolicy) Explain(issuer string, claims map[string]any) Verdict {
	verdicts := make([]Verdict, 0, len(p.AnyOf))
	for _, authority := range p.AnyOf {
		verdicts = append(verdicts, authority.explain(issuer, claims))
	}
	released := func(v Verdict) bool { return v.Released }
	issued := func(v Verdict) bool { return v.Checks[0].OK }
	for _, decides := range []func(Verdict) bool{released, issued} {
		if i := slices.IndexFunc(verdicts, decides); i >= 0 {
			return verdicts[i]
		}
	}
	if len(verdicts) == 0 {
		return Verdict{}
	}
	return verdicts[0]
}

// Trusts tells whether a token of that issuer is the authority's. A slash at the end of the authority counts for
// nothing: Microsoft's own policies for confidential machines have one, and the issuers of its tokens do not.
func (a Authority) Trusts(issuer string) bool {
	return strings.TrimSuffix(a.Authority, "/") == issuer
}

func (a Authority) explain(issuer string, claims map[string]any) Verdict {
	same := a.Trusts(issuer)
	checks := []Check{{Claim: "iss", Want: a.Authority, Got: issuer, OK: same}}
	met := a.Condition.explain(claims, &checks)
	return Verdict{Released: same && met, Checks: checks}
}

// explain adds a check for every leaf, also where the outcome is already decided: people read all of them.
func (c Condition) explain(claims map[string]any, checks *[]Check) bool {
	switch {
	case c.Claim != "":
		got, present := lookup(claims, c.Claim)
		check := Check{Claim: c.Claim, Want: claimText(c.Equals), OK: present && equalClaim(c.Equals, got)}
		if present {
			check.Got = claimText(got)
		}
		*checks = append(*checks, check)
		return check.OK
	case len(c.AllOf) > 0:
		met := true
		for _, inner := range c.AllOf {
			met = inner.explain(claims, checks) && met
		}
		return met
	default:
		met := false
		for _, inner := range c.AnyOf {
			met = inner.explain(claims, checks) || met
		}
		return met
	}
}

// lookup finds a claim by its name, where dots lead into nested objects. Arrays cannot be addressed.
func lookup(claims map[string]any, name string) (any, bool) {
	if value, ok := claims[name]; ok {
		return value, true
	}
	outer, inner, dotted := strings.Cut(name, ".")
	nested, ok := claims[outer].(map[string]any)
	if !dotted || !ok {
		return nil, false
	}
	return lookup(nested, inner)
}

// equalClaim compares strictly, but for one thing the vault accepts in practice: a policy's
// string "false" for a claim that is the bool false, and the same for true.
func equalClaim(want, got any) bool {
	if text, ok := want.(string); ok {
		if b, ok := got.(bool); ok {
			return text == strconv.FormatBool(b)
		}
	}
	switch want.(type) {
	case string, bool:
		return want == got
	}
	wantNumber, ok := number(want)
	gotNumber, also := number(got)
	return ok && also && wantNumber == gotNumber
}

// number widens the number types a caller may have built a condition or claim from; JSON gives float64.
func number(value any) (float64, bool) {
	switch n := value.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	}
	return 0, false
}

// claimText is a claim's value for people.
func claimText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case map[string]any, []any:
		return compactJSON(v)
	}
	return fmt.Sprint(value)
}
