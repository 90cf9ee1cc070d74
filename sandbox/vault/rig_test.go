package vault_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/cctui/cctui/sandbox/attestation"
	"github.com/cctui/cctui/sandbox/entra"
	"github.com/cctui/cctui/sandbox/front"
	"github.com/cctui/cctui/sandbox/sev"
	"github.com/cctui/cctui/sandbox/vault"
	"github.com/cctui/cctui/skr"
)

const (
	provider = "sharedeus.eus.attest.localhost"
	tenant   = "11111111-1111-1111-1111-111111111111"
	armID    = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/"
	operator = "operator" // both a token and the object id it stands for
	guest    = "guest"
)

// weather is the conditions of a test: faults by name.
type weather map[string]bool

func (weather) Take(ctx context.Context, _ string) error { return ctx.Err() }
func (weather) Duration(string) time.Duration            { return 0 }
func (w weather) Has(fault string) (string, bool)        { return "", w[fault] }

// rig is a vault service with an attestation service and a confidential machine beside it.
type rig struct {
	*front.Front
	service *vault.Service
	machine *sev.Machine
	faults  weather
	roots   *x509.CertPool

	mu     sync.Mutex
	vaults map[string]vault.Properties
	roles  map[string]bool // "objectID action", action below Microsoft.KeyVault/vaults/keys/
}

func newRig(t testing.TB) *rig {
	t.Helper()
	door, err := front.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = door.Close() })
	root := sev.NewRoot()
	machine, err := root.NewMachine()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(door.CA())
	r := &rig{Front: door, machine: machine, faults: weather{}, roots: roots, roles: map[string]bool{}}
	r.vaults = map[string]vault.Properties{
		"kv":       {Name: "kv", ID: armID + "vaults/kv", Location: "eastus", SKU: "premium", RBAC: true},
		"standard": {Name: "standard", ID: armID + "vaults/standard", Location: "eastus", SKU: "Standard", RBAC: true},
		"policies": {Name: "policies", ID: armID + "vaults/policies", Location: "eastus", SKU: "Premium"},
		"gone":     {Name: "gone", ID: armID + "vaults/gone", RBAC: true, Deleted: true},
		"hsm":      {Name: "hsm", ID: armID + "managedHSMs/hsm", Location: "eastus", HSM: true},
	}
	for _, action := range []string{"read", "create/action", "update/action", "delete", "recover/action", "purge/action"} {
		r.roles[operator+" "+action] = true
	}
	r.roles[guest+" release/action"] = true
	service := attestation.New(attestation.Options{
		Known: func(host string) bool { return host == provider },
		URL:   door.URL, Roots: root.Certificates, ComplianceStatus: "azure-signed-katacc-uvm",
	})
	door.Handle("*.attest.localhost", service.Handler())
	r.service = vault.New(vault.Options{
		Lookup:         func(name string) (vault.Properties, bool) { p, ok := r.vaults[name]; return p, ok },
		Authenticate:   authenticate,
		Allowed:        r.allowed,
		Administrators: []string{operator},
		Trust:          door.Client(),
		Conditions:     r.faults,
		URL:            door.URL,
		Authority:      door.URL("login.localhost") + "/" + tenant,
		Certificate:    door.Certificate,
		Generate:       generator(),
	})
	door.Handle("*.vault.localhost", r.service.Handler())
	door.Handle("*.managedhsm.localhost", r.service.Handler())
	return r
}

// keyRing is made once: what a vault does with keys is tested here, not how long they take to make.
var keyRing = sync.OnceValues(func() (ring [4]*rsa.PrivateKey, err error) {
	for i := range ring {
		if ring[i], err = rsa.GenerateKey(rand.Reader, 3072); err != nil {
			return ring, err
		}
	}
	return ring, nil
})

// generator hands out the ring's keys in turn: two that follow each other always differ.
func generator() vault.Generator {
	var next atomic.Uint32
	return func(int) (*rsa.PrivateKey, error) {
		ring, err := keyRing()
		return ring[int(next.Add(1))%len(ring)], err
	}
}

