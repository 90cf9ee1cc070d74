package azure

import (
	"net/http"
	"testing"
)

func TestARoleAssignmentIsMadeOnceByWhateverName(t *testing.T) {
	const scope = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
	s := newService(t)
	s.HandleFunc("PUT "+scope+"/providers/Microsoft.Authorization/roleAssignments/n1", func(w http.ResponseWriter, r *http.Request) {
		body := bodyOf(t, r)
		for path, want := range map[string]any{
			"properties.principalId":      "p1",
			"properties.principalType":    "ServicePrincipal",
			"properties.roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/" + RoleCryptoReleaseUser,
		} {
			if got := dig(body, path); got != want {
				t.Errorf("%s = %v, want %v", path, got, want)
			}
		}
		reply(http.StatusConflict, `{"error":{"code":"RoleAssignmentExists","message":"The role assignment already exists."}}`)(w)
	})
	err := s.client(t).CreateRoleAssignment(t.Context(), RoleAssignment{
		Name: "n1", Scope: scope, RoleID: RoleCryptoReleaseUser, PrincipalID: "p1", PrincipalType: "ServicePrincipal",
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAnAssignmentIsInForceAtItsScopeAndBelow(t *testing.T) {
	const vault = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
	for assigned, want := range map[string]bool{
		vault:                                true,
		"/subscriptions/S/resourcegroups/RG": true,
		"/":                                  true,
		vault + "/keys/k":                    false,
		"/subscriptions/s/resourceGroups/r":  false,
	} {
		if got := covers(assigned, vault); got != want {
			t.Errorf("covers(%s) = %v, want %v", assigned, got, want)
		}
	}
}
