package vault_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/cctui/cctui/skr"
)

func parameters(policy []byte) azkeys.CreateKeyParameters {
	return azkeys.CreateKeyParameters{
		Kty: to.Ptr(azkeys.KeyTypeRSAHSM), KeySize: to.Ptr(int32(3072)),
		KeyAttributes: &azkeys.KeyAttributes{Exportable: to.Ptr(true)},
		ReleasePolicy: &azkeys.KeyReleasePolicy{EncodedPolicy: policy},
		Tags:          map[string]*string{"cctui-run": to.Ptr("r1")},
	}
}

// The SDK is the judge of the wire format: it verifies the challenge, and decodes every answer.
func TestTheSDKManagesAKeyFromBirthToPurge(t *testing.T) {
	r := newRig(t)
	keys := r.keys(t, "kv.vault.localhost")
	ctx := t.Context()
	policy := policyFor(t, r.URL(provider))
	created, err := keys.CreateKey(ctx, "k", parameters(policy), nil)
	if err != nil {
		t.Fatal(err)
	}
	if *created.Key.Kty != azkeys.KeyTypeRSAHSM || len(created.Key.N) != 384 || !*created.Attributes.Exportable || *created.Tags["cctui-run"] != "r1" {
		t.Errorf("%+v", created)
	}
	got, err := keys.GetKey(ctx, "k", "", nil)
	if err != nil || got.Key.KID.Version() != created.Key.KID.Version() || !strings.HasPrefix(string(got.ReleasePolicy.EncodedPolicy), `{"anyOf":[{"allOf":[`) {
		t.Fatalf("%+v, %v", got, err)
	}
	sent, _ := skr.ParseReleasePolicy(policy)
	if stored, err := skr.ParseReleasePolicy(got.ReleasePolicy.EncodedPolicy); err != nil || !stored.Equivalent(sent) {
		t.Errorf("%s, %v", got.ReleasePolicy.EncodedPolicy, err)
	}
	if _, err := keys.CreateKey(ctx, "k", parameters(policy), nil); err != nil {
		t.Fatal(err)
	}
	versions := 0
	for pager := keys.NewListKeyPropertiesVersionsPager("k", nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		versions += len(page.Value)
	}
	if versions != 2 {
		t.Errorf("%d versions", versions)
	}
	deleted, err := keys.DeleteKey(ctx, "k", nil)
	if err != nil || deleted.ScheduledPurgeDate == nil {
		t.Fatalf("%+v, %v", deleted, err)
	}
	wantStatus(t, http.StatusNotFound, second(keys.GetKey(ctx, "k", "", nil)))
	wantStatus(t, http.StatusConflict, second(keys.CreateKey(ctx, "k", parameters(policy), nil)))
	if _, err := keys.RecoverDeletedKey(ctx, "k", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.GetKey(ctx, "k", "", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.DeleteKey(ctx, "k", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.PurgeDeletedKey(ctx, "k", nil); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, http.StatusNotFound, second(keys.GetDeletedKey(ctx, "k", nil)))
	if page, err := keys.NewListKeyPropertiesPager(nil).NextPage(ctx); err != nil || len(page.Value) != 0 {
		t.Errorf("%d keys left, %v", len(page.Value), err)
	}
}

func second[T any](_ T, err error) error { return err }

func wantStatus(t *testing.T, want int, err error) {
	t.Helper()
	var failure *azcore.ResponseError
	if !errors.As(err, &failure) || failure.StatusCode != want {
		t.Errorf("got %v, want %d", err, want)
	}
}

func TestCreationIsRefused(t *testing.T) {
	r := newRig(t)
	policy := policyFor(t, r.URL(provider))
	if status, answer := r.call(t, operator, http.MethodPost, r.URL("kv.vault.localhost")+"/keys/old/create?api-version=7.4", exportable(policy)); status != 200 {
		t.Fatal(failureOf(answer))
	}
	with := func(key string, value any) map[string]any {
		body := exportable(policy)
		if value == nil {
			delete(body, key)
		} else {
			body[key] = value
		}
		return body
	}
	tests := map[string]struct {
		vault, key string
		body       map[string]any
		status     int
		want       string
	}{
		"no policy":         {"kv", "k", with("release_policy", nil), 400, "BadParameter: AKV.SKR.1004"},
		"not exportable":    {"kv", "k", with("attributes", nil), 400, "BadParameter: AKV.SKR.1005"},
		"a software key":    {"kv", "k", with("kty", "RSA"), 400, "BadParameter: AKV.SKR.1006"},
		"a Standard vault":  {"standard", "k", exportable(policy), 400, "BadParameter: AKV.SKR.1001"},
		"HSM in Standard":   {"standard", "k", map[string]any{"kty": "RSA-HSM"}, 400, "NotSupported"},
		"a changed mind":    {"kv", "old", map[string]any{"kty": "RSA-HSM"}, 400, "BadParameter: AKV.SKR.1003"},
		"a broken policy":   {"kv", "k", exportable([]byte(`{"version":"1.0.0","anyOf":[],}`)), 400, "BadParameter: The key release policy is invalid"},
		"an unknown type":   {"kv", "k", with("kty", "oct-HSM"), 400, "BadParameter"},
		"an odd size":       {"kv", "k", with("key_size", 3000), 400, "BadParameter"},
		"an odd name":       {"kv", "under_score", exportable(policy), 400, "BadParameter"},
		"access policies":   {"policies", "k", exportable(policy), 403, "Forbidden/ForbiddenByPolicy: The user, group or application 'appid=app-operator;oid=operator;"},
		"a deleted vault":   {"gone", "k", exportable(policy), 404, "VaultNotFound"},
		"an unknown vault":  {"nobody", "k", exportable(policy), 404, "VaultNotFound"},
		"a missing HSM":     {"hsm", "k", exportable(policy), 404, "VaultNotFound"},
		"nothing of a body": {"kv", "k", nil, 400, "BadParameter"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, answer := r.call(t, operator, http.MethodPost, r.URL(test.vault+".vault.localhost")+"/keys/"+test.key+"/create?api-version=7.4", test.body)
			if got := failureOf(answer); status != test.status || !strings.HasPrefix(got, test.want) {
				t.Errorf("%d %s", status, got)
			}
		})
	}
}

func TestPoliciesChangeOnlyWhereTheyMay(t *testing.T) {
	r := newRig(t)
	key := r.URL("kv.vault.localhost") + "/keys/k"
	body := exportable(policyFor(t, r.URL(provider)))
	if status, answer := r.call(t, operator, http.MethodPost, key+"/create?api-version=7.4", body); status != 200 {
		t.Fatal(failureOf(answer))
	}
	change := map[string]any{"release_policy": body["release_policy"]}
	if _, answer := r.call(t, operator, http.MethodPatch, key+"/"+strings.Repeat("0", 32)+"?api-version=7.4", change); !strings.Contains(failureOf(answer), "AKV.SKR.1016") {
		t.Error(failureOf(answer))
	}
	body["release_policy"].(map[string]any)["immutable"] = true
	if status, answer := r.call(t, operator, http.MethodPatch, key+"?api-version=7.4", change); status != 200 {
		t.Fatal(failureOf(answer))
	}
	for _, again := range []func() (int, map[string]any){
		func() (int, map[string]any) {
			return r.call(t, operator, http.MethodPatch, key+"?api-version=7.4", change)
		},
		func() (int, map[string]any) {
			return r.call(t, operator, http.MethodPost, key+"/create?api-version=7.4", body)
		},
	} {
		if _, answer := again(); !strings.Contains(failureOf(answer), "AKV.SKR.1020") {
			t.Error(failureOf(answer))
		}
	}
}

func TestTheFaultKeyDeletedStrikesOnce(t *testing.T) {
	r := newRig(t)
	r.faults["key-deleted"] = true
	keys := r.keys(t, "kv.vault.localhost")
	policy := policyFor(t, r.URL(provider))
	wantStatus(t, http.StatusConflict, second(keys.CreateKey(t.Context(), "k", parameters(policy), nil)))
	if _, err := keys.GetDeletedKey(t.Context(), "k", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.PurgeDeletedKey(t.Context(), "k", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.CreateKey(t.Context(), "k", parameters(policy), nil); err != nil {
		t.Errorf("after the purge: %v", err)
	}
}

func TestTheFaultWrongAuthorityShowsInWhatIsStored(t *testing.T) {
	r := newRig(t)
	r.faults["wrong-authority"] = true
	created, err := r.keys(t, "kv.vault.localhost").CreateKey(t.Context(), "k", parameters(policyFor(t, r.URL(provider))), nil)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := skr.ParseReleasePolicy(created.ReleasePolicy.EncodedPolicy)
	if err != nil || stored.AnyOf[0].Authority == r.URL(provider) {
		t.Errorf("%+v, %v", stored, err)
	}
}

func TestPurgingAVaultForgetsItsKeys(t *testing.T) {
	r := newRig(t)
	keys := r.keys(t, "kv.vault.localhost")
	if _, err := keys.CreateKey(t.Context(), "k", parameters(policyFor(t, r.URL(provider))), nil); err != nil {
		t.Fatal(err)
	}
	r.service.Purge("KV")
	wantStatus(t, http.StatusNotFound, second(keys.GetKey(t.Context(), "k", "", nil)))
}
