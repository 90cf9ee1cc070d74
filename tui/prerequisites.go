package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cctui/cctui/actions"
)

// prerequisites is the screen of what must be so before anything is made.
func prerequisites() screen {
	return screen{
		id: actions.ScreenPrerequisites, title: "Prerequisites",
		about: "Everything that could rule the walkthrough out is read here, before anything that costs money exists.",
		fields: []field{
			{key: "subscription", label: "subscription", help: "By id or name. Empty: the only one this account sees.",
				at: func(in *actions.Inputs) any { return &in.Subscription }},
			{key: "tenant", label: "tenant", help: "Entra tenant, by id or domain. Empty: the account's own.",
				at: func(in *actions.Inputs) any { return &in.Tenant }},
			{key: "location", label: "location", help: "Azure region. It must offer the confidential VM size, and have quota for it.",
				at: func(in *actions.Inputs) any { return &in.Location }},
			{key: "install-extensions", label: "install extensions", help: "Add or update the az extensions that are missing or old. Installing software is your decision.",
				at: func(in *actions.Inputs) any { return &in.InstallExtensions }},
		},
		findings: []finding{
			{"sign-in", "account", func(o actions.Outputs) string { return o.AccountName }},
			{"sign-in", "subscription", func(o actions.Outputs) string { return o.SubscriptionName }},
			{"sign-in", "tenant", func(o actions.Outputs) string { return o.TenantID }},
			{"tools", "az", func(o actions.Outputs) string { return prefixed("az ", o.CLIVersion) }},
			{"tools", "extensions", extensions},
			{"availability", "quota", quota},
			{"feature", "feature", func(o actions.Outputs) string { return o.FeatureState }},
		},
	}
}

func extensions(o actions.Outputs) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(o.Extensions)) {
		all = append(all, name+" "+o.Extensions[name])
	}
	return strings.Join(all, ", ")
}

func quota(o actions.Outputs) string {
	if o.QuotaFamily == "" {
		return ""
	}
	return fmt.Sprintf("%d vCPUs free of %s", o.QuotaFree, o.QuotaFamily)
}

// prefixed is empty for nothing.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
