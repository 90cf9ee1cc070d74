package actions

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cctui/cctui/azure"
)

const testSubscription = "6d4ad4a1-3b5f-4f5c-8a0e-111111111111"

type azureState struct {
	subscriptions []azure.Subscription
	permissions   []azure.Permissions
	feature       string          // state; empty: there is none
	registered    map[string]bool // resource providers
	sizes         map[string]azure.VMSize
	quotas        map[string]azure.Quota
	kubernetes    []azure.KubernetesVersion

	groups      map[string]azure.ResourceGroup
	foreign     []string // ids of others' resources in the group
	clusters    map[string]azure.Cluster
	pools       map[string]azure.Pool
	identities  map[string]azure.Identity
	federations map[string]azure.FederatedCredential
	assignments map[string]azure.RoleAssignment
	providers   map[string]azure.AttestationProvider

	vaults        map[string]azure.Vault
	deletedVaults map[string]azure.DeletedVault
	hsms          map[string]azure.ManagedHSM
	keys          map[string]azure.Key
	deletedKeys   map[string]azure.Key
	vaultIs       func(*azure.Vault)                 // spoils new vaults
	policyIs      func([]byte) []byte                // spoils stored release policies
	federationIs  func(f *azure.FederatedCredential) // spoils stored credentials
}

func newAzureState() azureState {
	return azureState{
		subscriptions: []azure.Subscription{{ID: testSubscription, Name: "contoso-dev", State: "Enabled"}},
		permissions:   []azure.Permissions{{Actions: []string{"*"}}},
		feature:       "NotRegistered",
		registered:    map[string]bool{"Microsoft.KeyVault": true, "Microsoft.ManagedIdentity": true},
		sizes: map[string]azure.VMSize{
			"Standard_DC4as_cc_v5": {Name: "Standard_DC4as_cc_v5", Family: "standardDCACCV5Family", VCPUs: 4},
			"Standard_D4s_v5":      {Name: "Standard_D4s_v5", Family: "standardDSv5Family", VCPUs: 4},
		},
		quotas: map[string]azure.Quota{
			"standardDCACCV5Family": {Family: "standardDCACCV5Family", Limit: 8},
			"standardDSv5Family":    {Family: "standardDSv5Family", Limit: 10},
		},
		kubernetes: []azure.KubernetesVersion{{Version: "1.33"}, {Version: "1.29"}, {Version: "1.31"}},
		groups:     map[string]azure.ResourceGroup{}, clusters: map[string]azure.Cluster{}, pools: map[string]azure.Pool{},
		identities: map[string]azure.Identity{}, federations: map[string]azure.FederatedCredential{},
		assignments: map[string]azure.RoleAssignment{}, providers: map[string]azure.AttestationProvider{},
		vaults: map[string]azure.Vault{}, deletedVaults: map[string]azure.DeletedVault{}, hsms: map[string]azure.ManagedHSM{},
		keys: map[string]azure.Key{}, deletedKeys: map[string]azure.Key{},
	}
}

// left is what still exists and belongs to the run's group.
func (s *azureState) left() (names []string) {
	add := func(kind string, n int) {
		if n > 0 {
			names = append(names, fmt.Sprintf("%d %s", n, kind))
		}
	}
	add("groups", len(s.groups))
	add("clusters", len(s.clusters))
	add("pools", len(s.pools))
	add("identities", len(s.identities))
	add("federations", len(s.federations))
	add("assignments", len(s.assignments))
	add("providers", len(s.providers))
	add("vaults", len(s.vaults))
	add("deleted vaults", len(s.deletedVaults))
	add("keys", len(s.keys))
	add("deleted keys", len(s.deletedKeys))
	return names
}

type fakeAzure struct{ w *realm }

