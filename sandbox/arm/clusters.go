package arm

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

const clusterType = containerService + "/managedClusters"

// Source: learn.microsoft.com, naming rules, Microsoft.ContainerService.
var clusterName = rule{
	regexp.MustCompile(`^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$`), "InvalidParameter",
	"A cluster name has 1 to 63 letters, digits, '_' or '-', and begins and ends with a letter or digit.",
}

// versions are the Kubernetes minors on offer, with the patch a new cluster gets.
var versions = map[string]string{"1.30": "1.30.14", "1.31": "1.31.13", "1.32": "1.32.9", "1.33": "1.33.5", "1.34": "1.34.1"}

// What a cluster gets that asks for none, and what the one has that is older than the run.
const (
	defaultVersion   = "1.33"
	inheritedVersion = "1.31"
)

type toggle struct {
	Enabled bool `json:"enabled"`
}

// clusterProperties is the part of a managed cluster that is asked about here.
type clusterProperties struct {
	ProvisioningState        string            `json:"provisioningState"`
	PowerState               map[string]string `json:"powerState"`
	KubernetesVersion        string            `json:"kubernetesVersion"`
	CurrentKubernetesVersion string            `json:"currentKubernetesVersion"`
	DNSPrefix                string            `json:"dnsPrefix"`
	FQDN                     string            `json:"fqdn,omitempty"`
	NodeResourceGroup        string            `json:"nodeResourceGroup"`
	EnableRBAC               bool              `json:"enableRBAC"`
	Pools                    []profile         `json:"agentPoolProfiles"`
	OIDCIssuer               oidcIssuer        `json:"oidcIssuerProfile"`
	Security                 securityProfile   `json:"securityProfile"`
	AAD                      json.RawMessage   `json:"aadProfile,omitempty"`
	Network                  map[string]string `json:"networkProfile"`
}

type oidcIssuer struct {
	Enabled bool   `json:"enabled"`
	URL     string `json:"issuerURL,omitempty"`
}

type securityProfile struct {
	WorkloadIdentity *toggle `json:"workloadIdentity,omitempty"`
}

func (s securityProfile) workloadIdentity() bool {
	return s.WorkloadIdentity != nil && s.WorkloadIdentity.Enabled
}

// cluster is a managed cluster. Kubernetes itself runs once somebody needs it.
type cluster struct {
	resource
	Properties clusterProperties `json:"properties"`

	pools     map[string]*pool
	operation *operation
	handle    ClusterHandle // nil until it runs
	connect   func() (ClusterHandle, error)
}

// busy is also said of the cluster while one of its pools changes.
func (c *cluster) busy() *operation { return c.operation }

// removed takes the node resource group along.
func (c *cluster) removed(m *Manager) func() error {
	delete(m.groups, strings.ToLower(c.Properties.NodeResourceGroup))
	return c.letGo()
}

// MarshalJSON shows the pools as they stand.
func (c *cluster) MarshalJSON() ([]byte, error) {
	type plain cluster
	shown := plain(*c)
	for _, name := range slices.Sorted(maps.Keys(c.pools)) {
		shown.Properties.Pools = append(shown.Properties.Pools, profile{Name: name, poolProperties: c.pools[name].Properties})
	}
	return json.Marshal(shown)
}

// clusterBody is what a PUT may ask for.
type clusterBody struct {
	Location   string
	Tags       map[string]string
	Properties clusterProperties
}

// putCluster creates a cluster or updates one: there is no PATCH for what is updated here.
func (m *Manager) putCluster(c *call) (answer, error) {
	var asked clusterBody
	if err := c.decode(&asked); err != nil {
		return answer{}, err
	}
	existing, err := find[*cluster](m, c, clusterType)
	if err == nil {
		return m.updateCluster(existing, asked)
	}
	return m.createCluster(c, asked)
}