// authenticate takes the bearer token for a name; its audience is part of it.
func authenticate(r *http.Request, audience string) (entra.Principal, error) {
	name, ok := strings.CutSuffix(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), "@"+audience)
	if !ok || name == "" {
		return entra.Principal{}, errors.New("no token for " + audience)
	}
	return entra.Principal{ObjectID: name, AppID: "app-" + name, TenantID: tenant}, nil
}

func (r *rig) allowed(objectID, scope, dataAction string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.HasPrefix(scope, armID+"vaults/") && r.roles[objectID+" "+strings.TrimPrefix(dataAction, "Microsoft.KeyVault/vaults/keys/")]
}

// credential hands out the operator's token for whatever scope the challenge asked.
type credential struct{ port string }

func (c credential) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if o.TenantID != tenant {
		return azcore.AccessToken{}, errors.New("the challenge names the tenant " + o.TenantID)
	}
	audience := strings.Replace(strings.TrimSuffix(o.Scopes[0], "/.default"), c.port, "", 1)
	return azcore.AccessToken{Token: operator + "@" + audience, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// keys is the SDK's client, with challenge verification on.
func (r *rig) keys(t *testing.T, host string) *azkeys.Client {
	t.Helper()
	port := strings.TrimPrefix(r.Host("x"), "x")
	client, err := azkeys.NewClient(r.URL(host), credential{port}, &azkeys.ClientOptions{
		ClientOptions: policy.ClientOptions{Transport: r.Client(), Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// call is one plain request; the answer's error code and inner code come apart.
func (r *rig) call(t testing.TB, who, method, address string, body any) (status int, answer map[string]any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	_, domain, _ := strings.Cut(request.URL.Hostname(), ".")
	if who != "" {
		request.Header.Set("Authorization", "Bearer "+who+"@https://"+domain)
	}
	response, err := r.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

// failureOf is "code/inner: message" of an error answer.
func failureOf(answer map[string]any) string {
	failure, _ := answer["error"].(map[string]any)
	inner, _ := failure["innererror"].(map[string]any)
	text, _ := failure["code"].(string)
	if code, ok := inner["code"].(string); ok {
		text += "/" + code
	}
	message, _ := failure["message"].(string)
	return text + ": " + message
}

// policyFor demands the host data of the rig's guests, at the given authority.
func policyFor(t testing.TB, authority string) []byte {
	t.Helper()
	data, err := skr.NewReleasePolicy(authority,
		skr.Equals(skr.ClaimHostData, "5c1e"+strings.Repeat("0", 60)),
		skr.Equals(skr.ClaimDebuggable, "false"),
	).JSON()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func exportable(policy []byte) map[string]any {
	return map[string]any{
		"kty": "RSA-HSM", "key_size": 3072,
		"attributes":     map[string]any{"exportable": true},
		"release_policy": map[string]any{"contentType": skr.PolicyContentType, "data": base64.RawURLEncoding.EncodeToString(policy)},
	}
}

// wrapping is the guest's own key; one does for all tests.
var wrapping = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// attested is a guest's token: its key bound to a report with the given host data.
func (r *rig) attested(t testing.TB, hostData [32]byte, debuggable bool) string {
	t.Helper()
	key, err := wrapping()
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	runtimeData, err := json.Marshal(map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "kid": "guest", "key_ops": []string{"encrypt"}, "n": encode(key.N.Bytes()), "e": "AQAB",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	var reportData [64]byte
	digest := sha256.Sum256(runtimeData)
	copy(reportData[:], digest[:])
	report, err := r.machine.Report(reportData, hostData, debuggable)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := r.machine.Chain()
	if err != nil {
		t.Fatal(err)
	}
	evidence, err := json.Marshal(map[string]string{"SnpReport": encode(report), "VcekCertChain": encode(chain)})
	if err != nil {
		t.Fatal(err)
	}
	status, answer := r.call(t, "", http.MethodPost, r.URL(provider)+"/attest/SevSnpVM?api-version=2020-10-01", map[string]any{
		"report": encode(evidence), "runtimeData": map[string]string{"data": encode(runtimeData), "dataType": "JSON"},
	})
	if status != http.StatusOK {
		t.Fatalf("attest: %d %v", status, answer)
	}
	return answer["token"].(string)
}
