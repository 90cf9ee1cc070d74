package arm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cctui/cctui/sandbox/entra"
	"github.com/cctui/cctui/sandbox/front"
)

const (
	tenant       = "11111111-1111-1111-1111-111111111111"
	subscription = "22222222-2222-2222-2222-222222222222"
	operator     = "33333333-3333-3333-3333-333333333333"
	groupURL     = "/subscriptions/" + subscription + "/resourceGroups/rg"
	clusterURL   = groupURL + "/providers/Microsoft.ContainerService/managedClusters/aks"
	poolURL      = clusterURL + "/agentPools/kata"
	identityURL  = groupURL + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/consumer"
	vaultURL     = groupURL + "/providers/Microsoft.KeyVault/vaults/kv-test"
	deletedURL   = "/subscriptions/" + subscription + "/providers/Microsoft.KeyVault/locations/eastus/deletedVaults/kv-test"
	featureURL   = "/subscriptions/" + subscription + "/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/KataCcIsolationPreview"
	aksURL       = "/subscriptions/" + subscription + "/providers/Microsoft.ContainerService"
	officerRole  = "14b46e9e-c2b7-41b4-b07b-48a6ebf60603"
	releaseRole  = "08bbd89e-9f13-488c-ac41-acfcb10c90ab"
)

// weather is what a test says about durations and faults.
type weather struct {
	durations map[string]time.Duration
	faults    map[string]string
	mu        *sync.Mutex // of faults that change; nil: they do not
}

func (w weather) Duration(operation string) time.Duration { return w.durations[operation] }

func (w weather) Has(fault string) (string, bool) {
	if w.mu != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
	}
	argument, on := w.faults[fault]
	return argument, on
}

func (w weather) Take(ctx context.Context, operation string) error {
	timer := time.NewTimer(w.Duration(operation))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fakeClusters records what Resource Manager asks of Kubernetes.
type fakeClusters struct {
	mu      sync.Mutex
	created []ClusterRequest
	pools   map[string]bool // name to confidential
	closed  int
	hold    chan struct{} // creation waits for it, where there is one
}

func (f *fakeClusters) Create(ctx context.Context, r ClusterRequest) (ClusterHandle, error) {
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.created = append(f.created, r)
	f.pools = map[string]bool{}
	return f, nil
}

func (f *fakeClusters) Issuer() string     { return "https://oic.localhost/" + tenant + "/x/" }
func (f *fakeClusters) Kubeconfig() []byte { return []byte("apiVersion: v1") }

func (f *fakeClusters) AddPool(name string, _ int, confidential bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pools[name] = confidential
}

func (f *fakeClusters) RemovePool(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pools, name)
}

func (f *fakeClusters) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
	return nil
}

// fixture is a manager behind a front.
type fixture struct {
	*Manager
	t        *testing.T
	front    *front.Front
	clusters *fakeClusters
	purged   []string
}

func newFixture(t *testing.T, w weather) *fixture {
	t.Helper()
	f, err := front.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fx := &fixture{t: t, front: f, clusters: &fakeClusters{}}
	fx.Manager = New(Options{
		URL: f.URL, Tenant: tenant, Subscription: subscription, Location: "eastus",
		Authenticate: authenticate,
		Owners:       []entra.Principal{{ObjectID: operator, Type: "ServicePrincipal"}},
		Conditions:   w, Clusters: fx.clusters,
		VaultPurged: func(name string) { fx.purged = append(fx.purged, name) },
		Estate:      Estate{Group: "contoso-rg", Cluster: "contoso-aks", Vault: "contoso-kv", ManagedHSM: "contoso-hsm"},
	})
	f.Handle("management.localhost", fx.Handler())
	t.Cleanup(func() {
		if err := errors.Join(f.Close(), fx.Close()); err != nil {
			t.Error(err)
		}
	})
	return fx
}

// authenticate takes the object id itself for a token.
func authenticate(r *http.Request) (entra.Principal, error) {
	id, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return entra.Principal{}, errors.New("no token")
	}
	return entra.Principal{ObjectID: id}, nil
}

type reply struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// at follows names into the body.
func (r reply) at(path ...string) any {
	var here any = r.body
	for _, name := range path {
		here, _ = here.(map[string]any)[name]
	}
	return here
}

func (r reply) code() any { return r.at("error", "code") }

func (fx *fixture) do(method, path string, body any) reply {
	fx.t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return fx.send(method, fx.front.URL("management.localhost")+path+separator+"api-version=2024-01-01", "Bearer "+operator, body)
}

