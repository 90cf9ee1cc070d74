package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cctui/cctui/sandbox"
)

func TestPoliciesTakeTheirTimeInASandboxThatTakesItsTime(t *testing.T) {
	p := &program{getenv: func(string) string { return "" }}
	around, err := p.surroundings(t.Context(), choice{settings: settings{Sandbox: true, SandboxProfile: sandbox.ProfileAzure}})
	if err != nil {
		t.Fatal(err)
	}
	defer around.close()
	manifest := filepath.Join(t.TempDir(), "consumer.yaml")
	if err := os.WriteFile(manifest, []byte("kind: Pod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hurried, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = around.az(hurried, "confcom", "katapolicygen", "-y", manifest, "--print-policy")
	if err == nil || !strings.Contains(err.Error(), "policy.generate") {
		t.Errorf("it did not wait: %v", err)
	}
}
