package arm

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRoleAssignmentsOpenTheDataPlane(t *testing.T) {
	fx := newFixture(t, weather{})
	principal := fx.makeVault()
	scope := vaultURL
	name := "aaaaaaaa-0000-0000-0000-000000000001"
	release, create := "Microsoft.KeyVault/vaults/keys/release/action", "Microsoft.KeyVault/vaults/keys/create/action"
	if fx.Allowed(principal, scope, release) {
		t.Error("allowed before any assignment")
	}
	fx.must(http.StatusCreated, "PUT", scope+assignments+"/"+name, assign(releaseRole, principal))
	fx.must(http.StatusOK, "PUT", scope+assignments+"/"+name, assign(releaseRole, principal))
	fx.refused("RoleAssignmentExists", "PUT", scope+assignments+"/"+strings.Replace(name, "1", "2", 1), assign(releaseRole, principal))
	fx.refused("RoleAssignmentUpdateNotPermitted", "PUT", scope+assignments+"/"+name, assign(officerRole, principal))
	if !fx.Allowed(principal, scope+"/keys/k", release) || fx.Allowed(principal, scope, create) || fx.Allowed(operator, scope, release) {
		t.Error("the release role gives something else than releases")
	}
	fx.must(http.StatusCreated, "PUT", groupURL+assignments+"/"+strings.Replace(name, "1", "3", 1), assign(officerRole, operator))
	if !fx.Allowed(operator, scope, create) {
		t.Error("a role at the group does not reach the vault")
	}
	found := fx.must(http.StatusOK, "GET", scope+assignments+"?$filter=principalId+eq+'"+principal+"'", nil).at("value").([]any)
	if len(found) != 1 {
		t.Errorf("listed %v", found)
	}
	fx.must(http.StatusOK, "DELETE", scope+assignments+"/"+name, nil)
	fx.must(http.StatusNoContent, "DELETE", scope+assignments+"/"+name, nil)
	if fx.Allowed(principal, scope, release) {
		t.Error("allowed after the assignment went")
	}
}

func TestRoleAssignmentIsRefusedForTheTrueReason(t *testing.T) {
	fx := newFixture(t, weather{})
	principal := fx.makeVault()
	name := "/aaaaaaaa-0000-0000-0000-000000000001"
	fx.refused("PrincipalNotFound", "PUT", vaultURL+assignments+name, assign(releaseRole, "consumer"))
	fx.refused("RoleDefinitionDoesNotExist", "PUT", vaultURL+assignments+name, assign(principal, principal))
	fx.refused("InvalidRoleAssignmentId", "PUT", vaultURL+assignments+"/kafka", assign(releaseRole, principal))
	fx.refused("ResourceNotFound", "PUT", vaultURL+"x"+assignments+name, assign(releaseRole, principal))
	wrongType := assign(releaseRole, principal)
	wrongType["properties"].(object)["principalType"] = "User"
	fx.refused("UnmatchedPrincipalType", "PUT", vaultURL+assignments+name, wrongType)
}

func TestContributorMayNotAssignRoles(t *testing.T) {
	fx := newFixture(t, weather{faults: map[string]string{"no-role-permission": ""}})
	principal := fx.makeVault()
	permissions := fx.must(http.StatusOK, "GET", groupURL+"/providers/Microsoft.Authorization/permissions", nil)
	if !strings.Contains(string(permissions.raw), `"Microsoft.Authorization/*/Write"`) {
		t.Errorf("permissions %s", permissions.raw)
	}
	r := fx.refused("AuthorizationFailed", "PUT", vaultURL+assignments+"/aaaaaaaa-0000-0000-0000-000000000001", assign(releaseRole, principal))
	if r.status != http.StatusForbidden {
		t.Errorf("status %d", r.status)
	}
}

func TestRolesTakeEffectAfterPropagation(t *testing.T) {
	fx := newFixture(t, weather{durations: map[string]time.Duration{"role.propagate": time.Hour}})
	principal := fx.makeVault()
	name := "aaaaaaaa-0000-0000-0000-000000000001"
	fx.must(http.StatusCreated, "PUT", vaultURL+assignments+"/"+name, assign(releaseRole, principal))
	if fx.Allowed(principal, vaultURL, "Microsoft.KeyVault/vaults/keys/release/action") {
		t.Error("effective at once")
	}
	fx.mu.Lock()
	fx.assignments[strings.ToLower(vaultURL+"/"+name)].Properties.CreatedOn = time.Now().Add(-time.Hour)
	fx.mu.Unlock()
	if !fx.Allowed(principal, vaultURL, "Microsoft.KeyVault/vaults/keys/release/action") {
		t.Error("not effective after an hour")
	}
}
