package azure_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/sandbox/arm"
	"github.com/cctui/cctui/sandbox/entra"
	"github.com/cctui/cctui/sandbox/front"
	"github.com/cctui/cctui/sandbox/vault"
)

const (
	tenant       = "7e0a0000-0000-4000-8000-000000000001"
	subscription = "5e1f0000-0000-4000-8000-000000000001"
	location     = "eastus"
)

var operator = entra.Application{
	Principal: entra.Principal{
		ObjectID: "0b1e0000-0000-4000-8000-000000000001", AppID: "a9900000-0000-4000-8000-000000000001",
		TenantID: tenant, Name: "operator", Type: "ServicePrincipal",
	},
	Secret: "only on loopback",
}

// sandbox is the sandbox's sign-in, Resource Manager and vaults on loopback, and a client of them.
type sandbox struct {
	*azure.Client
	front *front.Front
	conditions
}

// newSandbox starts one. An operation named in held begins, and ends when it is let go.
func newSandbox(t *testing.T, held ...string) *sandbox {
	t.Helper()
	listener, err := front.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	s := &sandbox{front: listener, conditions: conditions{held: map[string]chan struct{}{}}}
	for _, operation := range held {
		s.held[operation] = make(chan struct{})
	}
	s.serve(t)
	s.Client = s.signIn(t)
	return s
}

func (s *sandbox) serve(t *testing.T) {
	var manager *arm.Manager
	directory, err := entra.New(entra.Options{
		URL: s.front.URL("login.localhost"), Tenant: tenant, Application: operator,
		Resources: []string{s.front.URL("management.localhost"), "https://vault.localhost", "https://managedhsm.localhost"},
		Federations: func(clientID string) (entra.Principal, []entra.Federation, bool) {
			return manager.Federations(clientID)
		},
		HTTP: s.front.Client(), Conditions: s.conditions,
	})
	if err != nil {
		t.Fatal(err)
	}
	manager = arm.New(arm.Options{
		URL: s.front.URL, Tenant: tenant, Subscription: subscription, Location: location,
		Authenticate: func(r *http.Request) (entra.Principal, error) {
			return directory.Authenticate(r, s.front.URL("management.localhost"))
		},
		Owners: []entra.Principal{operator.Principal}, Conditions: s.conditions, Clusters: clusters{},
		Estate: arm.Estate{Group: "estate", Cluster: "legacy", Vault: "kv-old", ManagedHSM: "hsm-old"},
	})
	t.Cleanup(func() { _ = manager.Close() })
	vaults := vault.New(vault.Options{
		Lookup: func(name string) (vault.Properties, bool) {
			p, ok := manager.Vault(name)
			return vault.Properties(p), ok
		},
		Authenticate: directory.Authenticate, Allowed: manager.Allowed, Administrators: []string{operator.ObjectID},
		Trust: s.front.Client(), Conditions: s.conditions, URL: s.front.URL, Authority: s.front.URL("login.localhost") + "/" + tenant,
	})
	s.front.Handle("login.localhost", directory.Handler())
	s.front.Handle("management.localhost", manager.Handler())
	s.front.Handle("*.vault.localhost", vaults.Handler())
	s.front.Handle("*.managedhsm.localhost", vaults.Handler())
}

// signIn is another process's client of the same sandbox.
func (s *sandbox) signIn(t *testing.T) *azure.Client {
	t.Helper()
	cloud := azure.Cloud{
		Authority:                s.front.URL("login.localhost"),
		ResourceManager:          s.front.URL("management.localhost"),
		VaultSuffix:              s.front.Host("vault.localhost"),
		ManagedHSMSuffix:         s.front.Host("managedhsm.localhost"),
		DisableInstanceDiscovery: true,
	}
	credential, err := azure.SignIn(t.Context(), azure.SignInOptions{
		Method: "client-secret", Tenant: tenant, ClientID: operator.AppID, ClientSecret: operator.Secret, Cloud: cloud, HTTP: s.front.Client(),
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := azure.New(azure.Config{Cloud: cloud, Credential: credential, HTTP: s.front.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// conditions take no time, but for what is held.
type conditions struct{ held map[string]chan struct{} }

func (c conditions) Take(ctx context.Context, operation string) error {
	gate, held := c.held[operation]
	if !held {
		return nil
	}
	select {
	case <-gate:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c conditions) Duration(string) time.Duration { return 0 }
func (c conditions) Has(string) (string, bool)     { return "", false }

// letGo ends a held operation, once.
func (c conditions) letGo(operation string) func() {
	return sync.OnceFunc(func() { close(c.held[operation]) })
}

// clusters run nothing.
type clusters struct{}

func (clusters) Create(context.Context, arm.ClusterRequest) (arm.ClusterHandle, error) {
	return cluster{}, nil
}

type cluster struct{}

func (cluster) Issuer() string            { return "https://oic.localhost/issuer/" }
func (cluster) Kubeconfig() []byte        { return []byte("apiVersion: v1") }
func (cluster) AddPool(string, int, bool) {}
func (cluster) RemovePool(string)         {}
func (cluster) Close() error              { return nil }
