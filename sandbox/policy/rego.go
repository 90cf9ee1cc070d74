package policy

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

//go:embed rules.rego
var rules string

const (
	packageLine = "package agent_policy\n"
	dataMarker  = "\npolicy_data := "
)

// Rego is the policy's text: the rules, then the document. The same document gives the same text.
func (d Document) Rego() (string, error) {
	data, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encode policy_data: %w", err)
	}
	return rules + dataMarker + string(data) + "\n", nil
}

// Parse reads the document of a policy's text.
func Parse(rego string) (Document, error) {
	if !strings.Contains(rego, packageLine) {
		return Document{}, errors.New("policy is not of package agent_policy")
	}
	_, data, found := strings.Cut(rego, dataMarker)
	if !found {
		return Document{}, errors.New("policy has no policy_data")
	}
	var document Document
	// A decoder, because Rego may go on behind the object.
	if err := json.NewDecoder(strings.NewReader(data)).Decode(&document); err != nil {
		return Document{}, fmt.Errorf("read policy_data: %w", err)
	}
	return document, nil
}
