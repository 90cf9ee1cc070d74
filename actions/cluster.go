package actions

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/cctui/cctui/azure"
)

// systemNodes is how many nodes a new cluster's system pool has: the article's.
const systemNodes = 1

// leastKubernetes is the first version that AKS supports confidential containers on.
const leastKubernetes = "1.25.0"

func resourceGroup() Step {
	return Step{
		ID: "resource-group", Screen: ScreenCluster, Title: "Create the resource group",
		Why:     "What the run makes lies in one group, so that it can be found, and removed.",
		Needs:   []string{"tools", "providers"},
		Reads:   []string{"resource-group", "location"},
		Typical: 5 * time.Second,
		Commands: func(in Inputs) []string {
			return []string{sh("az", "group", "create", "--name", in.ResourceGroup, "--location", in.Location)}
		},
		Probe: probeGroup,
		Run:   runGroupCreate,
		Undo:  undoGroup,
		UndoCommands: func(in Inputs) []string {
			return []string{sh("az", "group", "delete", "--name", in.ResourceGroup, "--yes")}
		},
	}
}

func probeGroup(ctx context.Context, r *Run) (bool, error) {
	group, err := r.Azure().ResourceGroup(ctx, runGroup(r))
	if azure.IsNotFound(err) || err == nil && group.State != succeeded {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for resource group %s: %w", runGroup(r).Name, err)
	}
	if !r.Owns(groupResource(r)) {
		r.Logf("Resource group %s was there before; cleanup will leave it", runGroup(r).Name)
	}
	return true, r.Update(func(o *Outputs) { o.ResourceGroup = group.ID })
}

func runGroupCreate(ctx context.Context, r *Run) error {
	if err := untilGone(ctx, r, groupResource(r), func(ctx context.Context) (string, error) {
		group, err := r.Azure().ResourceGroup(ctx, runGroup(r))
		return group.State, err
	}); err != nil {
		return err
	}
	return r.Create(ctx, groupResource(r), func(azure.LRO) error {
		group, err := r.Azure().CreateResourceGroup(ctx, runGroup(r), r.Inputs().Location, r.Tags())
		if err != nil {
			return fmt.Errorf("create resource group %s: %w", runGroup(r).Name, err)
		}
		return r.Update(func(o *Outputs) { o.ResourceGroup = group.ID })
	})
}

// untilGone waits while an earlier deletion of the same name is still under way.
func untilGone(ctx context.Context, r *Run, res Resource, state func(context.Context) (string, error)) error {
	return r.Wait(ctx, "the "+res.String()+" of an earlier run is still being removed", func(ctx context.Context) (bool, error) {
		s, err := state(ctx)
		if azure.IsNotFound(err) {
			return true, nil
		}
		return s != "Deleting", err
	})
}

func cluster() Step {
	return Step{
		ID: "cluster", Screen: ScreenCluster, Title: "Create the AKS cluster, or check the existing one",
		Why:     "It runs Kafka and the pods, and vouches for their service accounts with its OIDC issuer.",
		Needs:   []string{"resource-group"},
		Reads:   []string{"resource-group", "location", "cluster", "existing-cluster", "cluster-resource-group", "kubernetes-version", "system-vm-size"},
		Typical: 5 * time.Minute,
		Commands: func(in Inputs) []string {
			if in.ExistingCluster != "" {
				return append(existingClusterCommands(in), issuerCommand(in))
			}
			create := []string{"az", "aks", "create", "--resource-group", in.ResourceGroup, "--name", in.Cluster, "--location", in.Location,
				"--os-sku", "AzureLinux", "--node-vm-size", in.SystemVMSize, "--node-count", fmt.Sprint(systemNodes),
				"--enable-oidc-issuer", "--enable-workload-identity", "--generate-ssh-keys"}
			if version := cmp.Or(in.KubernetesVersion, KataCC().NewestKubernetes); version != "" {
				create = append(create, "--kubernetes-version", version)
			}
			return []string{sh(create...), issuerCommand(in)}
		},
		Probe: probeCluster,
		Run:   runCluster,
		Undo:  undoCluster,
		UndoCommands: func(in Inputs) []string {
			if in.ExistingCluster != "" {
				return nil
			}
			return []string{sh("az", "aks", "delete", "--resource-group", in.ResourceGroup, "--name", in.Cluster, "--yes")}
		},
	}
}

