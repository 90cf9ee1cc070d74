package arm

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/sandbox/entra"
)

// The adapter that the walkthrough uses must find here what it finds in Azure.

var testGroup = azure.Group{Subscription: subscription, Name: "rg"}

// adapter signs in to the fixture as its operator.
func (fx *fixture) adapter() *azure.Client {
	fx.t.Helper()
	directory, err := entra.New(entra.Options{
		URL: fx.front.URL("login.localhost"), Tenant: tenant,
		Application: entra.Application{Principal: entra.Principal{ObjectID: operator, AppID: operator, Type: "ServicePrincipal"}, Secret: "s"},
		Resources:   []string{fx.front.URL("management.localhost")},
		HTTP:        fx.front.Client(), Conditions: fx.Conditions,
	})
	if err != nil {
		fx.t.Fatal(err)
	}
	fx.front.Handle("login.localhost", directory.Handler())
	fx.Authenticate = func(r *http.Request) (entra.Principal, error) {
		return directory.Authenticate(r, fx.front.URL("management.localhost"))
	}
	cloud := azure.Cloud{
		Authority: fx.front.URL("login.localhost"), ResourceManager: fx.front.URL("management.localhost"),
		VaultSuffix: fx.front.Host("vault.localhost"), ManagedHSMSuffix: fx.front.Host("managedhsm.localhost"), DisableInstanceDiscovery: true,
	}
	credential, err := azure.SignIn(fx.t.Context(), azure.SignInOptions{
		Method: "client-secret", Tenant: tenant, ClientID: operator, ClientSecret: "s", Cloud: cloud, HTTP: fx.front.Client(),
	})
	if err != nil {
		fx.t.Fatal(err)
	}
	client, err := azure.New(azure.Config{Cloud: cloud, Credential: credential, HTTP: fx.front.Client()})
	if err != nil {
		fx.t.Fatal(err)
	}
	return client
}

// ready is an adapter with a group, the feature and the providers registered.
func ready(t *testing.T, w weather) (*fixture, *azure.Client) {
	t.Helper()
	fx := newFixture(t, w)
	client := fx.adapter()
	ctx := t.Context()
	_, err := client.CreateResourceGroup(ctx, testGroup, "eastus", map[string]string{"cctui-run": "r"})
	err = errors.Join(err,
		client.RegisterFeature(ctx, subscription, containerService, kataFeature),
		client.RegisterProvider(ctx, subscription, containerService),
		client.RegisterProvider(ctx, subscription, attestationNamespace))
	if err != nil {
		t.Fatal(err)
	}
	return fx, client
}

var clusterSpec = azure.ClusterSpec{Name: "aks", Location: "eastus", VMSize: "Standard_D4s_v5", NodeCount: 1, Tags: map[string]string{"cctui-run": "r"}}

func TestAdapterReadsWhatTheSubscriptionOffers(t *testing.T) {
	_, client := ready(t, weather{})
	ctx := t.Context()
	if all, err := client.Subscriptions(ctx); err != nil || len(all) != 1 || all[0].ID != subscription {
		t.Errorf("subscriptions %+v, %v", all, err)
	}
	if all, err := client.Locations(ctx, subscription); err != nil || len(all) != len(regions) {
		t.Errorf("%d locations, %v", len(all), err)
	}
	if state, err := client.Feature(ctx, subscription, containerService, kataFeature); err != nil || state != "Registered" {
		t.Errorf("feature %s, %v", state, err)
	}
	if state, err := client.Provider(ctx, subscription, containerService); err != nil || state != "Registered" {
		t.Errorf("provider %s, %v", state, err)
	}
	size, err := client.VMSize(ctx, subscription, "eastus", "Standard_DC8as_cc_v5")
	if want := (azure.VMSize{Name: "Standard_DC8as_cc_v5", Family: "standardDCACCV5Family", VCPUs: 8}); err != nil || size != want {
		t.Errorf("size %+v, %v", size, err)
	}
	if quota, err := client.Quota(ctx, subscription, "eastus", size.Family); err != nil || quota.Free() != 100 {
		t.Errorf("quota %+v, %v", quota, err)
	}
	if permissions, err := client.Permissions(ctx, testGroup.ID()); err != nil || len(permissions) != 1 || !permissions[0].Allow("Microsoft.Authorization/roleAssignments/write") {
		t.Errorf("permissions %+v, %v", permissions, err)
	}
}

