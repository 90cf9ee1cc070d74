package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kube"
)

// walk carries the walkthrough out, and returns whoever may change by hand what it made.
func (p *place) walk(t *testing.T, args ...string) hand {
	t.Helper()
	if ended := p.call(t, append([]string{"--auto", "--sandbox"}, args...)...); ended.code != actions.ExitDone {
		t.Fatalf("the walkthrough ended with %d\n%s", ended.code, ended.err)
	}
	journal, err := actions.Peek(p.journal())
	if err != nil {
		t.Fatal(err)
	}
	e := p.sandbox.Endpoints()
	around, err := inSandbox(e)
	if err != nil {
		t.Fatal(err)
	}
	client, _, err := around.client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(around.http.CloseIdleConnections)
	in := journal.Inputs()
	h := hand{Client: client, in: in, group: azure.Group{Subscription: e.Subscription, Name: in.ResourceGroup}}
	h.vault = "https://" + in.Vault + "." + e.VaultSuffix
	if in.ExistingVault != "" {
		h.vault = "https://" + in.ExistingVault + "." + e.VaultSuffix
	}
	return h
}

// clean removes what is left of the run, and tells what was said of it.
func (p *place) clean(t *testing.T) actions.Result {
	t.Helper()
	ended := p.call(t, commandOf(true)...)
	if ended.code != actions.ExitDone {
		t.Fatalf("the cleanup ended with %d\n%s", ended.code, ended.err)
	}
	return ended.result(t)
}

// hand is somebody at work in the subscription beside cctui.
type hand struct {
	*azure.Client
	in    actions.Inputs
	group azure.Group
	vault string // its URI
}

// cluster connects to the run's cluster, or the existing one.
func (h hand) cluster(ctx context.Context) (*kube.Client, error) {
	group, name := h.group, h.in.Cluster
	if h.in.ExistingCluster != "" {
		group.Name, name = h.in.ClusterGroup, h.in.ExistingCluster
	}
	kubeconfig, err := h.ClusterCredentials(ctx, group, name)
	if err != nil {
		return nil, err
	}
	return kube.Connect(ctx, kube.Config{Kubeconfig: kubeconfig})
}

func (h hand) deleteObject(ctx context.Context, kind, namespace, name string) error {
	k, err := h.cluster(ctx)
	if err != nil {
		return err
	}
	return k.Delete(ctx, kube.Ref{APIVersion: "v1", Kind: kind, Namespace: namespace, Name: name})
}

// removals are what somebody may have deleted by hand before the cleanup.
var removals = map[string]func(context.Context, hand) error{
	"nothing":        func(context.Context, hand) error { return nil },
	"resource group": func(ctx context.Context, h hand) error { return h.DeleteResourceGroup(ctx, h.group, azure.LRO{}) },
	"cluster": func(ctx context.Context, h hand) error {
		return h.DeleteCluster(ctx, h.group, h.in.Cluster, azure.LRO{})
	},
	"node pool": func(ctx context.Context, h hand) error {
		return h.DeletePool(ctx, h.group, h.in.Cluster, h.in.Pool, azure.LRO{})
	},
	"identity": func(ctx context.Context, h hand) error { return h.DeleteIdentity(ctx, h.group, h.in.Identity) },
	"federated credential": func(ctx context.Context, h hand) error {
		return h.DeleteFederatedCredential(ctx, h.group, h.in.Identity, h.in.FederatedCredential)
	},
	"attestation provider": func(ctx context.Context, h hand) error {
		return h.DeleteAttestationProvider(ctx, h.group, h.in.AttestationProvider)
	},
	"role assignments": func(ctx context.Context, h hand) error {
		identity, err := h.Identity(ctx, h.group, h.in.Identity)
		if err != nil {
			return err
		}
		vault, err := h.Vault(ctx, h.group, h.in.Vault)
		if err != nil {
			return err
		}
		found, err := h.RoleAssignments(ctx, vault.ID, identity.PrincipalID)
		if len(found) == 0 {
			return errors.Join(err, errors.New("there is no role assignment"))
		}
		for _, a := range found {
			err = errors.Join(err, h.DeleteRoleAssignment(ctx, vault.ID, a.Name))
		}
		return err
	},
	"key": func(ctx context.Context, h hand) error { return h.DeleteKey(ctx, h.vault, h.in.Key) },
	"key, and purged": func(ctx context.Context, h hand) error {
		return errors.Join(h.DeleteKey(ctx, h.vault, h.in.Key), h.PurgeKey(ctx, h.vault, h.in.Key))
	},
	"vault": func(ctx context.Context, h hand) error { return h.DeleteVault(ctx, h.group, h.in.Vault) },
	"vault, and purged": func(ctx context.Context, h hand) error {
		return errors.Join(h.DeleteVault(ctx, h.group, h.in.Vault), h.PurgeVault(ctx, h.group.Subscription, h.in.Location, h.in.Vault, azure.LRO{}))
	},
	"pod": func(ctx context.Context, h hand) error {
		return h.deleteObject(ctx, "Pod", h.in.Namespace, "kafka-producer")
	},
	"namespace": func(ctx context.Context, h hand) error { return h.deleteObject(ctx, "Namespace", "", h.in.Namespace) },
}

