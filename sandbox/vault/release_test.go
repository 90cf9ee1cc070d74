package vault_test

import (
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/cctui/cctui/skr"
)

var trusted = [32]byte{0x5c, 0x1e}

// makeKey creates the key k, and returns its public modulus.
func (r *rig) makeKey(t *testing.T, authority string) *big.Int {
	t.Helper()
	status, answer := r.call(t, operator, http.MethodPost, r.URL("kv.vault.localhost")+"/keys/k/create?api-version=7.4", exportable(policyFor(t, authority)))
	if status != http.StatusOK {
		t.Fatalf("create: %d %v", status, answer)
	}
	return modulus(t, answer)
}

func modulus(t *testing.T, bundle map[string]any) *big.Int {
	t.Helper()
	n, err := base64.RawURLEncoding.DecodeString(bundle["key"].(map[string]any)["n"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(n)
}

func (r *rig) release(t *testing.T, who, path, token, algorithm string) (int, map[string]any) {
	t.Helper()
	body := map[string]string{"target": token}
	if algorithm != "" {
		body["enc"] = algorithm
	}
	return r.call(t, who, http.MethodPost, r.URL("kv.vault.localhost")+"/keys/"+path+"/release?api-version=7.4", body)
}

// open unwraps a release answer as the sidecar does.
func (r *rig) open(t *testing.T, answer map[string]any) (skr.ReleasedKey, *rsa.PrivateKey) {
	t.Helper()
	released, err := skr.OpenReleased(answer["value"].(string), r.Host("kv.vault.localhost"), r.roots)
	if err != nil {
		t.Fatal(err)
	}
	guestKey, err := wrapping()
	if err != nil {
		t.Fatal(err)
	}
	private, err := released.Unwrap(guestKey)
	if err != nil {
		t.Fatal(err)
	}
	return released, private.(*rsa.PrivateKey)
}

func TestAnAttestedGuestGetsTheKey(t *testing.T) {
	r := newRig(t)
	public := r.makeKey(t, r.URL(provider))
	token := r.attested(t, trusted, false)
	for _, algorithm := range []string{"", skr.WrapCKM, skr.Wrap256, skr.Wrap384} {
		status, answer := r.release(t, guest, "k", token, algorithm)
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", algorithm, status, failureOf(answer))
		}
		released, private := r.open(t, answer)
		if private.N.Cmp(public) != 0 {
			t.Errorf("%s: another key was released", algorithm)
		}
		if !strings.HasPrefix(released.ID, r.URL("kv.vault.localhost")+"/keys/k/") || released.Type != "RSA-HSM" || released.APIVersion != "7.4" {
			t.Errorf("%+v", released)
		}
		sent, _ := skr.ParseReleasePolicy(policyFor(t, r.URL(provider)))
		if policy, err := skr.ParseReleasePolicy(released.Policy); err != nil || !policy.Equivalent(sent) {
			t.Errorf("policy %s, %v", released.Policy, err)
		}
	}
}

func TestANameReleasesTheNewestVersion(t *testing.T) {
	r := newRig(t)
	first := r.makeKey(t, r.URL(provider))
	_, answer := r.call(t, operator, http.MethodGet, r.URL("kv.vault.localhost")+"/keys/k?api-version=7.4", nil)
	id := answer["key"].(map[string]any)["kid"].(string)
	second := r.makeKey(t, r.URL(provider))
	token := r.attested(t, trusted, false)
	for path, want := range map[string]*big.Int{"k": second, "k/" + id[strings.LastIndex(id, "/")+1:]: first} {
		_, answer := r.release(t, guest, path, token, "")
		if _, private := r.open(t, answer); private.N.Cmp(want) != 0 {
			t.Errorf("%s released another version", path)
		}
	}
}

func TestReleasesAreRefused(t *testing.T) {
	const (
		notVerified = "Forbidden: Target environment attestation statement cannot be verified."
		notMet      = "Forbidden: Target environment attestation does not meet key release policy requirements."
	)
	r := newRig(t)
	r.makeKey(t, r.URL(provider))
	if status, answer := r.call(t, operator, http.MethodPost, r.URL("kv.vault.localhost")+"/keys/foreign/create?api-version=7.4",
		exportable(policyFor(t, r.URL("sharedweu.weu.attest.localhost")))); status != http.StatusOK {
		t.Fatal(failureOf(answer))
	}
	if status, answer := r.call(t, operator, http.MethodPost, r.URL("kv.vault.localhost")+"/keys/plain/create?api-version=7.4",
		map[string]any{"kty": "RSA-HSM"}); status != http.StatusOK {
		t.Fatal(failureOf(answer))
	}
	good := r.attested(t, trusted, false)
	tests := map[string]struct {
		who, path, token, algorithm string
		status                      int
		want                        string
	}{
		"another pod's policy": {guest, "k", r.attested(t, [32]byte{0xbe, 0xef}, false), "", 403, notMet},
		"a debuggable guest":   {guest, "k", r.attested(t, trusted, true), "", 403, notMet},
		"another authority":    {guest, "foreign", good, "", 403, notMet},
		"a forged token":       {guest, "k", good[:len(good)-8] + "AAAAAAAA", "", 403, notVerified},
		"no token":             {guest, "k", "hello", "", 403, notVerified},
		"no role":              {operator, "k", good, "", 403, "Forbidden/ForbiddenByRbac: Caller is not authorized"},
		"no such key":          {guest, "missing", good, "", 404, "KeyNotFound: A key with (name/id)"},
		"no such version":      {guest, "k/" + strings.Repeat("0", 32), good, "", 404, "KeyNotFound"},
		"not exportable":       {guest, "plain", good, "", 400, "BadParameter: The key is not exportable"},
		"an unknown algorithm": {guest, "k", good, "RSA_OAEP", 400, "BadParameter"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, answer := r.release(t, test.who, test.path, test.token, test.algorithm)
			if got := failureOf(answer); status != test.status || !strings.HasPrefix(got, test.want) {
				t.Errorf("%d %s", status, got)
			}
		})
	}
}

