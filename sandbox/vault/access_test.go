package vault_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cctui/cctui/skr"
)

func TestStrangersAreChallenged(t *testing.T) {
	r := newRig(t)
	for host, domain := range map[string]string{"kv.vault.localhost": "vault.localhost", "hsm.managedhsm.localhost": "managedhsm.localhost"} {
		response, err := r.Client().Get(r.URL(host) + "/keys?api-version=7.4")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		want := `Bearer authorization="` + r.URL("login.localhost") + "/" + tenant + `", resource="` + r.URL(domain) + `"`
		if got := response.Header.Get("WWW-Authenticate"); response.StatusCode != http.StatusUnauthorized || got != want {
			t.Errorf("%s: %d %s", host, response.StatusCode, got)
		}
	}
}

func TestATokenForAnotherServiceIsNone(t *testing.T) {
	r := newRig(t)
	status, _ := r.call(t, operator+"@https://management.localhost#", http.MethodGet, r.URL("kv.vault.localhost")+"/keys?api-version=7.4", nil)
	if status == http.StatusOK {
		t.Error("accepted")
	}
}

func TestVersionsOfTheInterfaceAreChecked(t *testing.T) {
	r := newRig(t)
	for query, want := range map[string]int{
		"": 400, "?api-version=": 400, "?api-version=7.0": 400, "?api-version=latest": 400,
		"?api-version=7.4": 200, "?api-version=7.6-preview.1": 200, "?api-version=2025-07-01": 200,
	} {
		if status, answer := r.call(t, operator, http.MethodGet, r.URL("kv.vault.localhost")+"/keys"+query, nil); status != want {
			t.Errorf("%q: %d %s", query, status, failureOf(answer))
		}
	}
}

func TestAMissingRoleIsNamed(t *testing.T) {
	r := newRig(t)
	_, answer := r.call(t, guest, http.MethodPost, r.URL("kv.vault.localhost")+"/keys/k/create?api-version=7.4", map[string]any{"kty": "RSA"})
	got := failureOf(answer)
	for _, want := range []string{
		"Forbidden/ForbiddenByRbac: ", "Caller: appid=app-guest;oid=guest;iss=https://sts.windows.net/" + tenant + "/",
		"Action: 'Microsoft.KeyVault/vaults/keys/create/action'", "Assignment: (not found)",
		"Resource: '" + strings.ToLower(armID) + "vaults/kv/keys/k'",
		"DecisionReason: 'DeniedWithNoValidRBAC'", "Vault: kv;location=eastus",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

func TestAManagedHSMHasRolesOfItsOwn(t *testing.T) {
	r := newRig(t)
	hsm := r.URL("hsm.managedhsm.localhost")
	create := hsm + "/keys/k/create?api-version=7.4"
	body := exportable(policyFor(t, r.URL(provider)))
	if status, answer := r.call(t, operator, http.MethodPost, create, body); status != 403 || !strings.Contains(failureOf(answer), "managedHsm/keys/create") {
		t.Errorf("an administrator is no crypto user: %d %s", status, failureOf(answer))
	}
	assign := func(who, scope, name, role, principal string) int {
		status, _ := r.call(t, who, http.MethodPut, hsm+scope+"/providers/Microsoft.Authorization/roleAssignments/"+name+"?api-version=7.4",
			map[string]any{"properties": map[string]string{"roleDefinitionId": "Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/" + role, "principalId": principal}})
		return status
	}
	const cryptoUser, releaseUser = "21dbd100-6940-42c2-9190-5d6cb909625b", "21dbd100-6940-42c2-9190-5d6cb909625c"
	if status := assign(guest, "/keys", "a0", cryptoUser, guest); status != 403 {
		t.Errorf("the guest helps itself to a role: %d", status)
	}
	if status := assign(operator, "/keys", "a1", cryptoUser, operator); status != 200 {
		t.Fatalf("assign: %d", status)
	}
	if status := assign(operator, "/keys/k", "a2", releaseUser, guest); status != 200 {
		t.Fatalf("assign: %d", status)
	}
	if status := assign(operator, "/keys", "a3", "no-such-role", guest); status != 400 {
		t.Errorf("an unknown role: %d", status)
	}
	if status, answer := r.call(t, operator, http.MethodPost, create, body); status != 200 {
		t.Fatal(failureOf(answer))
	}
	release := func() (int, map[string]any) {
		return r.call(t, guest, http.MethodPost, hsm+"/keys/k/release?api-version=7.4", map[string]string{"target": r.attested(t, trusted, false)})
	}
	status, answer := release()
	if status != 200 {
		t.Fatal(failureOf(answer))
	}
	if _, err := skr.OpenReleased(answer["value"].(string), r.Host("hsm.managedhsm.localhost"), r.roots); err != nil {
		t.Error(err)
	}
	list := hsm + "/keys/k/providers/Microsoft.Authorization/roleAssignments?api-version=7.4&$filter=principalId+eq+'" + guest + "'"
	if _, answer := r.call(t, operator, http.MethodGet, list, nil); len(answer["value"].([]any)) != 1 {
		t.Errorf("%v", answer)
	}
	if status, _ := r.call(t, operator, http.MethodDelete, hsm+"/keys/k/providers/Microsoft.Authorization/roleAssignments/a2?api-version=7.4", nil); status != 200 {
		t.Errorf("delete: %d", status)
	}
	if status, _ := release(); status != 403 {
		t.Errorf("released without a role: %d", status)
	}
	if status := assign(operator, "/keys/k", "a4", cryptoUser, guest); status != 200 {
		t.Fatalf("assign: %d", status)
	}
	if status, answer := release(); status != 200 {
		t.Errorf("a crypto user may have keys released: %d %s", status, failureOf(answer))
	}
	deleted := hsm + "/deletedkeys/k?api-version=7.4"
	if status, answer := r.call(t, operator, http.MethodGet, deleted, nil); status != 403 || !strings.Contains(failureOf(answer), "keys/deletedKeys/read/action") {
		t.Errorf("a crypto user is no officer: %d %s", status, failureOf(answer))
	}
}

func TestAVaultHasNoLocalRoles(t *testing.T) {
	r := newRig(t)
	if status, _ := r.call(t, operator, http.MethodGet, r.URL("kv.vault.localhost")+"/keys/providers/Microsoft.Authorization/roleAssignments?api-version=7.4", nil); status != 404 {
		t.Errorf("%d", status)
	}
}
