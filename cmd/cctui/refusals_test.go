package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/kafka"
)

// result is the last line of --output json, as a script reads it.
type result struct {
	Type        string                `json:"type"`
	Outcome     string                `json:"outcome"`
	Sandbox     bool                  `json:"sandbox"`
	Message     string                `json:"message"`
	Ciphertext  string                `json:"ciphertext"`
	Attestation *actions.Attestation  `json:"attestation"`
	Problem     *actions.Problem      `json:"problem"`
	Steps       map[actions.State]int `json:"steps"`
}

// walkthroughInSandbox runs the whole walkthrough, and returns how it ended and all that it told.
func walkthroughInSandbox(t *testing.T, args ...string) (code int, last result, lines []string) {
	t.Helper()
	ended := call(t, nil, append([]string{"--auto", "--sandbox", "--output", "json"}, args...)...)
	lines = strings.Split(strings.TrimSpace(ended.out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatalf("%v\n%s", err, ended.err)
	}
	if last.Type != "result" || !last.Sandbox {
		t.Errorf("the last line is a %q, and says sandbox %v", last.Type, last.Sandbox)
	}
	return ended.code, last, lines
}

func TestTheWalkthroughEndsWithTheMessageAndWhyItCouldBeRead(t *testing.T) {
	code, last, lines := walkthroughInSandbox(t, "--message", "Ola, mundo")
	if code != actions.ExitDone {
		t.Fatalf("exit %d: %+v", code, last.Problem)
	}
	if _, text, ok := kafka.ParseMessage(last.Message); !ok || text != "Ola, mundo" {
		t.Errorf("the attested pod showed %q", last.Message)
	}
	if !kafka.IsCiphertext(last.Ciphertext, 3072) {
		t.Errorf("the ordinary pod showed %q", last.Ciphertext)
	}
	measurement := printedMeasurement(t, lines)
	if last.Attestation == nil || last.Attestation.Claims["x-ms-sevsnpvm-hostdata"] != measurement {
		t.Errorf("the key was released to %+v, the policy measures %s", last.Attestation, measurement)
	}
	if last.Outcome != "succeeded" || !last.Sandbox || last.Problem != nil {
		t.Errorf("ended as %+v", last)
	}
}

// printedMeasurement is what the policy step said it measured.
func printedMeasurement(t *testing.T, lines []string) string {
	t.Helper()
	for _, line := range lines {
		var event struct{ Type, Step, Name, Value string }
		if json.Unmarshal([]byte(line), &event) == nil && event.Step == "policy" && event.Name == "measurement" {
			return event.Value
		}
	}
	t.Fatal("the policy step printed no measurement")
	return ""
}

// What must be refused is refused: no message is read, and the problem names the true cause.
func TestItIsRefusedWhenItMustBe(t *testing.T) {
	for _, refusal := range []struct {
		fault, problem string
		exit           int
		names          string // something of this very case that the explanation must name
	}{
		{"policy-drift", "policy-drift", actions.ExitFailed, "hash"},
		{"wrong-authority", "wrong-authority", actions.ExitFailed, "attest.localhost"},
		{"debuggable-guest", "debuggable-guest", actions.ExitFailed, "x-ms-sevsnpvm-is-debuggable"},
		{"no-sidecar", "no-sidecar", actions.ExitFailed, "skr"},
		{"federated-subject", "federated-subject", actions.ExitFailed, "workload-identity-sa"},
		{"federated-issuer", "federated-issuer", actions.ExitFailed, "oic.localhost"},
		{"federated-audience", "federated-audience", actions.ExitFailed, "api://AzureADTokenExchange"},
		{"role-missing", "role-missing", actions.ExitFailed, "Key Vault Crypto Service Release User"},
		{"vault-standard", "vault-standard", actions.ExitFailed, "Premium"},
		{"vault-access-policy", "vault-access-policy", actions.ExitFailed, "access policies"},
		{"key-deleted", "key-deleted", actions.ExitFailed, "soft-deleted"},
		{"key-rotated", "public-key-old", actions.ExitFailed, "version"},
		{"topic-mismatch", "topic-mismatch", actions.ExitFailed, "kafka-demo-topic"},
		{"two-subscriptions", "subscription-unknown", actions.ExitUsage, "contoso production"},
		{"quota-zero", "quota-zero", actions.ExitAvailability, "standardDCACCV5Family"},
		{"sku-missing", "sku-not-offered", actions.ExitAvailability, "Standard_DC4as_cc_v5"},
		{"kubernetes-new", "kubernetes-too-new", actions.ExitAvailability, "1.33"},
		{"feature-missing", "feature-missing", actions.ExitAvailability, "KataCcIsolationPreview"},
		{"no-role-permission", "no-role-permission", actions.ExitAvailability, "Microsoft.Authorization/roleAssignments/write"},
		{"runtime-class-missing", "runtime-class-missing", actions.ExitAvailability, "kata-cc-isolation"},
		{"operation-failed=cluster.create", "operation-failed", actions.ExitFailed, "activity log"},
		{"http-malformed=login", "sign-in-unreadable", actions.ExitSignIn, "network"},
	} {
		t.Run(refusal.fault, func(t *testing.T) {
			t.Parallel()
			code, ended, _ := walkthroughInSandbox(t, "--sandbox-fault", refusal.fault, "--patience", "2s")
			if code != refusal.exit || ended.Outcome != "failed" {
				t.Errorf("exit %d, %s", code, ended.Outcome)
			}
			if ended.Message != "" {
				t.Errorf("a message was read: %q", ended.Message)
			}
			if ended.Problem == nil || ended.Problem.ID != refusal.problem {
				t.Fatalf("the problem is %+v", ended.Problem)
			}
			said := ended.Problem.Title + ended.Problem.Why + strings.Join(ended.Problem.Remedy, " ") + strings.Join(ended.Problem.Commands, " ")
			if !strings.Contains(said, refusal.names) || len(ended.Problem.Remedy) == 0 {
				t.Errorf("it does not name %q, or no remedy: %+v", refusal.names, ended.Problem)
			}
		})
	}
}

// What passes by itself is waited for or cured, without anybody's help.
func TestItIsSurvivedWhenItCanBe(t *testing.T) {
	for _, fault := range []string{
		"sidecar-slow", "throttle", "rbac-slow", "http-500", "http-503", "http-reset", "http-truncated", "operation-gone",
		// Each of these once ended the walkthrough: nobody asked a second time.
		"http-500=k8s", "http-truncated=k8s", "http-500=attest", "http-malformed=attest", "http-truncated=login",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			code, ended, _ := walkthroughInSandbox(t, "--sandbox-fault", fault)
			if code != actions.ExitDone || !strings.HasSuffix(ended.Message, ": Azure Confidential Computing") {
				t.Errorf("exit %d, message %q, problem %+v", code, ended.Message, ended.Problem)
			}
		})
	}
}