func existingClusterCommands(in Inputs) []string {
	group, name := clusterNames(in)
	return []string{
		sh("az", "aks", "show", "--resource-group", group, "--name", name, "--query", "currentKubernetesVersion", "--output", "tsv"),
		sh("az", "aks", "update", "--resource-group", group, "--name", name, "--enable-oidc-issuer", "--enable-workload-identity"),
	}
}

func issuerCommand(in Inputs) string {
	group, name := clusterNames(in)
	return capture("AKS_OIDC_ISSUER", "az", "aks", "show", "--resource-group", group, "--name", name,
		"--query", "oidcIssuerProfile.issuerUrl", "--output", "tsv")
}

// clusterNames are the resource group and name that the equivalent commands use.
func clusterNames(in Inputs) (group, name string) {
	switch {
	case in.ExistingCluster == "":
		return in.ResourceGroup, in.Cluster
	case in.ClusterGroup == "":
		return in.ResourceGroup, in.ExistingCluster
	}
	return in.ClusterGroup, in.ExistingCluster
}

func probeCluster(ctx context.Context, r *Run) (bool, error) {
	if clusterStays(r) {
		found, err := existingCluster(ctx, r)
		if err != nil || !found.OIDCIssuer || !found.WorkloadIdentity {
			return false, err
		}
		return true, recordCluster(r, found)
	}
	group, name := clusterPlace(r)
	found, err := r.Azure().Cluster(ctx, group, name)
	switch {
	case azure.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for cluster %s: %w", name, err)
	case !r.Owns(clusterResource(r)):
		return false, nameTaken(clusterResource(r), "cluster", "To use this very cluster, name it with --existing-cluster: then cleanup leaves it alone.")
	case underWay(found.State):
		return false, nil
	}
	if err := checkState(clusterResource(r), found.State); err != nil {
		return false, err
	}
	return true, recordCluster(r, found)
}

func runCluster(ctx context.Context, r *Run) error {
	if clusterStays(r) {
		return enableIdentities(ctx, r)
	}
	version, err := newVersion(ctx, r)
	if err != nil {
		return err
	}
	return r.Create(ctx, clusterResource(r), func(op azure.LRO) error {
		made, err := createCluster(ctx, r, version, op)
		if err != nil {
			return fmt.Errorf("create cluster %s: %w", r.Inputs().Cluster, err)
		}
		return recordCluster(r, made)
	})
}

// createCluster follows the operation an earlier process began: by its token, or, where that was
// lost, by the cluster's state. Asking for the cluster a second time would be refused.
func createCluster(ctx context.Context, r *Run, version string, op azure.LRO) (azure.Cluster, error) {
	in := r.Inputs()
	group, name := clusterPlace(r)
	if op.ResumeToken == "" {
		found, err := r.Azure().Cluster(ctx, group, name)
		if err == nil && underWay(found.State) {
			return r.Azure().AwaitCluster(ctx, group, name, op.Progress)
		}
	}
	return r.Azure().CreateCluster(ctx, group, azure.ClusterSpec{
		Name: name, Location: in.Location, KubernetesVersion: version,
		VMSize: in.SystemVMSize, NodeCount: systemNodes, Tags: r.Tags(),
	}, op)
}