func TestAdapterCarriesAClusterThroughItsLife(t *testing.T) {
	fx, client := ready(t, weather{})
	ctx := t.Context()
	var states []string
	made, err := client.CreateCluster(ctx, testGroup, clusterSpec, azure.LRO{Progress: func(s string) { states = append(states, s) }})
	if err != nil {
		t.Fatal(err)
	}
	if !made.OIDCIssuer || !made.WorkloadIdentity || made.IssuerURL != fx.clusters.Issuer() || made.State != "Succeeded" || len(states) == 0 {
		t.Errorf("cluster %+v after %v", made, states)
	}
	spec := azure.PoolSpec{Name: "kata", VMSize: "Standard_DC8as_cc_v5", NodeCount: 2, OSSKU: "AzureLinux", WorkloadRuntime: "KataCcIsolation"}
	pool, err := client.CreatePool(ctx, testGroup, "aks", spec, azure.LRO{})
	if err != nil || pool.State != "Succeeded" || pool.WorkloadRuntime != "KataCcIsolation" {
		t.Errorf("pool %+v, %v", pool, err)
	}
	if kubeconfig, err := client.ClusterCredentials(ctx, testGroup, "aks"); err != nil || string(kubeconfig) != "apiVersion: v1" {
		t.Errorf("kubeconfig %s, %v", kubeconfig, err)
	}
	err = errors.Join(client.DeletePool(ctx, testGroup, "aks", "kata", azure.LRO{}), client.DeleteCluster(ctx, testGroup, "aks", azure.LRO{}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Cluster(ctx, testGroup, "aks"); !azure.IsNotFound(err) {
		t.Errorf("the cluster is still there: %v", err)
	}
}

func TestAdapterMendsAnExistingCluster(t *testing.T) {
	fx, client := ready(t, weather{})
	estate := azure.Group{Subscription: subscription, Name: "contoso-rg"}
	before, err := client.Cluster(t.Context(), estate, "contoso-aks")
	if err != nil || before.OIDCIssuer || before.WorkloadIdentity || before.IssuerURL != "" {
		t.Errorf("before: %+v, %v", before, err)
	}
	after, err := client.UpdateCluster(t.Context(), estate, "contoso-aks", azure.ClusterUpdate{OIDCIssuer: true, WorkloadIdentity: true}, azure.LRO{})
	if err != nil || after.IssuerURL != fx.clusters.Issuer() || !after.WorkloadIdentity {
		t.Errorf("after: %+v, %v", after, err)
	}
}

// A client that dies after its operation was accepted leaves a token; the next one goes on with it.
func TestOperationsSurviveTheirClient(t *testing.T) {
	fx, client := ready(t, weather{})
	fx.clusters.hold = make(chan struct{})
	died := errors.New("killed")
	var token string
	_, err := client.CreateCluster(t.Context(), testGroup, clusterSpec, azure.LRO{Accepted: func(accepted string) error {
		token = accepted
		return died
	}})
	if !errors.Is(err, died) || token == "" {
		t.Fatalf("token %q, %v", token, err)
	}
	close(fx.clusters.hold)
	resumed, err := client.CreateCluster(t.Context(), testGroup, clusterSpec, azure.LRO{ResumeToken: token})
	if err != nil || resumed.State != "Succeeded" || len(fx.clusters.created) != 1 {
		t.Errorf("resumed %+v, %v; %d clusters were made", resumed, err, len(fx.clusters.created))
	}
}

func TestAdapterAwaitsAClusterItHasNoTokenFor(t *testing.T) {
	_, client := ready(t, weather{durations: map[string]time.Duration{"cluster.create": 100 * time.Millisecond}})
	died := errors.New("killed")
	_, err := client.CreateCluster(t.Context(), testGroup, clusterSpec, azure.LRO{Accepted: func(string) error { return died }})
	if !errors.Is(err, died) {
		t.Fatal(err)
	}
	found, err := client.AwaitCluster(t.Context(), testGroup, "aks", nil)
	if err != nil || found.State != "Succeeded" {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestAdapterGrantsAnIdentityItsRole(t *testing.T) {
	fx, client := ready(t, weather{})
	ctx := t.Context()
	identity, err := client.CreateIdentity(ctx, testGroup, "consumer", "eastus", nil)
	if err != nil {
		t.Fatal(err)
	}
	credential := azure.FederatedCredential{Name: "kafka", Issuer: "https://oic.localhost/i/", Subject: "system:serviceaccount:kafka:sa", Audience: "api://AzureADTokenExchange"}
	if err := client.CreateFederatedCredential(ctx, testGroup, "consumer", credential); err != nil {
		t.Fatal(err)
	}
	if stored, err := client.FederatedCredential(ctx, testGroup, "consumer", "kafka"); err != nil || stored != credential {
		t.Errorf("stored %+v, %v", stored, err)
	}
	vault, err := client.CreateVault(ctx, testGroup, azure.VaultSpec{Name: "kv-test", Location: "eastus", TenantID: tenant}, azure.LRO{})
	if err != nil || !vault.Premium || !vault.RBAC || vault.State != "Succeeded" {
		t.Fatalf("vault %+v, %v", vault, err)
	}
	assignment := azure.RoleAssignment{
		Name: "aaaaaaaa-0000-0000-0000-000000000001", Scope: vault.ID, RoleID: azure.RoleCryptoReleaseUser,
		PrincipalID: identity.PrincipalID, PrincipalType: "ServicePrincipal",
	}
	if err := errors.Join(client.CreateRoleAssignment(ctx, assignment), client.CreateRoleAssignment(ctx, assignment)); err != nil {
		t.Fatal(err)
	}
	if all, err := client.RoleAssignments(ctx, vault.ID, identity.PrincipalID); err != nil || len(all) != 1 || all[0] != assignment {
		t.Errorf("assignments %+v, %v", all, err)
	}
	if !fx.Allowed(identity.PrincipalID, vault.ID, "Microsoft.KeyVault/vaults/keys/release/action") {
		t.Error("the role gives nothing")
	}
	if err := client.DeleteRoleAssignment(ctx, vault.ID, assignment.Name); err != nil {
		t.Error(err)
	}
}

func TestAdapterCarriesAVaultThroughItsLife(t *testing.T) {
	_, client := ready(t, weather{durations: map[string]time.Duration{"vault.create": 50 * time.Millisecond}})
	ctx := t.Context()
	spec := azure.VaultSpec{Name: "kv-test", Location: "eastus", TenantID: tenant, Tags: map[string]string{"cctui-run": "r"}}
	for _, put := range []func() (azure.Vault, error){
		func() (azure.Vault, error) { return client.CreateVault(ctx, testGroup, spec, azure.LRO{}) },
		func() (azure.Vault, error) { return client.RecoverVault(ctx, testGroup, spec, azure.LRO{}) },
	} {
		if made, err := put(); err != nil || made.State != "Succeeded" {
			t.Fatalf("vault %+v, %v", made, err)
		}
		if found, err := client.FindVault(ctx, subscription, "kv-test"); err != nil || found.ID == "" {
			t.Errorf("found %+v, %v", found, err)
		}
		if err := client.DeleteVault(ctx, testGroup, "kv-test"); err != nil {
			t.Fatal(err)
		}
		if deleted, err := client.DeletedVault(ctx, subscription, "eastus", "kv-test"); err != nil || deleted.PurgeAt.Before(time.Now()) {
			t.Errorf("deleted %+v, %v", deleted, err)
		}
	}
	if err := client.PurgeVault(ctx, subscription, "eastus", "kv-test", azure.LRO{}); err != nil {
		t.Error(err)
	}
	if _, err := client.DeletedVault(ctx, subscription, "eastus", "kv-test"); !azure.IsNotFound(err) {
		t.Errorf("still there: %v", err)
	}
}

func TestAdapterFindsTheManagedHSM(t *testing.T) {
	_, client := ready(t, weather{})
	hsm, err := client.FindManagedHSM(t.Context(), subscription, "contoso-hsm")
	if err != nil || !strings.Contains(hsm.URI, "contoso-hsm.managedhsm.localhost") {
		t.Errorf("HSM %+v, %v", hsm, err)
	}
}

func TestAdapterMakesAndRemovesAnAttestationProvider(t *testing.T) {
	fx, client := ready(t, weather{})
	made, err := client.CreateAttestationProvider(t.Context(), testGroup, "cctuiattest", "eastus", nil)
	if err != nil || made.URI != fx.front.URL("cctuiattest.eus.attest.localhost") {
		t.Errorf("provider %+v, %v", made, err)
	}
	if err := client.DeleteAttestationProvider(t.Context(), testGroup, "cctuiattest"); err != nil {
		t.Error(err)
	}
}

func TestAdapterDeletesAGroupWithWhatIsInIt(t *testing.T) {
	_, client := ready(t, weather{})
	ctx := t.Context()
	if _, err := client.CreateCluster(ctx, testGroup, clusterSpec, azure.LRO{}); err != nil {
		t.Fatal(err)
	}
	if ids, err := client.GroupResources(ctx, testGroup); err != nil || len(ids) != 1 {
		t.Errorf("the group holds %v, %v", ids, err)
	}
	if err := client.DeleteResourceGroup(ctx, testGroup, azure.LRO{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ResourceGroup(ctx, testGroup); !azure.IsNotFound(err) {
		t.Errorf("the group is still there: %v", err)
	}
}
