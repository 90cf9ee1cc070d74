package skr_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/cctui/cctui/skr"
)

func TestExplainHoldsATokenAgainstItsPolicy(t *testing.T) {
	i := newIssuer(t)
	token := i.sign(t, i.claims(), nil)
	policy, err := skr.NewReleasePolicy(i.URL, skr.Equals(skr.ClaimHostData, "5c1e")).JSON()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := json.Marshal(map[string]string{"token": token})
	if err != nil {
		t.Fatal(err)
	}
	now := skr.SNPTrust{Now: i.now}
	tests := map[string]struct {
		data    string
		options skr.ExplainOptions
		verdict bool
	}{
		"a token":                {token, skr.ExplainOptions{Trust: now}, false},
		"a service's answer":     {string(answer), skr.ExplainOptions{Trust: now}, false},
		"a token and its policy": {token, skr.ExplainOptions{Policy: policy, Trust: now}, true},
		"both in one file":       {token + "\n" + string(policy), skr.ExplainOptions{Trust: now}, true},
		"in the other order":     {string(policy) + "\n" + token, skr.ExplainOptions{Trust: now}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report, err := skr.Explain([]byte(test.data), test.options)
			if err != nil {
				t.Fatal(err)
			}
			if report.Kind != skr.KindToken || report.Verified || len(report.Notes) != 1 {
				t.Errorf("%+v", report)
			}
			if first := report.Lines[0]; first.Name != "iss" || first.Value != i.URL || first.Meaning == "" {
				t.Errorf("first line %+v", first)
			}
			if got := report.Verdict != nil && report.Verdict.Released; got != test.verdict {
				t.Errorf("verdict %+v", report.Verdict)
			}
		})
	}
}

func TestExplainChecksATokenByItsIssuersKeys(t *testing.T) {
	i := newIssuer(t)
	keys, err := json.Marshal(map[string]any{"keys": i.keys})
	if err != nil {
		t.Fatal(err)
	}
	token := i.sign(t, i.claims(), nil)
	at := skr.SNPTrust{Now: i.now}
	report, err := skr.Explain([]byte(token), skr.ExplainOptions{Keys: keys, Trust: at})
	if err != nil || !report.Verified || report.Refused != "" || len(report.Notes) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if report, err := skr.Explain([]byte(token), skr.ExplainOptions{Keys: []byte(`{"keys":[]}`), Trust: at}); err != nil || report.Verified || report.Refused == "" {
		t.Errorf("by no keys: %+v, %v", report, err)
	}
	if report, err := skr.Explain([]byte(token), skr.ExplainOptions{Keys: []byte("{"), Trust: at}); err == nil {
		t.Errorf("by keys that are no JSON: %+v", report)
	}
	redacted := token[:strings.LastIndex(token, ".")] + ".***"
	if report, err := skr.Explain([]byte(redacted), skr.ExplainOptions{Keys: keys, Trust: at}); err != nil || report.Verified {
		t.Errorf("without signature: %+v, %v", report, err)
	}
}

func TestExplainWarns(t *testing.T) {
	i := newIssuer(t)
	claims := i.claims()
	claims[skr.ClaimDebuggable] = true
	claims["exp"] = i.now.Unix() - 1
	token := i.sign(t, claims, nil)
	redacted := token[:strings.LastIndex(token, ".")] + ".***"
	report, err := skr.Explain([]byte(redacted), skr.ExplainOptions{Trust: skr.SNPTrust{Now: i.now}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"not proof", "expired", "can be debugged"} {
		if !slices.ContainsFunc(report.Notes, func(n string) bool { return strings.Contains(n, want) }) {
			t.Errorf("no word of %q: %q", want, report.Notes)
		}
	}
}

func TestExplainShowsWhatAPolicyDemands(t *testing.T) {
	policy, err := samplePolicy().JSON()
	if err != nil {
		t.Fatal(err)
	}
	report, err := skr.Explain(policy, skr.ExplainOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Kind != skr.KindPolicy || len(report.Lines) != 5 || len(report.Notes) != 0 {
		t.Errorf("%+v", report)
	}
	open, err := skr.NewReleasePolicy(authority, skr.Condition{AnyOf: []skr.Condition{
		skr.Equals(skr.ClaimHostData, "5c1e"), skr.Equals(skr.ClaimAttestationType, "sevsnpvm"),
	}}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	if report, err = skr.Explain(open, skr.ExplainOptions{}); err != nil || len(report.Notes) != 1 {
		t.Errorf("a policy that needs no measurement goes without a warning: %+v, %v", report, err)
	}
}

func TestExplainRefusesAnythingElse(t *testing.T) {
	for _, data := range []string{"", "hello", "{}", "deadbeef", "a.b.c", strings.Repeat("A", 2<<20), `{"token":"x"}`} {
		if report, err := skr.Explain([]byte(data), skr.ExplainOptions{}); err == nil {
			t.Errorf("%.20q was explained: %+v", data, report)
		}
	}
}
