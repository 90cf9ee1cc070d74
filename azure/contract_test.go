package azure_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/cctui/cctui/azure"
)

var (
	group  = azure.Group{Subscription: subscription, Name: "rg"}
	estate = azure.Group{Subscription: subscription, Name: "estate"}
	tags   = map[string]string{"cctui-run": "r1"}
)

// inGroup is a sandbox in which the subscription is ready and the group exists.
func inGroup(t *testing.T, held ...string) *sandbox {
	t.Helper()
	s := newSandbox(t, held...)
	for _, err := range []error{
		s.RegisterFeature(t.Context(), subscription, "Microsoft.ContainerService", "KataCcIsolationPreview"),
		s.RegisterProvider(t.Context(), subscription, "Microsoft.ContainerService"),
		s.RegisterProvider(t.Context(), subscription, "Microsoft.Attestation"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.CreateResourceGroup(t.Context(), group, location, tags); err != nil {
		t.Fatal(err)
	}
	return s
}

func newCluster() azure.ClusterSpec {
	return azure.ClusterSpec{Name: "aks", Location: location, VMSize: "Standard_D4s_v5", NodeCount: 1, Tags: tags}
}

func TestWhoSignedInAndWhatTheyMayDo(t *testing.T) {
	s := newSandbox(t)
	account, err := s.Account(t.Context())
	want := azure.Account{TenantID: tenant, ObjectID: operator.ObjectID, Name: operator.AppID, PrincipalType: "ServicePrincipal"}
	if err != nil || account != want {
		t.Errorf("account = %+v, %v; want %+v", account, err, want)
	}
	subscriptions, err := s.Subscriptions(t.Context())
	if err != nil || len(subscriptions) != 1 || subscriptions[0].ID != subscription || subscriptions[0].State != "Enabled" || subscriptions[0].TenantID != tenant {
		t.Errorf("subscriptions = %+v, %v", subscriptions, err)
	}
	locations, err := s.Locations(t.Context(), subscription)
	if err != nil || !slices.Contains(locations, "eastus") || !slices.Contains(locations, "westeurope") {
		t.Errorf("locations = %q, %v", locations, err)
	}
	roles, err := s.Permissions(t.Context(), "/subscriptions/"+subscription)
	allows := func(p azure.Permissions) bool { return p.Allow("Microsoft.Authorization/roleAssignments/write") }
	if err != nil || !slices.ContainsFunc(roles, allows) {
		t.Errorf("permissions = %+v, %v", roles, err)
	}
}

func TestWhatASubscriptionMayUse(t *testing.T) {
	s := newSandbox(t)
	const namespace, feature = "Microsoft.ContainerService", "KataCcIsolationPreview"
	if state, err := s.Feature(t.Context(), subscription, namespace, feature); err != nil || state != "NotRegistered" {
		t.Errorf("feature = %q, %v", state, err)
	}
	if err := s.RegisterFeature(t.Context(), subscription, namespace, feature); err != nil {
		t.Fatal(err)
	}
	if state, err := s.Feature(t.Context(), subscription, namespace, feature); err != nil || state != "Registered" {
		t.Errorf("feature = %q, %v", state, err)
	}
	if _, err := s.Feature(t.Context(), subscription, namespace, "Retired"); !azure.IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
	if err := s.RegisterProvider(t.Context(), subscription, namespace); err != nil {
		t.Fatal(err)
	}
	if state, err := s.Provider(t.Context(), subscription, namespace); err != nil || state != "Registered" {
		t.Errorf("provider = %q, %v", state, err)
	}
	size, err := s.VMSize(t.Context(), subscription, location, "standard_dc8as_cc_v5")
	if want := (azure.VMSize{Name: "Standard_DC8as_cc_v5", Family: "standardDCACCV5Family", VCPUs: 8}); err != nil || size != want {
		t.Errorf("size = %+v, %v; want %+v", size, err, want)
	}
	if size, err := s.VMSize(t.Context(), subscription, location, "Standard_X1"); err != nil || size.Restriction != azure.NotOffered {
		t.Errorf("size = %+v, %v; want not offered", size, err)
	}
	versions, err := s.KubernetesVersions(t.Context(), subscription, location)
	if err != nil || !slices.Contains(versions, azure.KubernetesVersion{Version: "1.31"}) || !slices.Contains(versions, azure.KubernetesVersion{Version: "1.34"}) {
		t.Errorf("versions = %+v, %v", versions, err)
	}
	if quota, err := s.Quota(t.Context(), subscription, location, size.Family); err != nil || quota.Free() < 16 {
		t.Errorf("quota = %+v, %v", quota, err)
	}
}

func TestAResourceGroupComesAndGoes(t *testing.T) {
	s := newSandbox(t)
	if _, err := s.ResourceGroup(t.Context(), group); !azure.IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
	created, err := s.CreateResourceGroup(t.Context(), group, location, tags)
	if err != nil || created.ID != group.ID() || created.Location != location || !maps.Equal(created.Tags, tags) {
		t.Errorf("group = %+v, %v", created, err)
	}
	identity, err := s.CreateIdentity(t.Context(), group, "reader", location, tags)
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := s.GroupResources(t.Context(), group); err != nil || !slices.Equal(ids, []string{identity.ID}) {
		t.Errorf("resources = %q, %v", ids, err)
	}
	for range 2 { // the second time it is absent
		if err := s.DeleteResourceGroup(t.Context(), group, azure.LRO{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.ResourceGroup(t.Context(), group); !azure.IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
}

func TestAClusterIsResumedByAnotherProcess(t *testing.T) {
	s := inGroup(t, "cluster.create")
	letGo := s.letGo("cluster.create")
	died := errors.New("killed")
	var token string
	_, err := s.CreateCluster(t.Context(), group, newCluster(), azure.LRO{Accepted: func(recorded string) error {
		token = recorded
		return died
	}})
	if !errors.Is(err, died) || token == "" {
		t.Fatalf("token = %q, error = %v", token, err)
	}
	var told []string
	created, err := s.signIn(t).CreateCluster(t.Context(), group, newCluster(), azure.LRO{
		ResumeToken: token,
		Progress: func(state string) {
			told = append(told, state)
			letGo()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if created.State != "Succeeded" || created.IssuerURL != "https://oic.localhost/issuer/" || !created.WorkloadIdentity || !created.OIDCIssuer || created.NodeGroup == "" {
		t.Errorf("cluster = %+v", created)
	}
	if told[0] != "InProgress" || told[len(told)-1] != "Succeeded" {
		t.Errorf("progress = %q", told)
	}
	if kubeconfig, err := s.ClusterCredentials(t.Context(), group, "aks"); err != nil || string(kubeconfig) != "apiVersion: v1" {
		t.Errorf("kubeconfig = %q, %v", kubeconfig, err)
	}
}

func TestAClusterWithoutATokenIsFollowedByItsState(t *testing.T) {
	s := inGroup(t, "cluster.create")
	letGo := s.letGo("cluster.create")
	died := errors.New("killed")
	if _, err := s.CreateCluster(t.Context(), group, newCluster(), azure.LRO{Accepted: func(string) error { return died }}); !errors.Is(err, died) {
		t.Fatal(err)
	}
	cluster, err := s.AwaitCluster(t.Context(), group, "aks", func(string) { letGo() })
	if err != nil || cluster.State != "Succeeded" {
		t.Errorf("cluster = %+v, %v", cluster, err)
	}
}

func TestANodePoolComesAndGoes(t *testing.T) {
	s := inGroup(t)
	if _, err := s.CreateCluster(t.Context(), group, newCluster(), azure.LRO{}); err != nil {
		t.Fatal(err)
	}
	spec := azure.PoolSpec{
		Name: "kata", VMSize: "Standard_DC8as_cc_v5", NodeCount: 2, OSSKU: "AzureLinux", WorkloadRuntime: "KataCcIsolation", Tags: tags,
	}
	if _, err := s.Pool(t.Context(), group, "aks", spec.Name); !azure.IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
	pool, err := s.CreatePool(t.Context(), group, "aks", spec, azure.LRO{})
	if err != nil || pool.State != "Succeeded" || pool.WorkloadRuntime != "KataCcIsolation" || pool.NodeCount != 2 || pool.NodeImage == "" {
		t.Errorf("pool = %+v, %v", pool, err)
	}
	cluster, err := s.Cluster(t.Context(), group, "aks")
	named := func(p azure.Pool) bool { return p.Name == "kata" && p.WorkloadRuntime == "KataCcIsolation" }
	if err != nil || !slices.ContainsFunc(cluster.Pools, named) {
		t.Errorf("pools = %+v, %v", cluster.Pools, err)
	}
	for range 2 {
		if err := s.DeletePool(t.Context(), group, "aks", spec.Name, azure.LRO{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := s.DeleteCluster(t.Context(), group, "aks", azure.LRO{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Cluster(t.Context(), group, "aks"); !azure.IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
}

func TestAnExistingClusterIsMadeToFederate(t *testing.T) {
	s := inGroup(t)
	before, err := s.Cluster(t.Context(), estate, "legacy")
	if err != nil || before.OIDCIssuer || before.WorkloadIdentity {
		t.Fatalf("cluster = %+v, %v", before, err)
	}
	after, err := s.UpdateCluster(t.Context(), estate, "legacy", azure.ClusterUpdate{OIDCIssuer: true, WorkloadIdentity: true}, azure.LRO{})
	if err != nil || !after.OIDCIssuer || !after.WorkloadIdentity || after.IssuerURL == "" {
		t.Errorf("cluster = %+v, %v", after, err)
	}
	if after.KubernetesVersion != before.KubernetesVersion || len(after.Pools) != len(before.Pools) {
		t.Errorf("the rest changed: %+v, before %+v", after, before)
	}
}

func TestAnIdentityFederatesAndHoldsRoles(t *testing.T) {
	s := inGroup(t)
	identity, err := s.CreateIdentity(t.Context(), group, "reader", location, tags)
	if err != nil || identity.ClientID == "" || identity.PrincipalID == "" || identity.TenantID != tenant {
		t.Fatalf("identity = %+v, %v", identity, err)
	}
	credential := azure.FederatedCredential{
		Name: "kafka", Issuer: "https://oic.localhost/issuer/", Subject: "system:serviceaccount:kafka:sa", Audience: "api://AzureADTokenExchange",
	}
	if err := s.CreateFederatedCredential(t.Context(), group, "reader", credential); err != nil {
		t.Fatal(err)
	}
	if got, err := s.FederatedCredential(t.Context(), group, "reader", "kafka"); err != nil || got != credential {
		t.Errorf("credential = %+v, %v; want %+v", got, err, credential)
	}

	assignment := azure.RoleAssignment{
		Name: uuid.NewString(), Scope: group.ID(), RoleID: azure.RoleCryptoReleaseUser, PrincipalID: identity.PrincipalID, PrincipalType: "ServicePrincipal",
	}
	renamed := assignment
	renamed.Name = uuid.NewString()
	for _, a := range []azure.RoleAssignment{assignment, assignment, renamed} {
		if err := s.CreateRoleAssignment(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	below := identity.ID
	if found, err := s.RoleAssignments(t.Context(), below, identity.PrincipalID); err != nil || !slices.Equal(found, []azure.RoleAssignment{assignment}) {
		t.Errorf("assignments = %+v, %v; want %+v", found, err, assignment)
	}
	if found, err := s.RoleAssignments(t.Context(), "/subscriptions/"+subscription, identity.PrincipalID); err != nil || len(found) != 0 {
		t.Errorf("assignments above their scope = %+v, %v", found, err)
	}

	for range 2 {
		if err := errors.Join(
			s.DeleteRoleAssignment(t.Context(), assignment.Scope, assignment.Name),
			s.DeleteFederatedCredential(t.Context(), group, "reader", "kafka"),
			s.DeleteIdentity(t.Context(), group, "reader"),
		); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Identity(t.Context(), group, "reader"); !azure.IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
}

func TestAVaultIsDeletedRecoveredAndPurged(t *testing.T) {
	s := inGroup(t)
	spec := azure.VaultSpec{Name: "kv-cctui-1", Location: location, TenantID: tenant, Tags: tags}
	vault, err := s.CreateVault(t.Context(), group, spec, azure.LRO{})
	if err != nil || !vault.Premium || !vault.RBAC || vault.State != "Succeeded" || !maps.Equal(vault.Tags, tags) || strings.HasSuffix(vault.URI, "/") {
		t.Fatalf("vault = %+v, %v", vault, err)
	}
	if found, err := s.FindVault(t.Context(), subscription, "KV-CCTUI-1"); err != nil || found.ID != vault.ID {
		t.Errorf("found %+v, %v", found, err)
	}
	for range 2 {
		if err := s.DeleteVault(t.Context(), group, spec.Name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.FindVault(t.Context(), subscription, spec.Name); !azure.IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
	deleted, err := s.DeletedVault(t.Context(), subscription, location, spec.Name)
	if err != nil || deleted.Name != spec.Name || deleted.Location != location || deleted.PurgeAt.IsZero() || deleted.PurgeProtected {
		t.Errorf("deleted vault = %+v, %v", deleted, err)
	}
	if _, err := s.CreateVault(t.Context(), group, spec, azure.LRO{}); err == nil {
		t.Error("created a vault whose name is taken")
	}
	if recovered, err := s.RecoverVault(t.Context(), group, spec, azure.LRO{}); err != nil || recovered.ID != vault.ID || !recovered.Premium {
		t.Errorf("recovered %+v, %v", recovered, err)
	}
	if err := s.DeleteVault(t.Context(), group, spec.Name); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.PurgeVault(t.Context(), subscription, location, spec.Name, azure.LRO{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.DeletedVault(t.Context(), subscription, location, spec.Name); !azure.IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
}

const releasePolicy = `{"version":"1.0.0","anyOf":[{"authority":"https://sharedeus.eus.attest.azure.net",` +
	`"allOf":[{"claim":"x-ms-attestation-type","equals":"sevsnpvm"}]}]}`

// storedPolicy is the same as a vault writes it down.
const storedPolicy = `{"anyOf":[{"allOf":[{"claim":"x-ms-attestation-type","equals":"sevsnpvm"}],` +
	`"authority":"https://sharedeus.eus.attest.azure.net"}],"version":"1.0.0"}`

func TestAKeyIsBoundToItsReleasePolicy(t *testing.T) {
	s := inGroup(t)
	vault, err := s.CreateVault(t.Context(), group, azure.VaultSpec{Name: "kv-keys", Location: location, TenantID: tenant}, azure.LRO{})
	if err != nil {
		t.Fatal(err)
	}
	spec := azure.KeySpec{Name: "demo", Bits: 3072, ReleasePolicy: []byte(releasePolicy), Tags: tags}
	var refusal *azure.Error
	if _, err := s.CreateKey(t.Context(), vault.URI, spec); !errors.As(err, &refusal) || refusal.InnerCode != "ForbiddenByRbac" {
		t.Fatalf("error = %v, want ForbiddenByRbac", err)
	}
	err = s.CreateRoleAssignment(t.Context(), azure.RoleAssignment{
		Name: uuid.NewString(), Scope: vault.ID, RoleID: azure.RoleCryptoOfficer, PrincipalID: operator.ObjectID, PrincipalType: "ServicePrincipal",
	})
	if err != nil {
		t.Fatal(err)
	}
	created, err := s.CreateKey(t.Context(), vault.URI, spec)
	if err != nil {
		t.Fatal(err)
	}
	checkKey(t, created)
	read, err := s.Key(t.Context(), vault.URI, spec.Name)
	if err != nil || read.ID != created.ID || read.PublicPEM != created.PublicPEM || string(read.ReleasePolicy) != storedPolicy || !maps.Equal(read.Tags, tags) {
		t.Errorf("key = %+v, %v; want %+v", read, err, created)
	}
	if names, err := s.Keys(t.Context(), vault.URI); err != nil || !slices.Equal(names, []string{"demo"}) {
		t.Errorf("keys = %q, %v", names, err)
	}
	keyComesBackAndGoes(t, s, vault.URI, spec.Name)
}

func checkKey(t *testing.T, key azure.Key) {
	t.Helper()
	if key.Name != "demo" || key.Version == "" || key.Type != "RSA-HSM" || key.Bits != 3072 || !key.Exportable {
		t.Errorf("key = %+v", key)
	}
	block, _ := pem.Decode([]byte(key.PublicPEM))
	if block == nil {
		t.Fatalf("PEM = %q", key.PublicPEM)
	}
	if public, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil || public.(*rsa.PublicKey).N.BitLen() != 3072 {
		t.Errorf("public key = %v, %v", public, err)
	}
}

func keyComesBackAndGoes(t *testing.T, s *sandbox, vaultURI, name string) {
	t.Helper()
	if err := s.DeleteKey(t.Context(), vaultURI, name); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Key(t.Context(), vaultURI, name); !azure.IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
	if deleted, err := s.DeletedKey(t.Context(), vaultURI, name); err != nil || deleted.Name != name || deleted.PurgeAt.IsZero() {
		t.Errorf("deleted key = %+v, %v", deleted, err)
	}
	if err := s.RecoverKey(t.Context(), vaultURI, name); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.DeleteKey(t.Context(), vaultURI, name); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := s.PurgeKey(t.Context(), vaultURI, name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.DeletedKey(t.Context(), vaultURI, name); !azure.IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
}

func TestAManagedHSMHasItsOwnRoles(t *testing.T) {
	s := newSandbox(t)
	hsm, err := s.FindManagedHSM(t.Context(), subscription, "HSM-old")
	if err != nil || hsm.State != "Succeeded" || hsm.URI != s.front.URL("hsm-old.managedhsm.localhost") {
		t.Fatalf("HSM = %+v, %v", hsm, err)
	}
	if _, err := s.Keys(t.Context(), hsm.URI); err == nil {
		t.Error("listed keys without a role")
	}
	assignment := azure.RoleAssignment{Name: uuid.NewString(), Scope: "/keys", RoleID: azure.LocalRoleCryptoUser, PrincipalID: operator.ObjectID}
	if err := s.CreateLocalRoleAssignment(t.Context(), hsm.URI, assignment); err != nil {
		t.Fatal(err)
	}
	found, err := s.LocalRoleAssignments(t.Context(), hsm.URI, "/keys", operator.ObjectID)
	if err != nil || !slices.Contains(found, assignment) {
		t.Errorf("assignments = %+v, %v; want %+v", found, err, assignment)
	}
	if names, err := s.Keys(t.Context(), hsm.URI); err != nil || len(names) != 0 {
		t.Errorf("keys = %q, %v", names, err)
	}
	for range 2 {
		if err := s.DeleteLocalRoleAssignment(t.Context(), hsm.URI, "/keys", assignment.Name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnAttestationProviderComesAndGoes(t *testing.T) {
	s := inGroup(t)
	if _, err := s.AttestationProvider(t.Context(), group, "cctui1"); !azure.IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
	created, err := s.CreateAttestationProvider(t.Context(), group, "cctui1", location, tags)
	if err != nil || created.URI != s.front.URL("cctui1.eus.attest.localhost") || !maps.Equal(created.Tags, tags) {
		t.Errorf("provider = %+v, %v", created, err)
	}
	if read, err := s.AttestationProvider(t.Context(), group, "cctui1"); err != nil || read.ID != created.ID || read.URI != created.URI {
		t.Errorf("provider = %+v, %v", read, err)
	}
	for range 2 {
		if err := s.DeleteAttestationProvider(t.Context(), group, "cctui1"); err != nil {
			t.Fatal(err)
		}
	}
}
