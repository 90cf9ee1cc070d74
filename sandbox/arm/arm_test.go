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

func TestEveryRequestPassesTheGate(t *testing.T) {
	fx := newFixture(t, weather{})
	base := fx.front.URL("management.localhost")
	tests := []struct {
		name, url, authorization string
		status                   int
		code                     string
	}{
		{"no token", base + "/subscriptions?api-version=2022-12-01", "", 401, "InvalidAuthenticationToken"},
		{"a stranger", base + groupURL + "?api-version=2022-12-01", "Bearer stranger", 403, "AuthorizationFailed"},
		{"no version", base + "/subscriptions", "Bearer " + operator, 400, "MissingApiVersionParameter"},
		{"odd version", base + "/subscriptions?api-version=latest", "Bearer " + operator, 400, "InvalidApiVersionParameter"},
		{"other subscription", base + "/subscriptions/other/resourceGroups?api-version=2022-12-01", "Bearer " + operator, 404, "SubscriptionNotFound"},
		{"other subscription's scope", base + "/subscriptions/other/providers/Microsoft.Authorization/permissions?api-version=2022-12-01", "Bearer " + operator, 404, "SubscriptionNotFound"},
		{"unknown path", base + "/nowhere?api-version=2022-12-01", "Bearer " + operator, 404, "NotFound"},
		{"no group", base + groupURL + "?api-version=2022-12-01", "Bearer " + operator, 404, "ResourceGroupNotFound"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := fx.send(http.MethodGet, test.url, test.authorization, nil)
			if r.status != test.status || r.code() != test.code {
				t.Errorf("%d %s, want %d %s", r.status, r.raw, test.status, test.code)
			}
			if challenge := r.header.Get("WWW-Authenticate"); (test.status == 401) != strings.Contains(challenge, tenant) {
				t.Errorf("challenge %q", challenge)
			}
		})
	}
}

func TestPathsIgnoreCaseAndNamesKeepTheirs(t *testing.T) {
	fx := newFixture(t, weather{})
	made := fx.must(http.StatusCreated, "PUT", "/SUBSCRIPTIONS/"+subscription+"/resourcegroups/My-RG", object{"location": "eastus"})
	if made.at("name") != "My-RG" {
		t.Errorf("the group is called %v", made.at("name"))
	}
	if r := fx.must(http.StatusOK, "GET", "/subscriptions/"+subscription+"/ResourceGroups/my-rg", nil); r.at("id") != made.at("id") {
		t.Errorf("found %v", r.at("id"))
	}
}

func TestGroupLifeCycle(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.refused("InvalidResourceGroup", "PUT", "/subscriptions/"+subscription+"/resourceGroups/rg.", object{"location": "eastus"})
	fx.refused("LocationNotAvailableForResourceGroup", "PUT", groupURL, object{"location": "atlantis"})
	fx.makeGroup()
	fx.must(http.StatusNoContent, "HEAD", groupURL, nil)
	fx.must(http.StatusOK, "PUT", groupURL, object{"location": "eastus"})
	fx.refused("InvalidResourceGroupLocation", "PUT", groupURL, object{"location": "westus"})
	fx.must(http.StatusCreated, "PUT", identityURL, object{"location": "eastus"})
	if all := fx.must(http.StatusOK, "GET", groupURL+"/resources", nil).at("value").([]any); len(all) != 1 {
		t.Errorf("the group holds %v", all)
	}
	fx.succeed(fx.must(http.StatusAccepted, "DELETE", groupURL, nil))
	fx.refused("ResourceGroupNotFound", "GET", groupURL, nil)
	fx.refused("ResourceGroupNotFound", "GET", identityURL, nil)
}

func TestGroupDeletionWaitsForWhatIsUnderWay(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.clusters.hold = make(chan struct{})
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	creation := fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf())
	deletion := fx.must(http.StatusAccepted, "DELETE", groupURL, nil)
	fx.refused("ResourceGroupBeingDeleted", "PUT", identityURL, object{"location": "eastus"})
	close(fx.clusters.hold)
	fx.succeed(creation)
	fx.succeed(deletion)
	if fx.clusters.closed != 1 {
		t.Errorf("the cluster was closed %d times", fx.clusters.closed)
	}
}

