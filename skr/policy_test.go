package skr_test

import (
	"strings"
	"testing"

	"github.com/cctui/cctui/skr"
	"github.com/google/go-cmp/cmp"
)

const authority = "https://sharedeus.eus.attest.azure.net"

func samplePolicy() skr.ReleasePolicy {
	return skr.NewReleasePolicy(authority,
		skr.Equals(skr.ClaimAttestationType, "sevsnpvm"),
		skr.Equals(skr.ClaimHostData, "5c1e"),
		skr.Equals(skr.ClaimComplianceStatus, "azure-signed-katacc-uvm"),
		skr.Equals(skr.ClaimDebuggable, "false"),
	)
}

func TestAPolicySurvivesItsJSON(t *testing.T) {
	nested := skr.ReleasePolicy{Version: "1.0.0", AnyOf: []skr.Authority{{
		Authority: authority,
		Condition: skr.Condition{AnyOf: []skr.Condition{
			skr.Equals("a", false),
			{AllOf: []skr.Condition{skr.Equals("b", 3.0), skr.Equals("c", "<&>")}},
		}},
	}}}
	for _, policy := range []skr.ReleasePolicy{samplePolicy(), nested} {
		data, err := policy.JSON()
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := skr.ParseReleasePolicy(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(policy, parsed); diff != "" {
			t.Error(diff)
		}
	}
}

func TestParseReleasePolicyRefuses(t *testing.T) {
	with := func(authority string) string { return `{"version":"1.0.0","anyOf":[` + authority + `]}` }
	allOf := func(conditions string) string {
		return with(`{"authority":"https://a.example","allOf":[` + conditions + `]}`)
	}
	leaf := `{"claim":"c","equals":"v"}`
	tests := map[string]struct{ policy, because string }{
		"a trailing comma":        {allOf(leaf + ","), "invalid character"},
		"something after it":      {allOf(leaf) + "{}", "after top-level value"},
		"no version":              {`{"anyOf":[]}`, "version"},
		"another version":         {`{"version":"2.0.0","anyOf":[]}`, "version"},
		"no authority":            {`{"version":"1.0.0","anyOf":[]}`, "at least one"},
		"an authority without":    {with(`{"allOf":[` + leaf + `]}`), "not an https URL"},
		"plain HTTP":              {with(`{"authority":"http://a.example","allOf":[` + leaf + `]}`), "not an https URL"},
		"no conditions":           {allOf(""), "at least one"},
		"both allOf and anyOf":    {with(`{"authority":"https://a.example","allOf":[` + leaf + `],"anyOf":[` + leaf + `]}`), "exactly one"},
		"an operator of tomorrow": {allOf(`{"claim":"c","notEquals":"v"}`), `unknown name "notEquals"`},
		"names in another case":   {strings.Replace(allOf(leaf), "anyOf", "ANYOF", 1), `unknown name "ANYOF"`},
		"a repeated name":         {allOf(`{"claim":"c","equals":"v","equals":"w"}`), "twice"},
		"a claim without a name":  {allOf(`{"claim":"","equals":"v"}`), "no name"},
		"a claim without a value": {allOf(`{"claim":"c"}`), "needs equals"},
		"a list for a value":      {allOf(`{"claim":"c","equals":["v"]}`), "needs equals"},
		"null for a value":        {allOf(`{"claim":"c","equals":null}`), "needs equals"},
		"deep nesting":            {allOf(strings.Repeat(`{"allOf":[`, 11) + leaf + strings.Repeat(`]}`, 11)), "levels"},
		"endless nesting":         {strings.Repeat("[", 60000), "levels"},
		"excessive size":          {allOf(leaf) + strings.Repeat(" ", 64<<10), "larger than"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := skr.ParseReleasePolicy([]byte(test.policy))
			if err == nil || !strings.Contains(err.Error(), test.because) {
				t.Errorf("got %v, want %q", err, test.because)
			}
		})
	}
}

func TestJSONRefusesWhatNoVaultTakes(t *testing.T) {
	if _, err := skr.NewReleasePolicy(authority).JSON(); err == nil {
		t.Error("a policy without conditions was encoded: it releases to anybody attested")
	}
	if _, err := skr.NewReleasePolicy(authority, skr.Equals("c", nil)).JSON(); err == nil {
		t.Error("a condition without a value was encoded")
	}
}

func TestPoliciesAreEquivalentHoweverTheyAreWritten(t *testing.T) {
	const one = `{"version":"1.0.0","anyOf":[{"authority":"https://a","allOf":[{"claim":"x","equals":"1"},{"claim":"y","equals":true}]}]}`
	for policy, want := range map[string]bool{
		one: true,
		`{"anyOf":[{"allOf":[{"equals":true,"claim":"y"},{"claim":"x","equals":"1"}],"authority":"https://a/"}],"version":"1.0"}`:                                     true,
		`{"version":"1.0.0","anyOf":[{"authority":"https://a","anyOf":[{"claim":"x","equals":"1"},{"claim":"y","equals":true}]}]}`:                                    false,
		`{"version":"1.0.0","anyOf":[{"authority":"https://a","allOf":[{"claim":"x","equals":"1"}]}]}`:                                                                false,
		`{"version":"1.0.0","anyOf":[{"authority":"https://a","allOf":[{"claim":"x","equals":1},{"claim":"y","equals":true}]}]}`:                                      false,
		`{"version":"1.0.0","anyOf":[{"authority":"https://b","allOf":[{"claim":"x","equals":"1"},{"claim":"y","equals":true}]}]}`:                                    false,
		`{"version":"1.0.0","anyOf":[{"authority":"https://a","allOf":[{"claim":"x","equals":"1"},{"allOf":[{"claim":"y","equals":true}]}]}]}`:                        false,
		`{"version":"1.0.0","anyOf":[{"authority":"https://a","allOf":[{"claim":"x","equals":"1"}]},{"authority":"https://b","allOf":[{"claim":"y","equals":"2"}]}]}`: false,
	} {
		first, err := skr.ParseReleasePolicy([]byte(one))
		if err != nil {
			t.Fatal(err)
		}
		second, err := skr.ParseReleasePolicy([]byte(policy))
		if err != nil {
			t.Fatal(err)
		}
		if first.Equivalent(second) != want || second.Equivalent(first) != want {
			t.Errorf("%s: not %v", policy, want)
		}
	}
}

func TestASlashAtTheEndOfAnAuthorityCountsForNothing(t *testing.T) {
	policy := skr.NewReleasePolicy("https://a/", skr.Equals("x", "1"))
	if !policy.Explain("https://a", map[string]any{"x": "1"}).Released {
		t.Error("a token of the authority is not its")
	}
	if policy.Explain("https://a/", map[string]any{"x": "1"}).Released {
		t.Error("no issuer ends with a slash")
	}
}
