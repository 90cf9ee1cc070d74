package main

import (
	"context"
	"strings"
	"testing"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/tui"
)

// subscriber is an account that sees some subscriptions, and can do nothing else.
type subscriber struct {
	actions.Azure
	sees []azure.Subscription
}

func (s subscriber) Subscriptions(context.Context) ([]azure.Subscription, error) { return s.sees, nil }

func TestWhoSeesSeveralSubscriptionsIsAskedWhich(t *testing.T) {
	several := []azure.Subscription{{ID: "0a", Name: "dev", TenantID: "contoso"}, {ID: "0b", Name: "test", TenantID: "fabrikam"}}
	for name, test := range map[string]struct {
		sees   []azure.Subscription
		chosen string
		asks   bool
		want   string
	}{
		"several":        {several, "", true, "0b"},
		"one":            {several[:1], "", false, ""},
		"none":           {nil, "", false, ""},
		"chosen already": {several, "dev", false, "dev"},
	} {
		t.Run(name, func(t *testing.T) {
			asked := ""
			o := actions.Options{Journal: actions.NewJournal(), Steps: actions.Steps(), Adapters: actions.Adapters{Azure: subscriber{sees: test.sees}}}
			o.Inputs.Subscription = test.chosen
			got, err := pickSubscription(t.Context(), o, func(_ context.Context, q tui.Question) (int, error) {
				for _, a := range q.Answers {
					asked += a.Label + " " + a.About + "\n"
				}
				return 1, nil
			})
			if err != nil || got != test.want || (asked != "") != test.asks {
				t.Errorf("picked %q, %v, asked %q", got, err, asked)
			}
			if test.asks && !strings.Contains(asked, "test 0b, tenant fabrikam") {
				t.Errorf("asked %q", asked)
			}
		})
	}
}
