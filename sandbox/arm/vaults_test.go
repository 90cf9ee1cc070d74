package arm

import (
	"net/http"
	"strings"
	"testing"
)

func TestVaultLifeCycle(t *testing.T) {
	fx := newFixture(t, weather{})
	principal := fx.makeVault()
	r := fx.must(http.StatusOK, "GET", vaultURL, nil)
	if want := fx.front.URL("kv-test.vault.localhost") + "/"; r.at("properties", "vaultUri") != want || r.at("properties", "sku", "name") != "premium" {
		t.Errorf("vault %s", r.raw)
	}
	fx.must(http.StatusCreated, "PUT", vaultURL+assignments+"/aaaaaaaa-0000-0000-0000-000000000001", assign(releaseRole, principal))
	fx.awaitState(vaultURL, "Succeeded")
	fx.must(http.StatusOK, "DELETE", vaultURL, nil)
	fx.must(http.StatusNoContent, "DELETE", vaultURL, nil)
	if v, ok := fx.Vault("kv-test"); !ok || !v.Deleted {
		t.Errorf("the data plane sees %+v", v)
	}
	deleted := fx.must(http.StatusOK, "GET", deletedURL, nil)
	if !strings.EqualFold(deleted.at("properties", "vaultId").(string), vaultURL) {
		t.Errorf("deleted vault %s", deleted.raw)
	}
	fx.refused("ConflictError", "PUT", vaultURL, vaultOf("premium"))

	recovery := vaultOf("premium")
	recovery["properties"].(object)["createMode"] = "recover"
	fx.must(http.StatusOK, "PUT", vaultURL, recovery)
	fx.awaitState(vaultURL, "Succeeded")
	if fx.Allowed(principal, vaultURL, "Microsoft.KeyVault/vaults/keys/release/action") {
		t.Error("role assignments came back with the vault")
	}
	fx.must(http.StatusOK, "DELETE", vaultURL, nil)
	fx.succeed(fx.must(http.StatusAccepted, "POST", deletedURL+"/purge", nil))
	fx.refused("DeletedVaultNotFound", "GET", deletedURL, nil)
	if _, ok := fx.Vault("kv-test"); ok || len(fx.purged) != 1 {
		t.Errorf("still there, or its keys are: %v", fx.purged)
	}
}

func TestVaultIsRefusedForTheTrueReason(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeGroup()
	base := groupURL + "/providers/Microsoft.KeyVault/vaults/"
	for _, name := range []string{"kv", "1kv", "kv--x", "kv-", "kv_x", strings.Repeat("k", 25)} {
		fx.refused("VaultNameNotValid", "PUT", base+name, vaultOf("premium"))
	}
	fx.refused("BadRequest", "PUT", base+"kv-test", vaultOf("gold"))
	fx.refused("VaultAlreadyExists", "PUT", base+"contoso-kv", vaultOf("premium"))
	recovery := vaultOf("premium")
	recovery["properties"].(object)["createMode"] = "recover"
	fx.refused("DeletedVaultNotFound", "PUT", base+"kv-test", recovery)
}

func TestVaultFaults(t *testing.T) {
	fx := newFixture(t, weather{faults: map[string]string{"vault-standard": "", "vault-access-policy": ""}})
	fx.makeVault()
	if v, _ := fx.Vault("kv-test"); v.SKU != "standard" || v.RBAC {
		t.Errorf("the data plane sees %+v", v)
	}
}

func TestManagedHSMOfTheEstate(t *testing.T) {
	fx := newFixture(t, weather{})
	all := fx.must(http.StatusOK, "GET", "/subscriptions/"+subscription+"/providers/Microsoft.KeyVault/managedHSMs", nil)
	if !strings.Contains(string(all.raw), fx.front.URL("contoso-hsm.managedhsm.localhost")) {
		t.Errorf("listed %s", all.raw)
	}
	if v, ok := fx.Vault("contoso-hsm"); !ok || !v.HSM {
		t.Errorf("the data plane sees %+v", v)
	}
}
