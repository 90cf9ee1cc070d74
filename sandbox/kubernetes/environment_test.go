package kubernetes

import "testing"

func TestVariablesReferToThoseBeforeThem(t *testing.T) {
	env := map[string]string{"TOPIC": "t", "EMPTY": ""}
	for text, want := range map[string]string{
		"plain":               "plain",
		"to $(TOPIC)!":        "to t!",
		"$(TOPIC)$(TOPIC)":    "tt",
		"[$(EMPTY)]":          "[]",
		"$(UNKNOWN)":          "$(UNKNOWN)",
		"$$(TOPIC)":           "$(TOPIC)",
		"$$$(TOPIC)":          "$t",
		"$$$$":                "$$",
		"$HOME, $ and $":      "$HOME, $ and $",
		"$(TOPIC":             "$(TOPIC",
		"TOPIC) $TOPIC)":      "TOPIC) $TOPIC)",
		"$(a $(TOPIC)":        "$(a $(TOPIC)",
		"$(TOPIC) and $(more": "t and $(more",
	} {
		if got := expand(text, env); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
}