// createCluster answers as soon as it has checked; Kubernetes starts in the operation.
func (m *Manager) createCluster(c *call, asked clusterBody) (answer, error) {
	head, err := m.newResource(c, clusterType, asked.Location, asked.Tags)
	if err != nil {
		return answer{}, err
	}
	if err := m.checkCluster(head, &asked.Properties); err != nil {
		return answer{}, err
	}
	made := m.makeCluster(c.PathValue("group"), head, asked.Properties)
	if err := m.addSystemPools(made, asked.Properties.Pools); err != nil {
		return answer{}, err
	}
	m.put(made)
	m.addGroup(made.Properties.NodeResourceGroup, head.Location, nil).ManagedBy = head.ID
	made.Properties.ProvisioningState = "Creating"
	made.operation = m.begin(containerService, "cluster.create",
		func(context.Context) error { return m.start(made) },
		func(failure *fault) { made.settle(failure) })
	return answer{status: http.StatusCreated, body: made, operation: made.operation}, nil
}

// checkCluster refuses what AKS refuses before it begins.
func (m *Manager) checkCluster(head resource, p *clusterProperties) error {
	if err := clusterName.check(head.Name); err != nil {
		return err
	}
	if p.DNSPrefix == "" {
		return badRequest("InvalidParameter", "Required parameter dnsPrefix is missing or its value is empty.")
	}
	if len(p.Pools) == 0 {
		return badRequest("InvalidParameter", "Required parameter agentPoolProfiles is missing: a cluster has at least one system pool.")
	}
	if p.KubernetesVersion == "" {
		p.KubernetesVersion = defaultVersion
	}
	if _, err := m.fullVersion(p.KubernetesVersion); err != nil {
		return err
	}
	return checkIdentity(*p)
}

// checkIdentity refuses tokens that nobody could verify.
func checkIdentity(p clusterProperties) error {
	if p.Security.workloadIdentity() && !p.OIDCIssuer.Enabled {
		return badRequest("InvalidParameter", "Workload identity needs the OIDC issuer: enable oidcIssuerProfile as well.")
	}
	return nil
}

// listVersions is what "az aks get-versions" shows.
func (m *Manager) listVersions(c *call) (answer, error) {
	if err := m.registered(containerService); err != nil {
		return answer{}, err
	}
	if _, err := normalLocation(c.PathValue("location"), "NoRegisteredProviderFound", containerService); err != nil {
		return answer{}, err
	}
	offered := []any{}
	for _, minor := range slices.Sorted(maps.Keys(versions)) {
		if !m.withdrawn(minor) {
			offered = append(offered, map[string]any{
				"version": minor, "isDefault": minor == defaultVersion, "isPreview": false,
				"capabilities":  map[string]any{"supportPlan": []string{"KubernetesOfficial", "AKSLongTermSupport"}},
				"patchVersions": map[string]any{versions[minor]: map[string]any{"upgrades": []string{}}},
			})
		}
	}
	return ok(map[string]any{"values": offered}), nil
}

// withdrawn tells whether a minor is one of those with confidential nodes, and they are no longer offered.
func (m *Manager) withdrawn(minor string) bool {
	_, on := m.Conditions.Has("kubernetes-new")
	return on && minor <= inheritedVersion
}

func minorOf(version string) string {
	if strings.Count(version, ".") == 2 {
		return version[:strings.LastIndex(version, ".")]
	}
	return version
}

// fullVersion completes a minor version, and refuses what is not on offer.
func (m *Manager) fullVersion(version string) (string, error) {
	minor := minorOf(version)
	full, ok := versions[minor]
	if !ok || m.withdrawn(minor) || (version != minor && version != full) {
		return "", badRequest("K8sVersionNotSupported", "Managed cluster is on version %s, which is not supported in this region. Please use [az aks get-versions] command to get the supported version list in this region. For more information, please check https://aka.ms/supported-version-list", version)
	}
	return full, nil
}

