package main

import (
	"strings"
	"testing"

	"github.com/cctui/cctui/actions"
)

// In a Managed HSM the article's pair of roles lets a pod have the key, too: there a Crypto User may release it.
func TestAKeyInAManagedHSMIsReleasedByTheArticlesRoles(t *testing.T) {
	code, last, lines := walkthroughInSandbox(t, "--managed-hsm", "contoso-hsm", "--roles", actions.RolesArticle)
	if code != actions.ExitDone {
		t.Fatalf("exit %d: %+v\n%s", code, last.Problem, strings.Join(lines, "\n"))
	}
	if last.Attestation == nil || !strings.HasPrefix(last.Attestation.KeyID, "https://contoso-hsm.managedhsm.localhost") {
		t.Errorf("the key came from %+v", last.Attestation)
	}
}
