package skr

import (
	"fmt"
	"slices"
)

// explainPolicy shows what a release policy demands, nest by nest.
func explainPolicy(data []byte) (Report, error) {
	policy, err := ParseReleasePolicy(data)
	if err != nil {
		return Report{}, err
	}
	report := Report{Kind: KindPolicy}
	bound := true
	for i, authority := range policy.AnyOf {
		meaning := "its tokens are believed"
		if i > 0 {
			meaning = "or this one's are"
		}
		report.Lines = append(report.Lines, Line{"authority", authority.Authority, meaning})
		report.Lines = append(report.Lines, authority.Condition.lines("")...)
		bound = bound && authority.Condition.demands(ClaimHostData)
	}
	if !bound {
		report.Notes = append(report.Notes, "No security policy is demanded ("+ClaimHostData+"): any pod of the platform may get the key.")
	}
	return report, nil
}

// lines are the leaves; the meaning tells how they combine.
func (c Condition) lines(combined string) []Line {
	if c.Claim != "" {
		return []Line{{c.Claim, claimText(c.Equals), combined}}
	}
	list, word := c.AllOf, "all of these"
	if len(c.AllOf) == 0 {
		list, word = c.AnyOf, "any one of these"
	}
	if combined != "" {
		word = fmt.Sprintf("%s, within %s", word, combined)
	}
	var lines []Line
	for _, inner := range list {
		lines = append(lines, inner.lines(word)...)
	}
	return lines
}

// demands tells whether the condition cannot be met without the claim.
func (c Condition) demands(claim string) bool {
	if c.Claim != "" {
		return c.Claim == claim
	}
	does := func(inner Condition) bool { return inner.demands(claim) }
	if len(c.AllOf) > 0 {
		return slices.ContainsFunc(c.AllOf, does)
	}
	return !slices.ContainsFunc(c.AnyOf, func(inner Condition) bool { return !does(inner) })
}
