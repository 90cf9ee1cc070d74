package skr_test

import (
	"testing"

	"github.com/cctui/cctui/skr"
	"github.com/google/go-cmp/cmp"
)

func sampleClaims() map[string]any {
	return map[string]any{
		skr.ClaimAttestationType:  "sevsnpvm",
		skr.ClaimHostData:         "5c1e",
		skr.ClaimComplianceStatus: "azure-signed-katacc-uvm",
		skr.ClaimDebuggable:       false,
	}
}

func TestExplainShowsEveryComparison(t *testing.T) {
	claims := sampleClaims()
	claims[skr.ClaimHostData] = "beef"
	delete(claims, skr.ClaimComplianceStatus)
	got := samplePolicy().Explain(authority, claims)
	want := skr.Verdict{Checks: []skr.Check{
		{Claim: "iss", Want: authority, Got: authority, OK: true},
		{Claim: skr.ClaimAttestationType, Want: "sevsnpvm", Got: "sevsnpvm", OK: true},
		{Claim: skr.ClaimHostData, Want: "5c1e", Got: "beef"},
		{Claim: skr.ClaimComplianceStatus, Want: "azure-signed-katacc-uvm"},
		{Claim: skr.ClaimDebuggable, Want: "false", Got: "false", OK: true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExplainReleasesOnlyWhatThePolicyDemands(t *testing.T) {
	tests := map[string]struct {
		issuer string
		change func(map[string]any)
		want   bool
	}{
		"all claims":                {authority, func(map[string]any) {}, true},
		"another authority":         {"https://sharedweu.weu.attest.azure.net", func(map[string]any) {}, false},
		"a trailing slash":          {authority + "/", func(map[string]any) {}, false},
		"another port":              {authority + ":443", func(map[string]any) {}, false},
		"a debuggable guest":        {authority, func(c map[string]any) { c[skr.ClaimDebuggable] = true }, false},
		"the word false":            {authority, func(c map[string]any) { c[skr.ClaimDebuggable] = "false" }, true},
		"another policy's hostdata": {authority, func(c map[string]any) { c[skr.ClaimHostData] = "5C1E" }, false},
		"a missing claim":           {authority, func(c map[string]any) { delete(c, skr.ClaimAttestationType) }, false},
		"a claim of another type":   {authority, func(c map[string]any) { c[skr.ClaimHostData] = []any{"5c1e"} }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			claims := sampleClaims()
			test.change(claims)
			if got := samplePolicy().Explain(test.issuer, claims).Released; got != test.want {
				t.Errorf("released: %t", got)
			}
		})
	}
}

func TestConditionsNestAndReachIntoClaims(t *testing.T) {
	claims := map[string]any{
		"number": 3.0,
		"nested": map[string]any{"inner": map[string]any{"leaf": "x"}, "list": []any{"x"}},
		"with.a": "dot",
	}
	yes, no := skr.Equals("number", 3), skr.Equals("number", 4)
	tests := map[string]struct {
		condition skr.Condition
		want      bool
	}{
		"a number":                   {yes, true},
		"another number":             {no, false},
		"a number is not its text":   {skr.Equals("number", "3"), false},
		"dots lead inwards":          {skr.Equals("nested.inner.leaf", "x"), true},
		"dots may be part of a name": {skr.Equals("with.a", "dot"), true},
		"lists cannot be addressed":  {skr.Equals("nested.list.0", "x"), false},
		"any one is enough":          {skr.Condition{AnyOf: []skr.Condition{no, yes}}, true},
		"one must hold":              {skr.Condition{AnyOf: []skr.Condition{no, no}}, false},
		"all must hold":              {skr.Condition{AllOf: []skr.Condition{yes, no}}, false},
		"a nest within a nest":       {skr.Condition{AnyOf: []skr.Condition{no, {AllOf: []skr.Condition{yes, yes}}}}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := skr.NewReleasePolicy(authority, test.condition).Explain(authority, claims); got.Released != test.want {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestOfSeveralAuthoritiesTheDecidingOneIsShown(t *testing.T) {
	policy := samplePolicy()
	policy.AnyOf = append(policy.AnyOf, skr.NewReleasePolicy("https://other.example", skr.Equals("a", "b")).AnyOf...)
	if got := policy.Explain("https://other.example", map[string]any{"a": "b"}); !got.Released || got.Checks[0].Want != "https://other.example" {
		t.Errorf("released by the second: %+v", got)
	}
	if got := policy.Explain("https://other.example", nil); got.Released || got.Checks[0].Want != "https://other.example" {
		t.Errorf("refused by its issuer: %+v", got)
	}
	if got := policy.Explain("https://nobody.example", nil); got.Released || got.Checks[0].Want != authority {
		t.Errorf("refused by all: %+v", got)
	}
	if (skr.ReleasePolicy{}).Explain(authority, nil).Released {
		t.Error("an empty policy releases")
	}
}