// existingCluster reads the cluster the user named, waits for what is under way in it, and checks it.
func existingCluster(ctx context.Context, r *Run) (azure.Cluster, error) {
	group, name := clusterPlace(r)
	found, err := r.Azure().Cluster(ctx, group, name)
	if azure.IsNotFound(err) {
		return found, wrongInput("cluster-missing", fmt.Sprintf("There is no cluster %s in resource group %s", name, group.Name),
			"existing-cluster", []string{"az aks list --output table shows the clusters of the subscription; --cluster-resource-group names their group"})
	}
	if err == nil && underWay(found.State) {
		found, err = r.Azure().AwaitCluster(ctx, group, name, func(state string) { r.Progress(state, -1) })
	}
	if err != nil {
		return found, fmt.Errorf("read cluster %s: %w", name, err)
	}
	if err := checkState(clusterResource(r), found.State); err != nil {
		return found, err
	}
	if older(found.KubernetesVersion, leastKubernetes) {
		return found, &Problem{
			ID: "cluster-too-old", Title: fmt.Sprintf("Cluster %s runs Kubernetes %s; %s or later is needed", name, found.KubernetesVersion, leastKubernetes),
			Remedy:   []string{"Upgrade the cluster, or let cctui make a new one: leave --existing-cluster away."},
			Commands: []string{sh("az", "aks", "get-upgrades", "--resource-group", group.Name, "--name", name, "--output", "table")},
		}
	}
	return found, nil
}

// enableIdentities switches on what the pods need to sign in. Both stay on: whatever else has come
// to use them meanwhile would break without.
func enableIdentities(ctx context.Context, r *Run) error {
	group, name := clusterPlace(r)
	r.Logf("Enabling OIDC issuer and workload identity in cluster %s; cleanup leaves them on", name)
	update := azure.ClusterUpdate{OIDCIssuer: true, WorkloadIdentity: true}
	found, err := r.Azure().UpdateCluster(ctx, group, name, update, azure.LRO{Progress: func(state string) { r.Progress(state, -1) }})
	if err != nil {
		return fmt.Errorf("enable workload identity in cluster %s: %w", name, err)
	}
	return recordCluster(r, found)
}

func recordCluster(r *Run, c azure.Cluster) error {
	return r.Update(func(o *Outputs) {
		o.ClusterID, o.ClusterVersion, o.NodeGroup, o.IssuerURL = c.ID, c.KubernetesVersion, c.NodeGroup, c.IssuerURL
		o.APIServer = "https://" + c.FQDN
	})
}

func undoCluster(ctx context.Context, r *Run) error {
	if clusterStays(r) {
		r.Keep(clusterResource(r), "it was there before this run")
		return nil
	}
	group, name := clusterPlace(r)
	err := r.Remove(ctx, clusterResource(r), func(op azure.LRO) error {
		if err := r.Azure().DeleteCluster(ctx, group, name, op); err != nil {
			return fmt.Errorf("delete cluster %s: %w", name, err)
		}
		return verifyGone(clusterResource(r), func() error {
			_, err := r.Azure().Cluster(ctx, group, name)
			return err
		})
	})
	if err != nil || !r.Owns(poolResource(r)) {
		return err
	}
	return r.Remove(ctx, poolResource(r), func(azure.LRO) error { return nil }) // it went with its cluster
}

func credentials() Step {
	return Step{
		ID: "credentials", Screen: ScreenCluster, Title: "Get the cluster's credentials",
		Why:     "They stay in memory: your kubeconfig is not touched.",
		Needs:   []string{"cluster"},
		Typical: 5 * time.Second,
		Commands: func(in Inputs) []string {
			group, name := clusterNames(in)
			return []string{
				"# By hand they lie in a file of their own, here.",
				`export KUBECONFIG="$PWD/` + name + `.kubeconfig"`,
				sh("az", "aks", "get-credentials", "--resource-group", group, "--name", name, "--file", variable("KUBECONFIG"), "--overwrite-existing"),
				"kubectl version",
			}
		},
		Run: func(ctx context.Context, r *Run) error {
			k, err := reconnect(ctx, r)
			if err != nil {
				return err
			}
			version, err := k.Version(ctx)
			if err != nil {
				return fmt.Errorf("ask the API server for its version: %w", err)
			}
			r.Logf("The API server answers: Kubernetes %s", version)
			return nil
		},
	}
}

// reconnect fetches the cluster's credentials anew: those of an earlier process are gone with it.
func reconnect(ctx context.Context, r *Run) (Kube, error) {
	group, name := clusterPlace(r)
	kubeconfig, err := r.Azure().ClusterCredentials(ctx, group, name)
	if err != nil {
		return nil, fmt.Errorf("get the credentials of cluster %s: %w", name, err)
	}
	r.UseKubeconfig(kubeconfig)
	return r.Kube(ctx)
}