func TestClusterLifeCycle(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeGroup()
	fx.refused("MissingSubscriptionRegistration", "PUT", clusterURL, clusterOf())
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	fx.succeed(fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf()))

	r := fx.must(http.StatusOK, "GET", clusterURL, nil)
	want := map[string]any{
		"provisioningState": "Succeeded", "currentKubernetesVersion": "1.31.13", "nodeResourceGroup": "MC_rg_aks_eastus",
		"oidcIssuerProfile": object{"enabled": true, "issuerURL": fx.clusters.Issuer()},
	}
	for name, value := range want {
		got, _ := json.Marshal(r.at("properties", name))
		expected, _ := json.Marshal(value)
		if !bytes.Equal(got, expected) {
			t.Errorf("%s is %s, want %s", name, got, expected)
		}
	}
	if made := fx.clusters.created; len(made) != 1 || made[0].SystemPool != "nodepool1" || made[0].SystemNodes != 1 {
		t.Errorf("Kubernetes was asked for %+v", made)
	}
	credentials := fx.must(http.StatusOK, "POST", clusterURL+"/listClusterUserCredential", nil)
	if !strings.Contains(string(credentials.raw), `"value":"YXBpVmVyc2lvbjogdjE="`) {
		t.Errorf("credentials %s", credentials.raw)
	}
	fx.must(http.StatusOK, "GET", "/subscriptions/"+subscription+"/resourceGroups/MC_rg_aks_eastus", nil)
	fx.succeed(fx.must(http.StatusAccepted, "DELETE", clusterURL, nil))
	fx.refused("ResourceNotFound", "GET", clusterURL, nil)
	fx.refused("ResourceGroupNotFound", "GET", "/subscriptions/"+subscription+"/resourceGroups/MC_rg_aks_eastus", nil)
	fx.must(http.StatusNoContent, "DELETE", clusterURL, nil)
}

func TestClusterIsRefusedForTheTrueReason(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	tests := []struct {
		name, code string
		edit       func(object)
	}{
		{"no dns prefix", "InvalidParameter", func(p object) { delete(p, "dnsPrefix") }},
		{"no pools", "InvalidParameter", func(p object) { delete(p, "agentPoolProfiles") }},
		{"retired version", "K8sVersionNotSupported", func(p object) { p["kubernetesVersion"] = "1.24" }},
		{"odd version", "K8sVersionNotSupported", func(p object) { p["kubernetesVersion"] = "latest" }},
		{"workload identity alone", "InvalidParameter", func(p object) { delete(p, "oidcIssuerProfile") }},
		{"unknown size", "SkuNotAvailable", func(p object) { p["agentPoolProfiles"].([]object)[0]["vmSize"] = "Standard_X1" }},
		{"too many nodes", "ErrCode_InsufficientVCPUQuota", func(p object) { p["agentPoolProfiles"].([]object)[0]["count"] = 1000 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := clusterOf()
			test.edit(body["properties"].(object))
			fx.refused(test.code, "PUT", clusterURL, body)
			fx.refused("ResourceNotFound", "GET", clusterURL, nil)
		})
	}
}

func TestClusterTakesOneOperationAtATime(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.clusters.hold = make(chan struct{})
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	creation := fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf())
	fx.refused("OperationNotAllowed", "PUT", clusterURL, clusterOf())
	fx.refused("OperationNotAllowed", "DELETE", clusterURL, nil)
	fx.refused("OperationNotAllowed", "PUT", poolURL, kataPool())
	fx.refused("BadRequest", "POST", clusterURL+"/listClusterUserCredential", nil)
	close(fx.clusters.hold)
	fx.succeed(creation)
}

