package azure

import (
	"context"
	"errors"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v9"
)

// Pool reads a node pool.
func (c *Client) Pool(ctx context.Context, g Group, cluster, name string) (Pool, error) {
	pool, err := c.agentPool(ctx, g, cluster, name)
	return poolOf(pool), err
}

func (c *Client) agentPool(ctx context.Context, g Group, cluster, name string) (armcontainerservice.AgentPool, error) {
	pools, err := clientFor(c, g.Subscription, armcontainerservice.NewAgentPoolsClient)
	if err != nil {
		return armcontainerservice.AgentPool{}, err
	}
	pool, err := pools.Get(ctx, g.Name, cluster, name, nil)
	return pool.AgentPool, failed(err, "read node pool %s", name)
}

// CreatePool adds a user node pool to a cluster.
func (c *Client) CreatePool(ctx context.Context, g Group, cluster string, spec PoolSpec, op LRO) (Pool, error) {
	pools, err := clientFor(c, g.Subscription, armcontainerservice.NewAgentPoolsClient)
	if err != nil {
		return Pool{}, err
	}
	start := func(ctx context.Context, token string) (*runtime.Poller[armcontainerservice.AgentPoolsClientCreateOrUpdateResponse], error) {
		return pools.BeginCreateOrUpdate(ctx, g.Name, cluster, spec.Name, newPool(spec),
			&armcontainerservice.AgentPoolsClientBeginCreateOrUpdateOptions{ResumeToken: token})
	}
	created, err := follow(ctx, c, op, start)
	if errors.Is(err, errForgotten) {
		return c.AwaitPool(ctx, g, cluster, spec.Name, op.Progress)
	}
	return poolOf(created.AgentPool), failed(err, "create node pool %s", spec.Name)
}

func newPool(spec PoolSpec) armcontainerservice.AgentPool {
	return armcontainerservice.AgentPool{Properties: &armcontainerservice.ManagedClusterAgentPoolProfileProperties{
		Mode:   ptr(armcontainerservice.AgentPoolModeUser),
		Type:   ptr(armcontainerservice.AgentPoolTypeVirtualMachineScaleSets),
		OSType: ptr(armcontainerservice.OSTypeLinux),
		OSSKU:  ptr(armcontainerservice.OSSKU(spec.OSSKU)),
		// KataCcIsolation was never in the published enum; the service takes any text.
		WorkloadRuntime: ptr(armcontainerservice.WorkloadRuntime(spec.WorkloadRuntime)),
		VMSize:          &spec.VMSize,
		Count:           ptr(int32(spec.NodeCount)),
		Tags:            tagPointers(spec.Tags),
	}}
}

// AwaitPool follows an operation nobody has a token for, by the provisioning state.
func (c *Client) AwaitPool(ctx context.Context, g Group, cluster, name string, progress func(state string)) (Pool, error) {
	var last armcontainerservice.AgentPool
	state, err := settle(ctx, progress, func() (state string, err error) {
		last, err = c.agentPool(ctx, g, cluster, name)
		return value(value(last.Properties).ProvisioningState), err
	})
	if err == nil && !succeeded(state) {
		err = provisioningError("node pool "+name, state, value(value(last.Properties).Status).ProvisioningError)
	}
	return poolOf(last), err
}

// DeletePool removes a node pool from a cluster.
func (c *Client) DeletePool(ctx context.Context, g Group, cluster, name string, op LRO) error {
	pools, err := clientFor(c, g.Subscription, armcontainerservice.NewAgentPoolsClient)
	if err != nil {
		return err
	}
	start := func(ctx context.Context, token string) (*runtime.Poller[armcontainerservice.AgentPoolsClientDeleteResponse], error) {
		return pools.BeginDelete(ctx, g.Name, cluster, name, &armcontainerservice.AgentPoolsClientBeginDeleteOptions{ResumeToken: token})
	}
	err = remove(ctx, c, op, start, func() (string, error) {
		pool, err := c.Pool(ctx, g, cluster, name)
		return pool.State, err
	})
	return failed(err, "delete node pool %s", name)
}

func poolOf(a armcontainerservice.AgentPool) Pool {
	p := value(a.Properties)
	return Pool{
		ID:              value(a.ID),
		Name:            value(a.Name),
		State:           value(p.ProvisioningState),
		VMSize:          value(p.VMSize),
		OSSKU:           string(value(p.OSSKU)),
		WorkloadRuntime: string(value(p.WorkloadRuntime)),
		NodeImage:       value(p.NodeImageVersion),
		NodeCount:       int(value(p.Count)),
		Tags:            tagsOf(p.Tags),
	}
}

// profileOf is a pool as its cluster lists it: the same, without an id.
func profileOf(p armcontainerservice.ManagedClusterAgentPoolProfile) Pool {
	return Pool{
		Name:            value(p.Name),
		State:           value(p.ProvisioningState),
		VMSize:          value(p.VMSize),
		OSSKU:           string(value(p.OSSKU)),
		WorkloadRuntime: string(value(p.WorkloadRuntime)),
		NodeImage:       value(p.NodeImageVersion),
		NodeCount:       int(value(p.Count)),
		Tags:            tagsOf(p.Tags),
	}
}
