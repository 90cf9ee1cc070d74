package arm

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

const (
	poolType      = clusterType + "/agentPools"
	kataIsolation = "KataCcIsolation"
)

// Source: learn.microsoft.com, naming rules, Microsoft.ContainerService, agent pools.
var poolName = rule{
	regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`), "InvalidParameter",
	"The name of a Linux pool has 1 to 12 lower-case letters and digits and begins with a letter.",
}

// Node images by operating system and runtime.
// Source: Azure/AgentBaker, pkg/agent/datamodel/sig_config.go: the last ones of Azure Linux 2.0.
const (
	imageUbuntu     = "AKSUbuntu-2204gen2containerd-202512.06.0"
	imageAzureLinux = "AKSAzureLinux-V2gen2-202512.06.0"
	imageKataCc     = "AKSAzureLinux-V2katagen2-202509.05.0"
)

// poolProperties are the part of an agent pool that is asked about here.
type poolProperties struct {
	ProvisioningState   string            `json:"provisioningState"`
	Count               int               `json:"count"`
	VMSize              string            `json:"vmSize"`
	Mode                string            `json:"mode"`
	OSType              string            `json:"osType"`
	OSSKU               string            `json:"osSKU"`
	Type                string            `json:"type"`
	WorkloadRuntime     string            `json:"workloadRuntime,omitempty"`
	OrchestratorVersion string            `json:"currentOrchestratorVersion"`
	NodeImage           string            `json:"nodeImageVersion"`
	Tags                map[string]string `json:"tags,omitempty"`
}

// profile is a pool as its cluster shows it.
type profile struct {
	Name string `json:"name"`
	poolProperties
}

type pool struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Properties poolProperties `json:"properties"`
}

func (p *pool) confidential() bool { return p.Properties.WorkloadRuntime == kataIsolation }

// makePool checks what is asked for and fills in what is not.
func (m *Manager) makePool(c *cluster, name string, p poolProperties) (*pool, error) {
	if err := poolName.check(name); err != nil {
		return nil, err
	}
	if p.Count < 1 {
		return nil, badRequest("InvalidParameter", "The value of parameter count is invalid: a pool has at least one node.")
	}
	if p.Mode == "" {
		p.Mode = "User"
	}
	if p.OSSKU == "" {
		p.OSSKU = "Ubuntu"
	}
	if p.WorkloadRuntime == "" {
		p.WorkloadRuntime = "OCIContainer"
	}
	if err := m.checkRuntime(p); err != nil {
		return nil, err
	}
	if err := m.reserve(c.Location, p.VMSize, p.Count); err != nil {
		return nil, err
	}
	p.OSType, p.Type = "Linux", "VirtualMachineScaleSets"
	p.OrchestratorVersion = c.Properties.CurrentKubernetesVersion
	p.NodeImage = nodeImage(p)
	return &pool{ID: c.ID + "/agentPools/" + name, Name: name, Type: poolType, Properties: p}, nil
}

func nodeImage(p poolProperties) string {
	switch {
	case p.WorkloadRuntime == kataIsolation:
		return imageKataCc
	case p.OSSKU == "AzureLinux":
		return imageAzureLinux
	default:
		return imageUbuntu
	}
}

// checkRuntime refuses confidential containers where feature, operating system or size do not fit.
func (m *Manager) checkRuntime(p poolProperties) error {
	switch p.WorkloadRuntime {
	case "OCIContainer":
		return nil
	case kataIsolation:
	default:
		return badRequest("InvalidParameter", "The value of parameter workloadRuntime is invalid: '%s' is not offered.", p.WorkloadRuntime)
	}
	_, gone := m.Conditions.Has("feature-missing")
	if gone || m.featureState(containerService, kataFeature) != "Registered" {
		return badRequest("PreviewFeatureNotRegistered", "Preview feature %s/%s not registered. Please see https://aka.ms/aks/previews for how to enable features.", containerService, kataFeature)
	}
	if p.OSSKU != "AzureLinux" {
		return badRequest("InvalidParameter", "Workload runtime %s is only supported with OS SKU AzureLinux, not with %s.", kataIsolation, p.OSSKU)
	}
	if s, known := findSize(p.VMSize); known && !s.confidential {
		return badRequest("InvalidParameter", "Workload runtime %s is not supported on VM size %s: it needs a size that hosts confidential child VMs, such as Standard_DC8as_cc_v5.", kataIsolation, p.VMSize)
	}
	return nil
}

// findPool returns the cluster even where the pool is missing, to tell the two absences apart.
func (m *Manager) findPool(c *call) (*cluster, *pool, error) {
	owner, err := find[*cluster](m, c, clusterType)
	if err != nil {
		return nil, nil, err
	}
	name := c.PathValue("pool")
	p, ok := owner.pools[strings.ToLower(name)]
	if !ok {
		return owner, nil, notFound("NotFound", "The agent pool '%s' was not found in managed cluster '%s'.", name, owner.Name)
	}
	return owner, p, nil
}

func (m *Manager) getPool(c *call) (answer, error) {
	_, p, err := m.findPool(c)
	return ok(p), err
}

func (m *Manager) listPools(c *call) (answer, error) {
	owner, err := find[*cluster](m, c, clusterType)
	if err != nil {
		return answer{}, err
	}
	var all []*pool
	for _, name := range slices.Sorted(maps.Keys(owner.pools)) {
		all = append(all, owner.pools[name])
	}
	return ok(page(all)), nil
}

// putPool only creates: an operation on a pool is one on its cluster, and there is one at a time.
func (m *Manager) putPool(c *call) (answer, error) {
	owner, existing, err := m.findPool(c)
	if owner == nil {
		return answer{}, err
	}
	if err := owner.idle(); err != nil {
		return answer{}, err
	}
	if existing != nil {
		return answer{}, conflict("PropertyChangeNotAllowed", "The sandbox does not change agent pools: delete '%s' and create it anew.", existing.Name)
	}
	var asked struct{ Properties poolProperties }
	if err := c.decode(&asked); err != nil {
		return answer{}, err
	}
	p, err := m.makePool(owner, c.PathValue("pool"), asked.Properties)
	if err != nil {
		return answer{}, err
	}
	p.Properties.ProvisioningState = "Creating"
	owner.pools[p.Name] = p
	owner.operation = m.begin(containerService, "pool.create",
		func(context.Context) error { return addNodes(owner, p) },
		func(failure *fault) { owner.poolSettled(p, failure) })
	return answer{status: http.StatusCreated, body: p, operation: owner.operation}, nil
}

func addNodes(c *cluster, p *pool) error {
	handle, err := c.connect()
	if err != nil {
		return err
	}
	handle.AddPool(p.Name, p.Properties.Count, p.confidential())
	return nil
}

func (c *cluster) poolSettled(p *pool, failure *fault) {
	c.operation = nil
	p.Properties.ProvisioningState = "Succeeded"
	if failure != nil {
		p.Properties.ProvisioningState = "Failed"
	}
}

// deletePool spares system pools, without which a cluster cannot live.
func (m *Manager) deletePool(c *call) (answer, error) {
	owner, p, err := m.findPool(c)
	if owner != nil && p == nil {
		return gone(), nil
	}
	if err != nil {
		return answer{}, err
	}
	if err := owner.idle(); err != nil {
		return answer{}, err
	}
	if p.Properties.Mode == "System" {
		return answer{}, badRequest("OperationNotAllowed", "The agent pool '%s' is the cluster's last system pool and cannot be deleted.", p.Name)
	}
	p.Properties.ProvisioningState = "Deleting"
	owner.operation = m.begin(containerService, "pool.delete",
		func(context.Context) error { return removeNodes(owner, p) },
		func(failure *fault) { owner.poolDeleted(p, failure) })
	return answer{status: http.StatusAccepted, operation: owner.operation}, nil
}

func removeNodes(c *cluster, p *pool) error {
	handle, err := c.connect()
	if err != nil {
		return err
	}
	handle.RemovePool(p.Name)
	return nil
}

func (c *cluster) poolDeleted(p *pool, failure *fault) {
	c.poolSettled(p, failure)
	if failure == nil {
		delete(c.pools, p.Name)
	}
}