func TestADisabledKeyStays(t *testing.T) {
	r := newRig(t)
	r.makeKey(t, r.URL(provider))
	status, answer := r.call(t, operator, http.MethodPatch, r.URL("kv.vault.localhost")+"/keys/k?api-version=7.4",
		map[string]any{"attributes": map[string]any{"enabled": false}})
	if status != http.StatusOK {
		t.Fatal(failureOf(answer))
	}
	if status, answer = r.release(t, guest, "k", r.attested(t, trusted, false), ""); status != 403 || !strings.Contains(failureOf(answer), "KeyDisabled") {
		t.Errorf("%d %s", status, failureOf(answer))
	}
}

func TestAnAuthorityThatIsGoneIsNamed(t *testing.T) {
	r := newRig(t)
	r.makeKey(t, r.URL(provider))
	token := r.attested(t, trusted, false)
	r.Remove("*.attest.localhost")
	if status, answer := r.release(t, guest, "k", token, ""); status != 400 || !strings.Contains(failureOf(answer), "attestation service "+r.URL(provider)+" cannot be reached") {
		t.Errorf("%d %s", status, failureOf(answer))
	}
}

func TestTheFaultKeyRotatedOutdatesWhatWasRead(t *testing.T) {
	r := newRig(t)
	r.makeKey(t, r.URL(provider))
	r.faults["key-rotated"] = true
	_, answer := r.call(t, operator, http.MethodGet, r.URL("kv.vault.localhost")+"/keys/k?api-version=7.4", nil)
	read := modulus(t, answer)
	_, answer = r.release(t, guest, "k", r.attested(t, trusted, false), "")
	if _, private := r.open(t, answer); private.N.Cmp(read) == 0 {
		t.Error("what was read is still the newest")
	}
}