func TestExistingClusterGetsItsIssuer(t *testing.T) {
	fx := newFixture(t, weather{})
	existing := strings.NewReplacer("/rg/", "/contoso-rg/", "/aks", "/contoso-aks").Replace(clusterURL)
	before := fx.must(http.StatusOK, "GET", existing, nil)
	if before.at("properties", "oidcIssuerProfile", "enabled") != false || len(fx.clusters.created) != 0 {
		t.Errorf("before: %s, %d running", before.raw, len(fx.clusters.created))
	}
	fx.must(http.StatusOK, "POST", existing+"/listClusterUserCredential", nil)
	fx.succeed(fx.must(http.StatusOK, "PUT", existing, clusterOf()))
	after := fx.must(http.StatusOK, "GET", existing, nil)
	if after.at("properties", "oidcIssuerProfile", "issuerURL") != fx.clusters.Issuer() || len(fx.clusters.created) != 1 {
		t.Errorf("after: %s, %d running", after.raw, len(fx.clusters.created))
	}
	disabled := clusterOf()
	disabled["properties"].(object)["oidcIssuerProfile"] = object{"enabled": false}
	fx.refused("OIDCIssuerFeatureCannotBeDisabled", "PUT", existing, disabled)
}

func TestPoolLifeCycle(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeCluster()
	fx.succeed(fx.must(http.StatusCreated, "PUT", poolURL, kataPool()))
	r := fx.must(http.StatusOK, "GET", poolURL, nil)
	if r.at("properties", "provisioningState") != "Succeeded" || r.at("properties", "nodeImageVersion") != imageKataCc || !fx.clusters.pools["kata"] {
		t.Errorf("pool %s, nodes %v", r.raw, fx.clusters.pools)
	}
	usages := fx.must(http.StatusOK, "GET", "/subscriptions/"+subscription+"/providers/Microsoft.Compute/locations/eastus/usages", nil)
	if !strings.Contains(string(usages.raw), `"currentValue":16,"limit":100,"name":{"localizedValue":"standardDCACCV5Family`) {
		t.Errorf("usages %s", usages.raw)
	}
	fx.refused("OperationNotAllowed", "DELETE", clusterURL+"/agentPools/nodepool1", nil)
	fx.succeed(fx.must(http.StatusAccepted, "DELETE", poolURL, nil))
	fx.refused("NotFound", "GET", poolURL, nil)
	fx.must(http.StatusNoContent, "DELETE", poolURL, nil)
	if len(fx.clusters.pools) != 0 {
		t.Errorf("nodes are left: %v", fx.clusters.pools)
	}
}

func TestConfidentialPoolIsRefusedForTheTrueReason(t *testing.T) {
	tests := []struct {
		name, code string
		fault      string
		edit       func(object)
	}{
		{"operating system", "InvalidParameter", "", func(p object) { p["osSKU"] = "Ubuntu" }},
		{"ordinary size", "InvalidParameter", "", func(p object) { p["vmSize"] = "Standard_D4s_v5" }},
		{"other runtime", "InvalidParameter", "", func(p object) { p["workloadRuntime"] = "KataMshvVmIsolation" }},
		{"feature gone", "PreviewFeatureNotRegistered", "feature-missing", func(object) {}},
		{"no quota", "ErrCode_InsufficientVCPUQuota", "quota-zero", func(object) {}},
		{"size not offered", "SkuNotAvailable", "sku-missing", func(object) {}},
		{"too much for the quota", "ErrCode_InsufficientVCPUQuota", "", func(p object) { p["count"] = 50 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			faults := map[string]string{}
			fx := newFixture(t, weather{faults: faults})
			fx.makeCluster()
			if test.fault != "" {
				fx.mu.Lock()
				faults[test.fault] = ""
				fx.mu.Unlock()
			}
			body := kataPool()
			test.edit(body["properties"].(object))
			fx.refused(test.code, "PUT", poolURL, body)
		})
	}
}