// read looks something up, under the name of the call.
func read[T any](w *realm, call string, from map[string]T, name string) (T, error) {
	var zero T
	if err := w.call(call); err != nil {
		return zero, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	found, ok := from[name]
	if !ok {
		return zero, notFound(call + " " + name)
	}
	return found, nil
}

func write[T any](w *realm, call string, into map[string]T, name string, value T) (T, error) {
	if err := w.call(call); err != nil {
		return value, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	into[name] = value
	return value, nil
}

func remove[K comparable, T any](w *realm, call string, from map[K]T, name K) error {
	if err := w.call(call); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(from, name)
	return nil
}

func (f fakeAzure) Account(context.Context) (azure.Account, error) {
	return azure.Account{TenantID: "t", ObjectID: "operator-oid", Name: "ada@contoso.com", PrincipalType: "User"}, f.w.call("azure.Account")
}

func (f fakeAzure) Subscriptions(context.Context) ([]azure.Subscription, error) {
	return f.w.subscriptions, f.w.call("azure.Subscriptions")
}

func (f fakeAzure) Locations(context.Context, string) ([]string, error) {
	return []string{"eastus", "westeurope"}, f.w.call("azure.Locations")
}

func (f fakeAzure) Permissions(context.Context, string) ([]azure.Permissions, error) {
	return f.w.permissions, f.w.call("azure.Permissions")
}

func (f fakeAzure) Feature(context.Context, string, string, string) (string, error) {
	if f.w.feature == "" {
		return "", &azure.Error{Status: 404, Code: "FeatureNotFound"}
	}
	return f.w.feature, f.w.call("azure.Feature")
}

func (f fakeAzure) RegisterFeature(context.Context, string, string, string) error {
	err := f.w.call("azure.RegisterFeature")
	f.w.feature = registered
	return err
}

func (f fakeAzure) Provider(_ context.Context, _, namespace string) (string, error) {
	state := "NotRegistered"
	if f.w.registered[namespace] {
		state = registered
	}
	return state, f.w.call("azure.Provider")
}

func (f fakeAzure) RegisterProvider(_ context.Context, _, namespace string) error {
	f.w.registered[namespace] = true
	return f.w.call("azure.RegisterProvider")
}

func (f fakeAzure) VMSize(_ context.Context, _, _, name string) (azure.VMSize, error) {
	return read(f.w, "azure.VMSize", f.w.sizes, name)
}

func (f fakeAzure) Quota(_ context.Context, _, _, family string) (azure.Quota, error) {
	return read(f.w, "azure.Quota", f.w.quotas, family)
}

func (f fakeAzure) KubernetesVersions(context.Context, string, string) ([]azure.KubernetesVersion, error) {
	return f.w.kubernetes, f.w.call("azure.KubernetesVersions")
}

func (f fakeAzure) ResourceGroup(_ context.Context, g azure.Group) (azure.ResourceGroup, error) {
	return read(f.w, "azure.ResourceGroup", f.w.groups, g.Name)
}

func (f fakeAzure) CreateResourceGroup(_ context.Context, g azure.Group, location string, tags map[string]string) (azure.ResourceGroup, error) {
	return write(f.w, "azure.CreateResourceGroup", f.w.groups, g.Name, azure.ResourceGroup{ID: g.ID(), Location: location, State: succeeded, Tags: tags})
}

func (f fakeAzure) DeleteResourceGroup(_ context.Context, g azure.Group, _ azure.LRO) error {
	return remove(f.w, "azure.DeleteResourceGroup", f.w.groups, g.Name)
}

func (f fakeAzure) GroupResources(context.Context, azure.Group) ([]string, error) {
	return slices.Clone(f.w.foreign), f.w.call("azure.GroupResources")
}

func (f fakeAzure) Cluster(_ context.Context, _ azure.Group, name string) (azure.Cluster, error) {
	return read(f.w, "azure.Cluster", f.w.clusters, name)
}

func (f fakeAzure) CreateCluster(_ context.Context, g azure.Group, spec azure.ClusterSpec, op azure.LRO) (azure.Cluster, error) {
	if op.Accepted != nil && op.ResumeToken == "" {
		if err := op.Accepted("token of " + spec.Name); err != nil {
			return azure.Cluster{}, err
		}
	}
	made := standingCluster(g, spec.Name)
	made.KubernetesVersion = spec.KubernetesVersion
	return write(f.w, "azure.CreateCluster", f.w.clusters, spec.Name, made)
}

// standingCluster is a cluster as AKS makes it with issuer and workload identity.
func standingCluster(g azure.Group, name string) azure.Cluster {
	return azure.Cluster{
		ID: inGroup(g, "Microsoft.ContainerService/managedClusters", name), Name: name, Location: "eastus", State: succeeded,
		KubernetesVersion: "1.31.2", FQDN: name + ".example.net", NodeGroup: "MC_" + name,
		OIDCIssuer: true, WorkloadIdentity: true, IssuerURL: "https://eastus.oic.example.net/t/" + name + "/",
	}
}

func (f fakeAzure) UpdateCluster(_ context.Context, g azure.Group, name string, _ azure.ClusterUpdate, _ azure.LRO) (azure.Cluster, error) {
	return write(f.w, "azure.UpdateCluster", f.w.clusters, name, standingCluster(g, name))
}

func (f fakeAzure) DeleteCluster(_ context.Context, _ azure.Group, name string, _ azure.LRO) error {
	if err := remove(f.w, "azure.DeleteCluster", f.w.clusters, name); err != nil {
		return err
	}
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	clear(f.w.pools)
	f.w.kubeState = newKubeState()
	return nil
}

func (f fakeAzure) AwaitCluster(_ context.Context, g azure.Group, name string, progress func(string)) (azure.Cluster, error) {
	progress("Creating")
	return write(f.w, "azure.AwaitCluster", f.w.clusters, name, standingCluster(g, name))
}

func (f fakeAzure) ClusterCredentials(_ context.Context, _ azure.Group, name string) ([]byte, error) {
	_, err := read(f.w, "azure.ClusterCredentials", f.w.clusters, name)
	return []byte("kubeconfig of " + name), err
}

func (f fakeAzure) Pool(_ context.Context, _ azure.Group, _, name string) (azure.Pool, error) {
	return read(f.w, "azure.Pool", f.w.pools, name)
}

func (f fakeAzure) CreatePool(_ context.Context, _ azure.Group, _ string, s azure.PoolSpec, _ azure.LRO) (azure.Pool, error) {
	return write(f.w, "azure.CreatePool", f.w.pools, s.Name, azure.Pool{
		ID: "pool", Name: s.Name, State: succeeded, OSSKU: s.OSSKU, WorkloadRuntime: s.WorkloadRuntime, NodeCount: s.NodeCount, NodeImage: "AKSAzureLinux-V2katagen2",
	})
}

func (f fakeAzure) DeletePool(_ context.Context, _ azure.Group, _, name string, _ azure.LRO) error {
	return remove(f.w, "azure.DeletePool", f.w.pools, name)
}

func (f fakeAzure) AwaitPool(_ context.Context, _ azure.Group, _, name string, progress func(string)) (azure.Pool, error) {
	progress("Creating")
	pool := f.w.pools[name]
	pool.State = succeeded
	return write(f.w, "azure.AwaitPool", f.w.pools, name, pool)
}

func (f fakeAzure) Identity(_ context.Context, _ azure.Group, name string) (azure.Identity, error) {
	return read(f.w, "azure.Identity", f.w.identities, name)
}

func (f fakeAzure) CreateIdentity(_ context.Context, _ azure.Group, name, _ string, tags map[string]string) (azure.Identity, error) {
	return write(f.w, "azure.CreateIdentity", f.w.identities, name, azure.Identity{ID: "identity", Name: name, ClientID: "client", PrincipalID: "pod-oid", Tags: tags})
}

func (f fakeAzure) DeleteIdentity(_ context.Context, _ azure.Group, name string) error {
	return remove(f.w, "azure.DeleteIdentity", f.w.identities, name)
}

func (f fakeAzure) FederatedCredential(_ context.Context, _ azure.Group, _, name string) (azure.FederatedCredential, error) {
	return read(f.w, "azure.FederatedCredential", f.w.federations, name)
}

func (f fakeAzure) CreateFederatedCredential(_ context.Context, _ azure.Group, _ string, c azure.FederatedCredential) error {
	if f.w.federationIs != nil {
		f.w.federationIs(&c)
	}
	_, err := write(f.w, "azure.CreateFederatedCredential", f.w.federations, c.Name, c)
	return err
}

func (f fakeAzure) FederatedCredentials(context.Context, azure.Group, string) ([]string, error) {
	err := f.w.call("azure.FederatedCredentials")
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	return slices.Collect(maps.Keys(f.w.federations)), err
}

func (f fakeAzure) DeleteFederatedCredential(_ context.Context, _ azure.Group, _, name string) error {
	return remove(f.w, "azure.DeleteFederatedCredential", f.w.federations, name)
}

func (f fakeAzure) RoleAssignments(_ context.Context, scope, principal string) (found []azure.RoleAssignment, err error) {
	err = f.w.call("azure.RoleAssignments")
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	for _, a := range f.w.assignments {
		if a.Scope == scope && a.PrincipalID == principal {
			found = append(found, a)
		}
	}
	return found, err
}

func (f fakeAzure) CreateRoleAssignment(_ context.Context, a azure.RoleAssignment) error {
	_, err := write(f.w, "azure.CreateRoleAssignment", f.w.assignments, a.Name, a)
	return err
}

func (f fakeAzure) DeleteRoleAssignment(_ context.Context, _, name string) error {
	return remove(f.w, "azure.DeleteRoleAssignment", f.w.assignments, name)
}

func (f fakeAzure) Vault(_ context.Context, _ azure.Group, name string) (azure.Vault, error) {
	return read(f.w, "azure.Vault", f.w.vaults, name)
}

func (f fakeAzure) FindVault(_ context.Context, _, name string) (azure.Vault, error) {
	return read(f.w, "azure.FindVault", f.w.vaults, name)
}

func (f fakeAzure) CreateVault(_ context.Context, g azure.Group, s azure.VaultSpec, _ azure.LRO) (azure.Vault, error) {
	if _, deleted := f.w.deletedVaults[s.Name]; deleted {
		return azure.Vault{}, &azure.Error{Status: 409, Code: "ConflictError", Message: "exists in deleted state"}
	}
	return write(f.w, "azure.CreateVault", f.w.vaults, s.Name, f.standingVault(g, s.Name))
}

func (f fakeAzure) standingVault(g azure.Group, name string) azure.Vault {
	v := azure.Vault{ID: inGroup(g, "Microsoft.KeyVault/vaults", name), Name: name, State: succeeded, URI: "https://" + name + ".vault.azure.net", Premium: true, RBAC: true}
	if f.w.vaultIs != nil {
		f.w.vaultIs(&v)
	}
	return v
}

func (f fakeAzure) DeleteVault(_ context.Context, _ azure.Group, name string) error {
	if _, there := f.w.vaults[name]; there {
		f.w.deletedVaults[name] = azure.DeletedVault{Name: name, PurgeAt: time.Now().Add(90 * 24 * time.Hour)}
	}
	return remove(f.w, "azure.DeleteVault", f.w.vaults, name)
}

func (f fakeAzure) DeletedVault(_ context.Context, _, _, name string) (azure.DeletedVault, error) {
	return read(f.w, "azure.DeletedVault", f.w.deletedVaults, name)
}

func (f fakeAzure) RecoverVault(_ context.Context, g azure.Group, s azure.VaultSpec, _ azure.LRO) (azure.Vault, error) {
	delete(f.w.deletedVaults, s.Name)
	return write(f.w, "azure.RecoverVault", f.w.vaults, s.Name, f.standingVault(g, s.Name))
}

func (f fakeAzure) PurgeVault(_ context.Context, _, _, name string, _ azure.LRO) error {
	return remove(f.w, "azure.PurgeVault", f.w.deletedVaults, name)
}

func (f fakeAzure) FindManagedHSM(_ context.Context, _, name string) (azure.ManagedHSM, error) {
	return read(f.w, "azure.FindManagedHSM", f.w.hsms, name)
}

func (f fakeAzure) LocalRoleAssignments(ctx context.Context, _, scope, principal string) ([]azure.RoleAssignment, error) {
	return f.RoleAssignments(ctx, scope, principal)
}

func (f fakeAzure) CreateLocalRoleAssignment(ctx context.Context, _ string, a azure.RoleAssignment) error {
	return f.CreateRoleAssignment(ctx, a)
}

func (f fakeAzure) DeleteLocalRoleAssignment(ctx context.Context, _, scope, name string) error {
	return f.DeleteRoleAssignment(ctx, scope, name)
}

// allowed lets the operator in once the roles are in effect.
func (f fakeAzure) allowed() error {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if f.w.roleDelay > 0 {
		f.w.roleDelay--
		return forbiddenByRBAC()
	}
	for _, a := range f.w.assignments {
		if a.PrincipalID == "operator-oid" {
			return nil
		}
	}
	return forbiddenByRBAC()
}

func (f fakeAzure) Keys(context.Context, string) ([]string, error) {
	if err := f.allowed(); err != nil {
		return nil, err
	}
	return nil, f.w.call("azure.Keys")
}

func (f fakeAzure) Key(_ context.Context, _, name string) (azure.Key, error) {
	return read(f.w, "azure.Key", f.w.keys, name)
}

func (f fakeAzure) CreateKey(_ context.Context, uri string, s azure.KeySpec) (azure.Key, error) {
	if err := f.allowed(); err != nil {
		return azure.Key{}, err
	}
	if f.w.policyIs != nil {
		s.ReleasePolicy = f.w.policyIs(s.ReleasePolicy)
	}
	version := 1
	if old, there := f.w.keys[s.Name]; there {
		_, _ = fmt.Sscan(strings.TrimPrefix(old.Version, "v"), &version)
		version++
	}
	return write(f.w, "azure.CreateKey", f.w.keys, s.Name, keyVersion(uri, s.Name, version, s.ReleasePolicy))
}

func keyVersion(uri, name string, version int, policy []byte) azure.Key {
	return azure.Key{
		ID: fmt.Sprintf("%s/keys/%s/v%d", uri, name, version), Name: name, Version: fmt.Sprintf("v%d", version),
		Type: "RSA-HSM", Bits: keyBits, Exportable: true, ReleasePolicy: policy, PublicPEM: publicPEM(version),
	}
}

func (f fakeAzure) DeleteKey(_ context.Context, _, name string) error {
	if key, there := f.w.keys[name]; there {
		f.w.deletedKeys[name] = key
	}
	return remove(f.w, "azure.DeleteKey", f.w.keys, name)
}

func (f fakeAzure) DeletedKey(_ context.Context, _, name string) (azure.DeletedKey, error) {
	key, err := read(f.w, "azure.DeletedKey", f.w.deletedKeys, name)
	return azure.DeletedKey{Name: key.Name, PurgeAt: time.Now().Add(90 * 24 * time.Hour)}, err
}

func (f fakeAzure) RecoverKey(_ context.Context, _, name string) error {
	f.w.keys[name] = f.w.deletedKeys[name]
	return remove(f.w, "azure.RecoverKey", f.w.deletedKeys, name)
}

func (f fakeAzure) PurgeKey(_ context.Context, _, name string) error {
	return remove(f.w, "azure.PurgeKey", f.w.deletedKeys, name)
}

func (f fakeAzure) AttestationProvider(_ context.Context, _ azure.Group, name string) (azure.AttestationProvider, error) {
	return read(f.w, "azure.AttestationProvider", f.w.providers, name)
}

func (f fakeAzure) CreateAttestationProvider(_ context.Context, _ azure.Group, name, _ string, _ map[string]string) (azure.AttestationProvider, error) {
	return write(f.w, "azure.CreateAttestationProvider", f.w.providers, name, azure.AttestationProvider{ID: "provider", Name: name, URI: "https://" + name + ".eus.attest.azure.net"})
}

func (f fakeAzure) DeleteAttestationProvider(_ context.Context, _ azure.Group, name string) error {
	return remove(f.w, "azure.DeleteAttestationProvider", f.w.providers, name)
}