// makeCluster fills in what Azure decides itself.
func (m *Manager) makeCluster(groupName string, head resource, p clusterProperties) *cluster {
	current := versions[minorOf(p.KubernetesVersion)] // checked before
	made := &cluster{resource: head, pools: map[string]*pool{}}
	made.SKU = map[string]string{"name": "Base", "tier": "Free"}
	made.Identity = map[string]string{"type": "SystemAssigned", "tenantId": m.Tenant}
	made.Properties = p
	made.Properties.CurrentKubernetesVersion = current
	made.Properties.NodeResourceGroup = "MC_" + groupName + "_" + head.Name + "_" + head.Location
	made.Properties.PowerState = map[string]string{"code": "Running"}
	made.Properties.Network = map[string]string{"networkPlugin": "azure", "loadBalancerSku": "standard"}
	made.Properties.EnableRBAC = true
	made.Properties.OIDCIssuer.URL, made.Properties.Pools = "", nil
	made.connect = m.connector(made, groupName)
	return made
}

// addSystemPools are those a cluster is created with; they come and go with it.
func (m *Manager) addSystemPools(c *cluster, pools []profile) error {
	for _, p := range pools {
		if p.Mode == "" {
			p.Mode = "System"
		}
		made, err := m.makePool(c, p.Name, p.poolProperties)
		if err != nil {
			return err
		}
		made.Properties.ProvisioningState = "Succeeded"
		c.pools[p.Name] = made
	}
	return nil
}

// updateCluster enables the OIDC issuer and workload identity; AKS cannot disable the former.
func (m *Manager) updateCluster(c *cluster, asked clusterBody) (answer, error) {
	if err := c.idle(); err != nil {
		return answer{}, err
	}
	if c.Properties.OIDCIssuer.Enabled && !asked.Properties.OIDCIssuer.Enabled {
		return answer{}, badRequest("OIDCIssuerFeatureCannotBeDisabled", "The OIDC issuer feature cannot be disabled.")
	}
	if err := checkIdentity(asked.Properties); err != nil {
		return answer{}, err
	}
	c.Tags = asked.Tags
	c.Properties.OIDCIssuer.Enabled = asked.Properties.OIDCIssuer.Enabled
	c.Properties.Security = asked.Properties.Security
	c.Properties.ProvisioningState = "Updating"
	c.operation = m.begin(containerService, "cluster.update",
		func(context.Context) error { return m.start(c) },
		func(failure *fault) { c.settle(failure) })
	return answer{status: http.StatusOK, body: c, operation: c.operation}, nil
}

// settle ends an operation on the cluster itself.
func (c *cluster) settle(failure *fault) {
	c.operation = nil
	c.Properties.ProvisioningState = "Succeeded"
	if failure != nil {
		c.Properties.ProvisioningState = "Failed"
	}
}

// idle refuses a second operation on a cluster or its pools.
func (c *cluster) idle() error {
	if c.operation == nil {
		return nil
	}
	return conflict("OperationNotAllowed", "Operation is not allowed because there's an in progress operation (%s) on the managed cluster '%s' started at %s. Please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details.",
		c.Properties.ProvisioningState, c.Name, c.operation.began.UTC().Format(time.RFC3339))
}

// deleteCluster refuses a busy cluster, as AKS does; one that failed can always be deleted.
func (m *Manager) deleteCluster(c *call) (answer, error) {
	found, err := find[*cluster](m, c, clusterType)
	if isCode(err, "ResourceNotFound") {
		return gone(), nil
	}
	if err != nil {
		return answer{}, err
	}
	if err := found.idle(); err != nil {
		return answer{}, err
	}
	found.Properties.ProvisioningState = "Deleting"
	found.operation = m.begin(containerService, "cluster.delete",
		func(context.Context) error { return m.stopCluster(found) },
		func(failure *fault) { m.clusterDeleted(found, failure) })
	return answer{status: http.StatusAccepted, operation: found.operation}, nil
}

func (m *Manager) stopCluster(c *cluster) error {
	m.mu.Lock()
	shut := c.letGo()
	m.mu.Unlock()
	return run(shut)
}

func (m *Manager) clusterDeleted(c *cluster, failure *fault) {
	if failure != nil {
		c.settle(failure)
		return
	}
	c.operation = nil
	m.drop(c)
}
