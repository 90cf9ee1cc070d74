package arm

import "strings"

// Estate is what exists before anyone comes: things to be named by --existing-cluster,
// --existing-vault and --managed-hsm. An empty name is nothing.
type Estate struct{ Group, Cluster, Vault, ManagedHSM string }

// settle builds the estate.
func (m *Manager) settle(e Estate) {
	if e.Group == "" {
		return
	}
	g := m.addGroup(e.Group, m.Location, nil)
	if e.Cluster != "" {
		m.settleCluster(g, e.Cluster)
	}
	if e.Vault != "" {
		v := &vault{resource: m.inherited(g, vaultType, e.Vault)}
		v.Properties = m.vaultProperties(e.Vault, vaultProperties{TenantID: m.Tenant, SKU: vaultSKU{Name: "premium"}, RBAC: true})
		v.Properties.State = "Succeeded"
		m.put(v)
	}
	if e.ManagedHSM != "" {
		m.settleHSM(g, e.ManagedHSM)
	}
}

func (m *Manager) inherited(g *group, kind, name string) resource {
	return resource{ID: g.ID + "/providers/" + kind + "/" + name, Name: name, Type: kind, Location: m.Location}
}

// settleCluster makes a cluster as many are: without OIDC issuer and workload identity.
func (m *Manager) settleCluster(g *group, name string) {
	c := m.makeCluster(g.Name, m.inherited(g, clusterType, name), clusterProperties{KubernetesVersion: inheritedVersion, DNSPrefix: name})
	c.pools["nodepool1"] = &pool{
		ID: c.ID + "/agentPools/nodepool1", Name: "nodepool1", Type: poolType,
		Properties: poolProperties{
			ProvisioningState: "Succeeded", Count: 1, VMSize: "Standard_D4s_v5", Mode: "System", OSType: "Linux", OSSKU: "AzureLinux",
			Type: "VirtualMachineScaleSets", WorkloadRuntime: "OCIContainer", OrchestratorVersion: c.Properties.CurrentKubernetesVersion, NodeImage: imageAzureLinux,
		},
	}
	c.Properties.ProvisioningState = "Succeeded"
	c.Properties.FQDN = strings.ToLower(name) + ".k8s.localhost"
	m.put(c)
	m.addGroup(c.Properties.NodeResourceGroup, m.Location, nil).ManagedBy = c.ID
}

func (m *Manager) settleHSM(g *group, name string) {
	h := &managedHSM{resource: m.inherited(g, hsmType, name)}
	h.SKU = map[string]string{"family": "B", "name": "Standard_B1"}
	h.Properties = map[string]any{
		"provisioningState": "Succeeded", "tenantId": m.Tenant, "hsmUri": m.URL(strings.ToLower(name)+".managedhsm.localhost") + "/",
		"enableSoftDelete": true, "softDeleteRetentionInDays": retentionDays, "enablePurgeProtection": true, "statusMessage": "The Managed HSM is provisioned and ready to use.",
	}
	m.put(h)
}
