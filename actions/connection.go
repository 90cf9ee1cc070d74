package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// ErrNoKubeconfig means that nobody has fetched the cluster's credentials in this process.
var ErrNoKubeconfig = errors.New("no credentials of the cluster yet")

// connection is the one way to the cluster's API server, shared by the steps.
type connection struct {
	connector KubeConnector

	mu         sync.Mutex
	kubeconfig []byte
	client     Kube
}

func (c *connection) use(kubeconfig []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kubeconfig, c.client = slices.Clone(kubeconfig), nil
}

// connect holds the lock while it dials: whoever else asks meanwhile wants the same client.
func (c *connection) connect(ctx context.Context) (Kube, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != nil {
		return c.client, nil
	}
	if c.kubeconfig == nil {
		return nil, ErrNoKubeconfig
	}
	client, err := c.connector(ctx, c.kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	c.client = client
	return client, nil
}