func TestFeatureTakesItsTimeToRegister(t *testing.T) {
	fx := newFixture(t, weather{durations: map[string]time.Duration{"feature.register": time.Hour}})
	if state := fx.must(http.StatusOK, "GET", featureURL, nil).at("properties", "state"); state != "NotRegistered" {
		t.Errorf("state %v", state)
	}
	if state := fx.must(http.StatusOK, "POST", featureURL+"/register", nil).at("properties", "state"); state != "Registering" {
		t.Errorf("state %v", state)
	}
	fx.mu.Lock()
	fx.features[strings.ToLower(containerService+"/"+kataFeature)] = time.Now().Add(-time.Hour)
	fx.mu.Unlock()
	if state := fx.must(http.StatusOK, "POST", featureURL+"/register", nil).at("properties", "state"); state != "Registered" {
		t.Errorf("state %v", state)
	}
	fx.refused("FeatureNotFound", "GET", featureURL+"x", nil)
}

func TestFailedOperationSaysWhy(t *testing.T) {
	fx := newFixture(t, weather{faults: map[string]string{"operation-failed": "cluster.create"}})
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	status, end := fx.follow(fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf()))
	if status != "Failed" || end.code() != "InternalOperationError" {
		t.Errorf("ended %s", end.raw)
	}
	if state := fx.must(http.StatusOK, "GET", clusterURL, nil).at("properties", "provisioningState"); state != "Failed" {
		t.Errorf("state %v", state)
	}
	fx.succeed(fx.must(http.StatusAccepted, "DELETE", clusterURL, nil))
}

func TestForgottenOperationGoesOn(t *testing.T) {
	fx := newFixture(t, weather{faults: map[string]string{"operation-gone": "cluster.create"}})
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	accepted := fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf())
	for _, header := range []string{"Azure-AsyncOperation", "Location"} {
		if asked := fx.send("GET", accepted.header.Get(header), "Bearer "+operator, nil); asked.status != http.StatusNotFound {
			t.Errorf("%s: %d", header, asked.status)
		}
	}
	fx.awaitState(clusterURL, "Succeeded")
}

func TestEndlessOperationEndsWhenTheFaultDoes(t *testing.T) {
	faults := map[string]string{"operation-endless": ""}
	var mu sync.Mutex
	fx := newFixture(t, weather{faults: faults, mu: &mu})
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf())
	if state := fx.must(http.StatusOK, "GET", clusterURL, nil).at("properties", "provisioningState"); state != "Creating" {
		t.Errorf("state %v", state)
	}
	mu.Lock()
	delete(faults, "operation-endless")
	mu.Unlock()
	fx.awaitState(clusterURL, "Succeeded")
}

func TestIdentityAndFederationLifeCycle(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeGroup()
	made := fx.must(http.StatusCreated, "PUT", identityURL, object{"location": "eastus"})
	again := fx.must(http.StatusOK, "PUT", identityURL, object{"location": "eastus"})
	clientID, _ := made.at("properties", "clientId").(string)
	if clientID == "" || again.at("properties", "clientId") != clientID {
		t.Errorf("client id %v, then %v", clientID, again.at("properties", "clientId"))
	}
	credential := func(issuer, subject string, audiences ...string) object {
		return object{"properties": object{"issuer": issuer, "subject": subject, "audiences": audiences}}
	}
	url := identityURL + "/federatedIdentityCredentials/"
	fx.must(http.StatusCreated, "PUT", url+"kafka", credential("https://i/", "s", "a"))
	fx.refused("Conflict", "PUT", url+"other", credential("https://i/", "s", "a"))
	fx.refused("BadRequest", "PUT", url+"other", credential("https://i/", "s2"))
	principal, federations, ok := fx.Federations(strings.ToUpper(clientID))
	if !ok || principal.ObjectID != made.at("properties", "principalId") || len(federations) != 1 {
		t.Errorf("federations %+v of %+v", federations, principal)
	}
	fx.must(http.StatusOK, "DELETE", url+"kafka", nil)
	fx.must(http.StatusNoContent, "DELETE", url+"kafka", nil)
	fx.refused("NotFound", "GET", url+"kafka", nil)
	fx.must(http.StatusOK, "DELETE", identityURL, nil)
	if _, _, ok := fx.Federations(clientID); ok {
		t.Error("a deleted identity can still sign in")
	}
}