// rows are each alone where everything is tried (make crash), else together as far as they go together.
func rows(each []string, together ...[]string) [][]string {
	if os.Getenv("CCTUI_CRASH") != "full" {
		return together
	}
	for _, name := range each {
		together = append(together, []string{name})
	}
	return together
}

// Whatever was deleted by hand before, cleanup removes the rest, and nothing is left: neither a
// soft-deleted vault nor a soft-deleted key.
func TestCleanupFinishesWhatSomebodyBegan(t *testing.T) {
	for _, row := range rows(slices.Sorted(maps.Keys(removals)),
		[]string{"nothing"}, []string{"resource group"}, []string{"cluster", "key, and purged"},
		[]string{"pod", "federated credential", "role assignments", "key"},
		[]string{"namespace", "node pool", "identity", "attestation provider", "vault"},
	) {
		t.Run(strings.Join(row, " and "), func(t *testing.T) {
			t.Parallel()
			p := serve(t, "", nil)
			h := p.walk(t)
			made := len(p.recorded(t).Resources)
			for _, name := range row {
				if err := removals[name](t.Context(), h); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			result := p.clean(t)
			for _, left := range slices.Sorted(maps.Keys(p.inventory(t))) {
				t.Errorf("there is still %s", left)
			}
			if len(result.Removed) != made || len(result.Kept) > 0 || len(result.Exists) > 0 {
				t.Errorf("of %d resources, %d were removed, kept %v", made, len(result.Removed), result.Kept)
			}
			if left := p.recorded(t).Resources; len(left) > 0 {
				t.Errorf("the journal still knows of %v", left)
			}
		})
	}
}

// used are the ways to use what was there before.
var used = []string{"--existing-cluster", "contoso-aks", "--cluster-resource-group", "contoso-rg", "--existing-vault", "contoso-kv"}

// standing is where what was there before lies.
func (h hand) standing() azure.Group {
	return azure.Group{Subscription: h.group.Subscription, Name: "contoso-rg"}
}

// losses are what may be gone of a run that uses what was there before, and of that.
var losses = map[string]func(context.Context, hand) error{
	"nothing": removals["nothing"], "key": removals["key"], "pod": removals["pod"], "namespace": removals["namespace"],
	"node pool": func(ctx context.Context, h hand) error {
		return h.DeletePool(ctx, h.standing(), "contoso-aks", h.in.Pool, azure.LRO{})
	},
	"the cluster": func(ctx context.Context, h hand) error {
		return h.DeleteCluster(ctx, h.standing(), "contoso-aks", azure.LRO{})
	},
	"the vault": func(ctx context.Context, h hand) error { return h.DeleteVault(ctx, h.standing(), "contoso-kv") },
}

// What a run uses and did not make is the same after cleanup, whatever of the run's own was deleted
// by hand before.
func TestCleanupOfAnExistingClusterLeavesItAsItWas(t *testing.T) {
	for _, row := range rows(slices.Sorted(maps.Keys(losses)),
		[]string{"nothing"}, []string{"pod", "node pool", "key"}, []string{"the cluster", "the vault"}) {
		t.Run(strings.Join(row, " and "), func(t *testing.T) {
			t.Parallel()
			p := serve(t, "", nil)
			h := p.walk(t, used...)
			for _, name := range row {
				if err := losses[name](t.Context(), h); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			p.clean(t)
			for _, left := range slices.Sorted(maps.Keys(p.inventory(t))) {
				t.Errorf("there is still %s", left)
			}
			if !slices.Contains(row, "the cluster") {
				h.sparesCluster(t)
			}
			if !slices.Contains(row, "the vault") {
				h.sparesVault(t)
			}
		})
	}
}

// sparesCluster checks that the existing cluster is there, without anything of the run's.
func (h hand) sparesCluster(t *testing.T) {
	t.Helper()
	ctx, group := t.Context(), h.standing()
	if _, err := h.Cluster(ctx, group, "contoso-aks"); err != nil {
		t.Errorf("the cluster: %v", err)
	}
	if _, err := h.Pool(ctx, group, "contoso-aks", h.in.Pool); !azure.IsNotFound(err) {
		t.Errorf("the run's node pool: %v", err)
	}
	k, err := h.cluster(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "Namespace", Name: h.in.Namespace}); !kube.IsNotFound(err) {
		t.Errorf("the run's namespace: %v", err)
	}
	if definitions, err := k.List(ctx, kube.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"}, ""); err != nil || len(definitions) > 0 {
		t.Errorf("Strimzi's definitions: %d, %v", len(definitions), err)
	}
}

// sparesVault checks that the existing vault is there, without the run's key or roles.
func (h hand) sparesVault(t *testing.T) {
	t.Helper()
	ctx, group := t.Context(), h.standing()
	vault, err := h.Vault(ctx, group, "contoso-kv")
	if err != nil {
		t.Fatal(err)
	}
	account, err := h.Account(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := h.RoleAssignments(ctx, vault.ID, account.ObjectID); err != nil || len(found) > 0 {
		t.Errorf("the run's role assignments: %v, %v", found, err)
	}
	// To look, the operator needs a role again.
	role := azure.RoleAssignment{Name: "aaaaaaaa-0000-0000-0000-000000000001", Scope: vault.ID, RoleID: azure.RoleCryptoOfficer, PrincipalID: account.ObjectID, PrincipalType: account.PrincipalType}
	if err := h.CreateRoleAssignment(ctx, role); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Key(ctx, h.vault, h.in.Key); !azure.IsNotFound(err) {
		t.Errorf("the run's key: %v", err)
	}
	if _, err := h.DeletedKey(ctx, h.vault, h.in.Key); !azure.IsNotFound(err) {
		t.Errorf("the run's key was not purged: %v", err)
	}
}

// theirs is something that somebody else has put beside, or into, what the run made.
type theirs struct {
	args  []string
	add   func(context.Context, hand) error
	there func(context.Context, hand) error // fails where it is gone
	kept  string                            // what cleanup says that it keeps; empty: nothing needs to stay for it
	gone  func(context.Context, hand) error // fails with not-found where the run's own is gone; nil: of no matter
}

var others = map[string]theirs{
	"an identity in the resource group": {
		add: func(ctx context.Context, h hand) error {
			_, err := h.CreateIdentity(ctx, h.group, "theirs", h.in.Location, nil)
			return err
		},
		there: func(ctx context.Context, h hand) error {
			_, err := h.Identity(ctx, h.group, "theirs")
			return err
		},
		kept: "resource group",
		gone: func(ctx context.Context, h hand) error {
			_, err := h.Identity(ctx, h.group, h.in.Identity)
			return err
		},
	},
	"a key in the run's vault": {
		add:   addKey,
		there: hasKey,
		kept:  "key vault",
		gone: func(ctx context.Context, h hand) error {
			_, err := h.Cluster(ctx, h.group, h.in.Cluster)
			return err
		},
	},
	"a federated credential of the run's identity": {
		add: func(ctx context.Context, h hand) error {
			return h.CreateFederatedCredential(ctx, h.group, h.in.Identity, azure.FederatedCredential{Name: "theirs", Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:theirs", Audience: "api://AzureADTokenExchange"})
		},
		there: func(ctx context.Context, h hand) error {
			_, err := h.FederatedCredential(ctx, h.group, h.in.Identity, "theirs")
			return err
		},
		kept: "identity",
		gone: func(ctx context.Context, h hand) error {
			_, err := h.FederatedCredential(ctx, h.group, h.in.Identity, h.in.FederatedCredential)
			return err
		},
	},
	"a key in an existing vault": {args: used, add: addKey, there: hasKey},
	"a node pool in an existing cluster": {
		args: used,
		add: func(ctx context.Context, h hand) error {
			_, err := h.CreatePool(ctx, h.standing(), "contoso-aks", azure.PoolSpec{Name: "theirs", VMSize: "Standard_D4s_v5", NodeCount: 1, OSSKU: "AzureLinux"}, azure.LRO{})
			return err
		},
		there: func(ctx context.Context, h hand) error {
			_, err := h.Pool(ctx, h.standing(), "contoso-aks", "theirs")
			return err
		},
	},
	"a secret in the run's namespace of an existing cluster": {
		args: used,
		add: func(ctx context.Context, h hand) error {
			k, err := h.cluster(ctx)
			if err != nil {
				return err
			}
			return k.Apply(ctx, fmt.Appendf(nil, "{apiVersion: v1, kind: Secret, metadata: {name: theirs, namespace: %s}}", h.in.Namespace))
		},
		there: func(ctx context.Context, h hand) error {
			k, err := h.cluster(ctx)
			if err != nil {
				return err
			}
			_, err = k.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "Secret", Namespace: h.in.Namespace, Name: "theirs"})
			return err
		},
		kept: "Namespace",
	},
}

func addKey(ctx context.Context, h hand) error {
	_, err := h.CreateKey(ctx, h.vault, azure.KeySpec{Name: "theirs", Bits: 3072, ReleasePolicy: []byte(`{"version":"1.0.0","anyOf":[{"authority":"https://theirs.example","allOf":[{"claim":"a","equals":"b"}]}]}`)})
	return err
}

// hasKey takes a role for itself first: cleanup took the run's away.
func hasKey(ctx context.Context, h hand) error {
	name := h.in.Vault
	if h.in.ExistingVault != "" {
		name = h.in.ExistingVault
	}
	vault, err := h.FindVault(ctx, h.group.Subscription, name)
	if err != nil {
		return err
	}
	account, err := h.Account(ctx)
	if err != nil {
		return err
	}
	err = h.CreateRoleAssignment(ctx, azure.RoleAssignment{Name: "aaaaaaaa-0000-0000-0000-000000000002", Scope: vault.ID, RoleID: azure.RoleCryptoOfficer, PrincipalID: account.ObjectID, PrincipalType: account.PrincipalType})
	if err != nil {
		return err
	}
	if _, err := h.Key(ctx, h.vault, h.in.Key); !azure.IsNotFound(err) {
		return fmt.Errorf("the run's own key: %v", err)
	}
	_, err = h.Key(ctx, h.vault, "theirs")
	return err
}

// Cleanup never touches what the run did not make. What holds it stays, and the user is told why.
func TestCleanupLeavesOthersThings(t *testing.T) {
	for _, row := range rows(slices.Sorted(maps.Keys(others)),
		[]string{"an identity in the resource group"},
		[]string{"a key in the run's vault", "a federated credential of the run's identity"},
		[]string{"a key in an existing vault", "a node pool in an existing cluster", "a secret in the run's namespace of an existing cluster"},
	) {
		t.Run(strings.Join(row, " and "), func(t *testing.T) {
			t.Parallel()
			p := serve(t, "", nil)
			h := p.walk(t, others[row[0]].args...)
			for _, name := range row {
				if err := others[name].add(t.Context(), h); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			result := p.clean(t)
			for _, name := range row {
				others[name].check(t, h, result)
			}
			if left := p.recorded(t).Resources; len(left) > 0 {
				t.Errorf("the journal still holds what is not the run's any more: %v", left)
			}
		})
	}
}

func (o theirs) check(t *testing.T, h hand, result actions.Result) {
	t.Helper()
	if err := o.there(t.Context(), h); err != nil {
		t.Errorf("it is gone: %v", err)
	}
	if o.gone != nil {
		if err := o.gone(t.Context(), h); !azure.IsNotFound(err) {
			t.Errorf("the run's own is still there: %v", err)
		}
	}
	if o.kept == "" {
		return
	}
	if !slices.ContainsFunc(result.Kept, func(k actions.Kept) bool { return k.Kind == o.kept && strings.Contains(k.Why, "did not make") }) {
		t.Errorf("nobody was told that the %s stays: %v", o.kept, result.Kept)
	}
	if slices.ContainsFunc(result.Removed, func(r actions.Resource) bool { return r.Kind == o.kept }) {
		t.Errorf("the %s is said to be removed", o.kept)
	}
}
