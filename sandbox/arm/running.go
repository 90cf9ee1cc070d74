package arm

import "strings"

// letGo takes the running cluster away, for the caller to close without the lock; nil where none runs.
func (c *cluster) letGo() func() error {
	if c.handle == nil {
		return nil
	}
	shut := c.handle.Close
	c.handle = nil
	return shut
}

// start runs Kubernetes, and shows what only a running cluster has.
func (m *Manager) start(c *cluster) error {
	handle, err := c.connect()
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Properties.OIDCIssuer.Enabled {
		c.Properties.OIDCIssuer.URL = handle.Issuer()
	}
	c.Properties.FQDN = strings.ToLower(c.Name) + ".k8s.localhost"
	return nil
}

// connector starts Kubernetes at most once, for whoever needs it first.
func (m *Manager) connector(c *cluster, groupName string) func() (ClusterHandle, error) {
	var pending chan struct{}
	var failure error
	return func() (ClusterHandle, error) {
		m.mu.Lock()
		if pending == nil {
			pending = make(chan struct{})
			request := c.request(groupName)
			m.work.Go(func() {
				handle, err := m.Clusters.Create(m.lifetime, request)
				m.mu.Lock()
				defer m.mu.Unlock()
				c.handle, failure = handle, err
				close(pending)
			})
		}
		m.mu.Unlock()
		<-pending
		m.mu.Lock()
		defer m.mu.Unlock()
		if c.handle == nil && failure == nil {
			return nil, conflict("OperationNotAllowed", "The managed cluster '%s' is being deleted.", c.Name)
		}
		return c.handle, failure
	}
}

// request is what Kubernetes needs to know of the cluster; user pools are added to it later.
func (c *cluster) request(groupName string) ClusterRequest {
	r := ClusterRequest{Name: c.Name, Group: groupName, Location: c.Location, Version: c.Properties.CurrentKubernetesVersion}
	for name, p := range c.pools {
		if p.Properties.Mode == "System" {
			r.SystemPool, r.SystemNodes = name, p.Properties.Count
		}
	}
	return r
}

// listCredentials runs without the lock, because the cluster may have to be started first.
func (m *Manager) listCredentials(c *call) (answer, error) {
	found, err := m.readyCluster(c)
	if err != nil {
		return answer{}, err
	}
	handle, err := found.connect()
	if err != nil {
		return answer{}, err
	}
	return ok(map[string]any{"kubeconfigs": []map[string]any{{"name": "clusterUser", "value": handle.Kubeconfig()}}}), nil
}

// readyCluster is a cluster that has an API server, or will have one when asked.
func (m *Manager) readyCluster(c *call) (*cluster, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, err := find[*cluster](m, c, clusterType)
	if err != nil {
		return nil, err
	}
	if state := found.Properties.ProvisioningState; state == "Creating" || state == "Deleting" {
		return nil, badRequest("BadRequest", "The cluster '%s' has no credentials while it is %s.", found.Name, strings.ToLower(state))
	}
	return found, nil
}
