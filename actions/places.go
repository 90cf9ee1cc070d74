package actions

import (
	"context"
	"errors"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kube"
)

// runGroup is the resource group that holds what the run makes.
func runGroup(r *Run) azure.Group {
	return azure.Group{Subscription: r.Outputs().SubscriptionID, Name: r.Inputs().ResourceGroup}
}

// clusterPlace is the cluster's resource group and name: the run's own, or the existing one's.
func clusterPlace(r *Run) (azure.Group, string) {
	in, group := r.Inputs(), runGroup(r)
	if in.ExistingCluster == "" {
		return group, in.Cluster
	}
	if in.ClusterGroup != "" {
		group.Name = in.ClusterGroup
	}
	return group, in.ExistingCluster
}

// clusterStays tells whether the cluster was there before the run, and will be after it.
func clusterStays(r *Run) bool { return r.Inputs().ExistingCluster != "" }

func inGroup(g azure.Group, provider, name string) string {
	return g.ID() + "/providers/" + provider + "/" + name
}

func groupResource(r *Run) Resource {
	g := runGroup(r)
	return Resource{Kind: "resource group", Name: g.Name, ID: g.ID()}
}

// The kinds that have others in them.
const (
	clusterKind  = "cluster"
	identityKind = "identity"
	vaultKind    = "key vault"
)

func clusterResource(r *Run) Resource {
	g, name := clusterPlace(r)
	return Resource{Kind: clusterKind, Name: name, ID: inGroup(g, "Microsoft.ContainerService/managedClusters", name)}
}

// poolResource is what costs most: it goes with the cluster, and the journal shall know of it nevertheless.
func poolResource(r *Run) Resource {
	name := r.Inputs().Pool
	return Resource{Kind: "node pool", Name: name, ID: clusterResource(r).ID + "/agentPools/" + name}
}

func identityResource(r *Run) Resource {
	name := r.Inputs().Identity
	return Resource{Kind: identityKind, Name: name, ID: inGroup(runGroup(r), "Microsoft.ManagedIdentity/userAssignedIdentities", name)}
}

func federationResource(r *Run) Resource {
	name := r.Inputs().FederatedCredential
	return Resource{
		Kind: "federated credential", Name: name, ID: identityResource(r).ID + "/federatedIdentityCredentials/" + name,
		In: identityKind,
	}
}

func vaultResource(r *Run) Resource {
	name := r.Inputs().Vault
	return Resource{Kind: vaultKind, Name: name, ID: inGroup(runGroup(r), "Microsoft.KeyVault/vaults", name)}
}

func providerResource(r *Run) Resource {
	name := r.Inputs().AttestationProvider
	return Resource{Kind: "attestation provider", Name: name, ID: inGroup(runGroup(r), "Microsoft.Attestation/attestationProviders", name)}
}

// keyResource does not go by its place: a vault may be an old one that was recovered, with a key of that name.
func keyResource(r *Run) Resource {
	return Resource{Kind: "key", Name: r.Inputs().Key, ID: r.Outputs().VaultURI + "/keys/" + r.Inputs().Key}
}

// object is a resource of the run's inside the cluster.
func object(ref kube.Ref) Resource {
	name := ref.Name
	if ref.Namespace != "" {
		name = ref.Namespace + "/" + name
	}
	return Resource{Kind: ref.Kind, Name: name, In: clusterKind}
}

func podRef(r *Run, name string) kube.Ref {
	return kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: r.Inputs().Namespace, Name: name}
}

func serviceRef(r *Run, name string) kube.Ref {
	return kube.Ref{APIVersion: "v1", Kind: "Service", Namespace: r.Inputs().Namespace, Name: name}
}

// removeObjects deletes objects of the run's from a cluster that stays. From one that is removed
// they go with it.
func removeObjects(ctx context.Context, r *Run, refs ...kube.Ref) error {
	for _, ref := range refs {
		err := r.Remove(ctx, object(ref), func(azure.LRO) error {
			return withStayingCluster(ctx, r, func(k Kube) error { return k.Delete(ctx, ref) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// withStayingCluster does something in a cluster that was there before the run. Where the cluster
// goes, or is gone, there is nothing to do.
func withStayingCluster(ctx context.Context, r *Run, do func(Kube) error) error {
	if !clusterStays(r) {
		return nil
	}
	k, err := r.Kube(ctx)
	if errors.Is(err, ErrNoKubeconfig) {
		k, err = reconnect(ctx, r)
	}
	if azure.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return do(k)
}

// nameTaken is something that has the name the run wanted, and that the run did not make.
func nameTaken(res Resource, flag, why string) *Problem {
	return &Problem{
		ID:    "name-taken",
		Title: "There is a " + res.String() + " already, and this run did not make it",
		Why:   why,
		Remedy: []string{
			"Choose another name with --" + flag + ".",
			"Or, if it is a leftover of yours, remove it and run again.",
		},
	}
}
