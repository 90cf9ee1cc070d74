package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cctui/cctui/azure"
)

func availability() Step {
	return Step{
		ID: "availability", Screen: ScreenPrerequisites, Title: "Check that it can be had here",
		Why:     "Feature, Kubernetes version, machine size, quota and rights are read before anything that costs money is made.",
		Needs:   []string{"sign-in"},
		Reads:   []string{"location", "resource-group", "cluster", "existing-cluster", "cluster-resource-group", "kubernetes-version", "vm-size", "system-vm-size", "node-pool", "nodes", "existing-vault", "managed-hsm"},
		Typical: 10 * time.Second,
		Commands: func(in Inputs) []string {
			p := KataCC()
			return []string{
				sh("az", "feature", "show", "--namespace", p.FeatureNamespace, "--name", p.FeatureName, "--query", "properties.state", "--output", "tsv"),
				sh("az", "aks", "get-versions", "--location", in.Location, "--output", "table"),
				sh("az", "vm", "list-skus", "--location", in.Location, "--size", in.VMSize, "--all", "--query", "[].restrictions"),
				sh("az", "vm", "list-usage", "--location", in.Location, "--output", "table"),
				sh("az", "role", "assignment", "list", "--include-inherited", "--scope", "/subscriptions/"+variable("SUBSCRIPTION_ID"), "--output", "table"),
			}
		},
		Run: runAvailability,
	}
}