func TestFederationIsMisfiledOnRequest(t *testing.T) {
	for fault, differs := range map[string]string{"federated-issuer": "issuer", "federated-subject": "subject", "federated-audience": "audiences"} {
		t.Run(fault, func(t *testing.T) {
			fx := newFixture(t, weather{faults: map[string]string{fault: ""}})
			fx.makeGroup()
			fx.must(http.StatusCreated, "PUT", identityURL, object{"location": "eastus"})
			sent := object{"issuer": "https://i/", "subject": "s", "audiences": []any{"a"}}
			stored := fx.must(http.StatusCreated, "PUT", identityURL+"/federatedIdentityCredentials/kafka", object{"properties": sent})
			for name, value := range sent {
				want, _ := json.Marshal(value)
				got, _ := json.Marshal(stored.at("properties", name))
				if bytes.Equal(want, got) == (name == differs) {
					t.Errorf("%s is stored as %s, sent %s", name, got, want)
				}
			}
		})
	}
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

func TestGroupDeletionLeavesItsVaultsSoftDeleted(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeVault()
	fx.succeed(fx.must(http.StatusAccepted, "DELETE", groupURL, nil))
	fx.must(http.StatusOK, "GET", deletedURL, nil)
}

func TestVaultFaults(t *testing.T) {
	fx := newFixture(t, weather{faults: map[string]string{"vault-standard": "", "vault-access-policy": ""}})
	fx.makeVault()
	if v, _ := fx.Vault("kv-test"); v.SKU != "standard" || v.RBAC {
		t.Errorf("the data plane sees %+v", v)
	}
}

func TestAttestationProviderLifeCycle(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeGroup()
	url := groupURL + "/providers/Microsoft.Attestation/attestationProviders/cctuiattest"
	fx.refused("MissingSubscriptionRegistration", "PUT", url, object{"location": "eastus"})
	fx.must(http.StatusOK, "POST", "/subscriptions/"+subscription+"/providers/"+attestationNamespace+"/register", nil)
	made := fx.must(http.StatusCreated, "PUT", url, object{"location": "eastus"})
	if made.at("properties", "attestUri") != fx.front.URL("cctuiattest.eus.attest.localhost") {
		t.Errorf("provider %s", made.raw)
	}
	known := map[string]bool{
		fx.front.Host("cctuiattest.eus.attest.localhost"): true,
		"sharedeus.eus.attest.localhost":                  true,
		"sharedweu.weu.attest.localhost":                  true,
		"sharedeus.weu.attest.localhost":                  false,
		"other.eus.attest.localhost":                      false,
	}
	for host, want := range known {
		if fx.Provider(host) != want {
			t.Errorf("provider %s: %v", host, !want)
		}
	}
	fx.refused("InvalidAttestationProviderName", "PUT", strings.Replace(url, "cctuiattest", "Cctui-Attest", 1), object{"location": "eastus"})
	fx.must(http.StatusOK, "DELETE", url, nil)
	fx.must(http.StatusNoContent, "DELETE", url, nil)
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

func TestSizesAreOfferedByRegion(t *testing.T) {
	fx := newFixture(t, weather{})
	restrictions := func(location string) int {
		r := fx.must(http.StatusOK, "GET", "/subscriptions/"+subscription+"/providers/Microsoft.Compute/skus?$filter=location+eq+'"+location+"'", nil)
		for _, sku := range r.at("value").([]any) {
			if s := sku.(object); s["name"] == "Standard_DC8as_cc_v5" {
				return len(s["restrictions"].([]any))
			}
		}
		return -1
	}
	if n := restrictions("eastus"); n != 0 {
		t.Errorf("eastus has %d restrictions", n)
	}
	if n := restrictions("uksouth"); n != 1 {
		t.Errorf("uksouth has %d restrictions", n)
	}
}