func (fx *fixture) send(method, url, authorization string, body any) reply {
	fx.t.Helper()
	sent, err := json.Marshal(body)
	if err != nil {
		fx.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(fx.t.Context(), method, url, bytes.NewReader(sent))
	if err != nil {
		fx.t.Fatal(err)
	}
	request.Header.Set("Authorization", authorization)
	response, err := fx.front.Client().Do(request)
	if err != nil {
		fx.t.Fatal(err)
	}
	defer response.Body.Close()
	r := reply{status: response.StatusCode, header: response.Header}
	if r.raw, err = io.ReadAll(response.Body); err != nil {
		fx.t.Fatal(err)
	}
	if len(r.raw) > 0 {
		if err := json.Unmarshal(r.raw, &r.body); err != nil {
			fx.t.Fatalf("%s %s: %v in %s", method, url, err, r.raw)
		}
	}
	return r
}

// must sends and expects a status.
func (fx *fixture) must(status int, method, path string, body any) reply {
	fx.t.Helper()
	r := fx.do(method, path, body)
	if r.status != status {
		fx.t.Fatalf("%s %s: %d, want %d: %s", method, path, r.status, status, r.raw)
	}
	return r
}

// refused sends and expects an error code.
func (fx *fixture) refused(code, method, path string, body any) reply {
	fx.t.Helper()
	r := fx.do(method, path, body)
	if r.code() != code {
		fx.t.Errorf("%s %s: %d %s, want %s", method, path, r.status, r.raw, code)
	}
	return r
}

// follow polls an operation to its end.
func (fx *fixture) follow(r reply) (status any, end reply) {
	fx.t.Helper()
	address := r.header.Get("Azure-AsyncOperation")
	if address == "" {
		fx.t.Fatalf("no operation to follow: %d %s", r.status, r.raw)
	}
	for {
		poll := fx.send(http.MethodGet, address, "Bearer "+operator, nil)
		if poll.at("status") != "InProgress" {
			return poll.at("status"), poll
		}
		if poll.header.Get("retry-after-ms") == "" || poll.header.Get("Retry-After") == "" {
			fx.t.Fatal("a poll does not say when to ask again")
		}
	}
}

func (fx *fixture) succeed(r reply) {
	fx.t.Helper()
	if status, end := fx.follow(r); status != "Succeeded" {
		fx.t.Fatalf("operation ended %v: %s", status, end.raw)
	}
}

type object = map[string]any

func clusterOf() object {
	return object{"location": "eastus", "properties": object{
		"dnsPrefix":         "aks",
		"agentPoolProfiles": []object{{"name": "nodepool1", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System", "osSKU": "AzureLinux"}},
		"oidcIssuerProfile": object{"enabled": true},
		"securityProfile":   object{"workloadIdentity": object{"enabled": true}},
	}}
}

func kataPool() object {
	return object{"properties": object{"count": 2, "vmSize": "Standard_DC8as_cc_v5", "mode": "User", "osSKU": "AzureLinux", "workloadRuntime": "KataCcIsolation"}}
}

func (fx *fixture) makeGroup() {
	fx.t.Helper()
	fx.must(http.StatusCreated, "PUT", groupURL, object{"location": "East US", "tags": object{"cctui-run": "r"}})
}

func (fx *fixture) makeCluster() {
	fx.t.Helper()
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	fx.must(http.StatusOK, "POST", featureURL+"/register", nil)
	fx.succeed(fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf()))
}

func assign(role, principal string) object {
	return object{"properties": object{"roleDefinitionId": "/subscriptions/" + subscription + "/providers/Microsoft.Authorization/roleDefinitions/" + role, "principalId": principal}}
}

const assignments = "/providers/Microsoft.Authorization/roleAssignments"

func (fx *fixture) makeVault() (principal string) {
	fx.t.Helper()
	fx.makeGroup()
	fx.must(http.StatusOK, "PUT", vaultURL, vaultOf("premium"))
	id, _ := fx.must(http.StatusCreated, "PUT", identityURL, object{"location": "eastus"}).at("properties", "principalId").(string)
	return id
}

func vaultOf(sku string) object {
	return object{"location": "eastus", "properties": object{"tenantId": tenant, "sku": object{"family": "A", "name": sku}, "enableRbacAuthorization": true}}
}

func (fx *fixture) awaitState(url, want string) {
	fx.t.Helper()
	for {
		switch state := fx.must(http.StatusOK, "GET", url, nil).at("properties", "provisioningState"); state {
		case want:
			return
		case "Failed":
			fx.t.Fatalf("%s is %v", url, state)
		}
	}
}
