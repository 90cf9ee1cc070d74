package azure

import (
	"net/http"
	"slices"
	"testing"
)

const localRoles = "/keys/providers/Microsoft.Authorization/roleAssignments"

func TestLocalRolesAreGrantedInTheHSMsDataPlane(t *testing.T) {
	s := newService(t)
	s.HandleFunc("PUT "+localRoles+"/n1", func(w http.ResponseWriter, r *http.Request) {
		properties, _ := bodyOf(t, r)["properties"].(map[string]any)
		want := "Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/" + LocalRoleCryptoReleaseUser
		if properties["principalId"] != "p1" || properties["roleDefinitionId"] != want || r.URL.Query().Get("api-version") != "7.4" {
			t.Errorf("%s: %v", r.URL, properties)
		}
		reply(http.StatusCreated, `{"name":"n1"}`)(w)
	})
	s.HandleFunc("GET "+localRoles, answers(reply(http.StatusOK, `{"value":[
		{"name":"n1","properties":{"principalId":"p1","roleDefinitionId":"x/`+LocalRoleCryptoReleaseUser+`","scope":"/keys"}},
		{"name":"n2","properties":{"principalId":"p1","roleDefinitionId":"x/y","scope":"/keys/other"}},
		{"name":"n3","properties":{"principalId":"p2","roleDefinitionId":"x/y","scope":"/"}}]}`)))
	client := s.client(t)
	const hsm = "https://h.managedhsm.localhost"
	granted := RoleAssignment{Name: "n1", Scope: "/keys", RoleID: LocalRoleCryptoReleaseUser, PrincipalID: "p1"}
	if err := client.CreateLocalRoleAssignment(t.Context(), hsm, granted); err != nil {
		t.Fatal(err)
	}
	found, err := client.LocalRoleAssignments(t.Context(), hsm, "/keys", "p1")
	if err != nil || !slices.Equal(found, []RoleAssignment{granted}) {
		t.Errorf("assignments = %+v, %v", found, err)
	}
}

func TestATokenForHSMsGoesToHSMsOnly(t *testing.T) {
	s := newService(t)
	client := s.client(t)
	for _, uri := range []string{
		"https://evil.example", "http://h.managedhsm.localhost", "https://managedhsm.localhost", "https://h.managedhsm.localhost@evil.example", "https://evilmanagedhsm.localhost", "",
	} {
		if _, err := client.LocalRoleAssignments(t.Context(), uri, "/keys", "p1"); err == nil {
			t.Errorf("%q was taken for a Managed HSM", uri)
		}
	}
	if s.askedAnything() {
		t.Errorf("requests were sent to %q", s.hosts)
	}
}

func TestAManagedHSMIsFoundByNameInAnyGroup(t *testing.T) {
	s := newService(t)
	const id = "/subscriptions/s/resourcegroups/Elsewhere/providers/Microsoft.KeyVault/managedHSMs/Pool"
	s.Handle("GET /subscriptions/s/resources", answers(reply(http.StatusOK, `{"value":[
		{"id":"/subscriptions/s/resourceGroups/a/providers/Microsoft.KeyVault/managedHSMs/other","name":"other","type":"Microsoft.KeyVault/managedHSMs"},
		{"id":"`+id+`","name":"Pool","type":"Microsoft.KeyVault/managedHsms"}]}`)))
	s.Handle("GET /subscriptions/s/resourceGroups/Elsewhere/providers/Microsoft.KeyVault/managedHSMs/pool", answers(reply(http.StatusOK,
		`{"id":"`+id+`","name":"Pool","location":"eastus","properties":{"provisioningState":"Succeeded","hsmUri":"https://pool.managedhsm.localhost/"}}`)))
	client := s.client(t)
	hsm, err := client.FindManagedHSM(t.Context(), "s", "pool")
	if err != nil || hsm.URI != "https://pool.managedhsm.localhost" || hsm.ID != id {
		t.Errorf("HSM = %+v, %v", hsm, err)
	}
	if _, err := client.FindManagedHSM(t.Context(), "s", "absent"); !IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
}
