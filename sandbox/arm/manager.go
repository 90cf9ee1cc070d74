// Package arm is the sandbox's Azure Resource Manager: the part of its REST interface that
// the walkthrough uses, with the refusals it is known for. State lives in the server, so
// that operations go on when their client dies. It knows clusters and vaults only by what is
// managed about them; what runs inside is behind Clusters and Options.VaultPurged.
package arm

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/cctui/cctui/sandbox/conditions"
	"github.com/cctui/cctui/sandbox/entra"
)

// ClusterRequest is what Resource Manager asks of Kubernetes.
type ClusterRequest struct {
	Name, Group, Location, Version string
	SystemPool                     string
	SystemNodes                    int
}

// Clusters make Kubernetes clusters.
type Clusters interface {
	Create(ctx context.Context, r ClusterRequest) (ClusterHandle, error)
}

// ClusterHandle is a running cluster.
type ClusterHandle interface {
	Issuer() string
	Kubeconfig() []byte
	AddPool(name string, count int, confidential bool)
	RemovePool(name string)
	Close() error
}

// Options are what a manager is made of.
type Options struct {
	// URL is the https URL of one of the sandbox's hosts, e.g. "management.localhost".
	URL                            func(host string) string
	Tenant, Subscription, Location string
	// Authenticate tells who sent a request, by its token for Resource Manager.
	Authenticate func(*http.Request) (entra.Principal, error)
	// Owners may do anything in the subscription.
	Owners     []entra.Principal
	Conditions conditions.Conditions
	Clusters   Clusters
	// VaultPurged is told when the keys of a vault are to be forgotten.
	VaultPurged func(name string)
	Estate      Estate
}

// Manager is one subscription.
type Manager struct {
	Options
	// lifetime is what operations run under: they outlive the request that began them.
	lifetime context.Context
	stop     context.CancelFunc
	work     sync.WaitGroup

	mu            sync.Mutex
	operations    map[string]*operation
	groups        map[string]*group // by lower-case name
	resources     map[string]item   // by lower-case id
	deletedVaults map[string]*deletedVault
	assignments   map[string]*assignment // by lower-case id
	features      map[string]time.Time   // when registration was asked for, by lower-case namespace/name
	providers     map[string]time.Time   // likewise, by lower-case namespace
}

// New makes a subscription in which nothing but the estate exists.
func New(o Options) *Manager {
	m := &Manager{
		Options:       o,
		operations:    map[string]*operation{},
		groups:        map[string]*group{},
		resources:     map[string]item{},
		deletedVaults: map[string]*deletedVault{},
		assignments:   map[string]*assignment{},
		features:      map[string]time.Time{},
		providers:     map[string]time.Time{},
	}
	m.lifetime, m.stop = context.WithCancel(context.Background())
	m.settle(o.Estate)
	return m
}

// Close ends the operations under way and the clusters.
func (m *Manager) Close() error {
	m.stop()
	m.work.Wait()
	var errs []error
	for _, shut := range m.letGo() {
		errs = append(errs, run(shut))
	}
	return errors.Join(errs...)
}

// letGo takes every running cluster away. They are closed without the lock, because what runs
// in them may be asking here.
func (m *Manager) letGo() []func() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []func() error
	for _, c := range itemsOf[*cluster](m) {
		all = append(all, c.letGo())
	}
	return all
}

func (m *Manager) isOwner(objectID string) bool {
	for _, owner := range m.Owners {
		if owner.ObjectID == objectID {
			return true
		}
	}
	return false
}

func (m *Manager) subscriptionID() string { return "/subscriptions/" + m.Subscription }
