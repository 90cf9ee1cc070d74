package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/cctui/cctui/actions"
)

func asMap(t *testing.T, in actions.Inputs) map[string]any {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

func hasInput(key string) bool {
	return slices.ContainsFunc(inputs(), func(in input) bool { return in.key == key })
}

func TestAFaultNamesFlagVariableAndKey(t *testing.T) {
	chosen := choice{origin: map[string]string{"subscription": "AZURE_SUBSCRIPTION_ID"}, config: "/etc/cctui.yaml"}
	err := chosen.usage([]actions.Fault{{Key: "subscription", Value: "?", Message: "is no subscription"}, {Key: "vault", Value: "-", Message: "is no name"}})
	for _, want := range []string{
		"2 inputs are missing or wrong", `subscription: "?" is no subscription (from AZURE_SUBSCRIPTION_ID)`,
		"--subscription, CCTUI_SUBSCRIPTION or AZURE_SUBSCRIPTION_ID, or subscription in /etc/cctui.yaml",
		`vault: "-" is no name (from the default)`, "--vault, CCTUI_VAULT, or vault in /etc/cctui.yaml",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the message lacks %q:\n%s", want, err)
		}
	}
	if code := actions.ExitCode(err); code != actions.ExitUsage {
		t.Errorf("exit code %d", code)
	}
}

func TestNoFaultsAreNoError(t *testing.T) {
	if err := (choice{}).usage(nil); err != nil {
		t.Error(err)
	}
}