// runAvailability reads everything and writes nothing. The order is that of what rules out most.
func runAvailability(ctx context.Context, r *Run) error {
	if word := r.Profile().Retired; word != "" {
		r.Logf("%s What your subscription answers today is what counts.", word)
	}
	region, err := poolRegion(ctx, r)
	if err != nil {
		return err
	}
	for _, check := range []func(context.Context, *Run) error{
		checkFeature,
		checkVersion,
		func(ctx context.Context, r *Run) error { return checkCapacity(ctx, r, region) },
		checkNamedVault,
		checkPermissions,
	} {
		if err := check(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// poolRegion is where the node pool will be: an existing cluster need not be where the rest is made.
func poolRegion(ctx context.Context, r *Run) (string, error) {
	if !clusterStays(r) {
		return r.Inputs().Location, nil
	}
	cluster, err := existingCluster(ctx, r)
	return cluster.Location, err
}

func checkFeature(ctx context.Context, r *Run) error {
	p := r.Profile()
	state, err := r.Azure().Feature(ctx, r.Outputs().SubscriptionID, p.FeatureNamespace, p.FeatureName)
	var refusal *azure.Error
	if azure.IsNotFound(err) || errors.As(err, &refusal) && refusal.Code == "FeatureNotFound" {
		return &Problem{
			ID: "feature-missing", Class: ClassAvailability,
			Title:  fmt.Sprintf("Azure knows no feature %s/%s in this subscription", p.FeatureNamespace, p.FeatureName),
			Why:    "Without it AKS refuses confidential node pools. " + p.Retired,
			Remedy: []string{"Try the walkthrough with --sandbox.", "Look at Microsoft's successor: confidential containers on Azure Container Instances, by virtual nodes."},
			Commands: []string{
				sh("az", "feature", "show", "--namespace", p.FeatureNamespace, "--name", p.FeatureName),
			},
			Links: []string{"https://github.com/Azure/AKS/issues/3781", "https://github.com/microsoft/virtualnodesOnAzureContainerInstances"},
		}
	}
	if err != nil {
		return fmt.Errorf("read feature %s: %w", p.FeatureName, err)
	}
	r.Logf("Feature %s: %s", p.FeatureName, state)
	return r.Update(func(o *Outputs) { o.FeatureState = state })
}

// machines are virtual machines of one size that the run is going to add.
type machines struct {
	size  azure.VMSize
	count int
}

// checkCapacity counts what is not there yet: after an interrupted run a part of the quota is used by the run itself.
func checkCapacity(ctx context.Context, r *Run, region string) error {
	wanted, err := missingMachines(ctx, r, region)
	if err != nil {
		return err
	}
	needed := map[string]int{}
	for _, m := range wanted {
		needed[m.size.Family] += m.count * m.size.VCPUs
	}
	for i, m := range wanted {
		quota, err := r.Azure().Quota(ctx, r.Outputs().SubscriptionID, region, m.size.Family)
		if err != nil {
			return fmt.Errorf("read the quota of %s: %w", m.size.Family, err)
		}
		if quota.Free() < needed[m.size.Family] {
			return quotaShort(r, region, quota, needed[m.size.Family])
		}
		if i == 0 {
			r.Logf("Quota of %s in %s: %d of %d vCPUs free, %d needed", quota.Family, region, quota.Free(), quota.Limit, needed[quota.Family])
			if err := r.Update(func(o *Outputs) { o.QuotaFamily, o.QuotaFree = quota.Family, quota.Free() }); err != nil {
				return err
			}
		}
	}
	return nil
}

func missingMachines(ctx context.Context, r *Run, region string) ([]machines, error) {
	in := r.Inputs()
	group, name := clusterPlace(r)
	var list []machines
	add := func(size string, count int, flag string) error {
		offered, err := offeredSize(ctx, r, region, size, flag)
		list = append(list, machines{offered, count})
		return err
	}
	if _, err := r.Azure().Pool(ctx, group, name, in.Pool); azure.IsNotFound(err) {
		if err := add(in.VMSize, in.PoolNodes, "vm-size"); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, fmt.Errorf("look for node pool %s: %w", in.Pool, err)
	}
	if clusterStays(r) {
		return list, nil
	}
	if _, err := r.Azure().Cluster(ctx, group, name); azure.IsNotFound(err) {
		return list, add(in.SystemVMSize, systemNodes, "system-vm-size")
	} else if err != nil {
		return nil, fmt.Errorf("look for cluster %s: %w", name, err)
	}
	return list, nil
}

func offeredSize(ctx context.Context, r *Run, region, name, flag string) (azure.VMSize, error) {
	size, err := r.Azure().VMSize(ctx, r.Outputs().SubscriptionID, region, name)
	reason := size.Restriction
	if azure.IsNotFound(err) {
		reason, err = "not in the region's list", nil
	}
	if err != nil {
		return size, fmt.Errorf("look for size %s: %w", name, err)
	}
	if reason == "" {
		return size, nil
	}
	return size, &Problem{
		ID: "sku-not-offered", Class: ClassAvailability,
		Title:  fmt.Sprintf("%s is not offered to this subscription in %s", name, region),
		Why:    "Azure says: " + Sanitize(reason, maxLine) + ". Confidential child machines need this family; other sizes will not do.",
		Remedy: []string{"Choose another region with --location or another size with --" + flag + ".", "Ask for access to the size with a support request."},
		Commands: []string{
			sh("az", "vm", "list-skus", "--location", region, "--size", name, "--all", "--output", "table"),
		},
	}
}

func quotaShort(r *Run, region string, quota azure.Quota, needed int) error {
	scope := "/subscriptions/" + r.Outputs().SubscriptionID + "/providers/Microsoft.Compute/locations/" + region
	limit := quota.Used + needed
	return &Problem{
		ID: "quota-zero", Class: ClassAvailability,
		Title: fmt.Sprintf("The quota of %s in %s does not suffice: %d vCPUs needed, %d of %d free", quota.Family, region, needed, quota.Free(), quota.Limit),
		Why:   "Azure grants vCPUs family by family, and new subscriptions have none of the confidential ones.",
		Remedy: []string{
			fmt.Sprintf("Ask for a limit of %d vCPUs: with the command below, or in the portal under Quotas, Compute.", limit),
			"Or take fewer nodes with --nodes, or another region with --location.",
		},
		Commands: []string{
			"az extension add --name quota",
			sh("az", "quota", "update", "--resource-name", quota.Family, "--resource-type", "dedicated", "--scope", scope, "--limit-object", fmt.Sprintf("value=%d", limit)),
		},
		Links: []string{"https://portal.azure.com/#view/Microsoft_Azure_Capacity/QuotaMenuBlade/~/myQuotas"},
	}
}

// checkNamedVault looks at an existing vault or HSM before anything is made that would be useless without it.
func checkNamedVault(ctx context.Context, r *Run) error {
	if in := r.Inputs(); in.ExistingVault == "" && in.ManagedHSM == "" {
		return nil
	}
	_, err := namedVault(ctx, r)
	return err
}

// right is an action the run needs at a scope.
type right struct{ action, scope string }

const writeRoleAssignments = "Microsoft.Authorization/roleAssignments/write"

func checkPermissions(ctx context.Context, r *Run) error {
	rights, err := neededRights(ctx, r)
	if err != nil {
		return err
	}
	granted := map[string][]azure.Permissions{}
	for _, need := range rights {
		if _, asked := granted[need.scope]; !asked {
			if granted[need.scope], err = r.Azure().Permissions(ctx, need.scope); err != nil {
				return fmt.Errorf("read what this account may do: %w", err)
			}
		}
		if !allows(granted[need.scope], need.action) {
			return missingRight(r, need)
		}
	}
	return nil
}

// neededRights are fewer where things exist already.
func neededRights(ctx context.Context, r *Run) ([]right, error) {
	subscription, scope := "/subscriptions/"+r.Outputs().SubscriptionID, runGroup(r).ID()
	var rights []right
	_, err := r.Azure().ResourceGroup(ctx, runGroup(r))
	switch {
	case azure.IsNotFound(err):
		scope = subscription
		rights = append(rights, right{"Microsoft.Resources/subscriptions/resourceGroups/write", scope})
	case err != nil:
		return nil, fmt.Errorf("look for resource group %s: %w", runGroup(r).Name, err)
	}
	rights = append(rights, right{"Microsoft.ManagedIdentity/userAssignedIdentities/write", scope})
	if clusterStays(r) {
		rights = append(rights, right{"Microsoft.ContainerService/managedClusters/agentPools/write", clusterResource(r).ID})
	} else {
		rights = append(rights, right{"Microsoft.ContainerService/managedClusters/write", scope})
	}
	switch in := r.Inputs(); {
	case in.ManagedHSM != "": // its roles are its own, not Resource Manager's
	case in.ExistingVault != "":
		vault, err := namedVault(ctx, r)
		return append(rights, right{writeRoleAssignments, vault.ID}), err
	default:
		rights = append(rights, right{"Microsoft.KeyVault/vaults/write", scope}, right{writeRoleAssignments, scope})
	}
	return rights, nil
}

func missingRight(r *Run, need right) error {
	p := &Problem{
		ID: "no-permission", Class: ClassAvailability,
		Title:  fmt.Sprintf("%s may not do %s", r.Outputs().AccountName, need.action),
		Why:    "The walkthrough needs this at " + need.scope + ".",
		Remedy: []string{"Have somebody with the role Owner grant you Contributor there."},
	}
	role := "Contributor"
	if need.action == writeRoleAssignments {
		p.ID = "no-role-permission"
		p.Why = "The pod's identity must be given a role at the vault, and you one to make the key. Contributor does not include that."
		p.Remedy = []string{"Have somebody with the role Owner grant you User Access Administrator or Key Vault Data Access Administrator."}
		role = "User Access Administrator"
	}
	p.Commands = []string{sh("az", "role", "assignment", "create", "--role", role,
		"--assignee-object-id", r.Outputs().AccountObjectID, "--assignee-principal-type", r.Outputs().AccountType, "--scope", need.scope)}
	return p
}

// allows tells whether one of the roles allows the action. What another one excepts does not count.
func allows(roles []azure.Permissions, action string) bool {
	return slices.ContainsFunc(roles, func(role azure.Permissions) bool { return role.Allow(action) })
}
