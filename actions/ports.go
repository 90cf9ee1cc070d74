package actions

import (
	"context"
	"io"
	"net"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kafka"
	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/skr"
)

// Azure is what the walkthrough needs of Azure. Reads of something absent fail with an
// error for which azure.IsNotFound is true. Deletes of something absent succeed.
type Azure interface {
	Tenancy
	Capacity
	Clusters
	Identities
	Vaults
	Keys
	AttestationProviders
}

// Tenancy is who signed in, and to what.
type Tenancy interface {
	Account(ctx context.Context) (azure.Account, error)
	Subscriptions(ctx context.Context) ([]azure.Subscription, error)
	Locations(ctx context.Context, subscription string) ([]string, error)
	// Permissions are those of each of the caller's roles at the scope.
	Permissions(ctx context.Context, scope string) ([]azure.Permissions, error)
}

// Capacity is what a subscription may use in a region.
type Capacity interface {
	Feature(ctx context.Context, subscription, namespace, name string) (state string, err error)
	RegisterFeature(ctx context.Context, subscription, namespace, name string) error
	Provider(ctx context.Context, subscription, namespace string) (state string, err error)
	RegisterProvider(ctx context.Context, subscription, namespace string) error
	VMSize(ctx context.Context, subscription, location, name string) (azure.VMSize, error)
	Quota(ctx context.Context, subscription, location, family string) (azure.Quota, error)
	KubernetesVersions(ctx context.Context, subscription, location string) ([]azure.KubernetesVersion, error)
}

// Clusters are resource groups, managed clusters and their node pools.
type Clusters interface {
	ResourceGroup(ctx context.Context, g azure.Group) (azure.ResourceGroup, error)
	CreateResourceGroup(ctx context.Context, g azure.Group, location string, tags map[string]string) (azure.ResourceGroup, error)
	DeleteResourceGroup(ctx context.Context, g azure.Group, op azure.LRO) error
	GroupResources(ctx context.Context, g azure.Group) (ids []string, err error)

	Cluster(ctx context.Context, g azure.Group, name string) (azure.Cluster, error)
	CreateCluster(ctx context.Context, g azure.Group, spec azure.ClusterSpec, op azure.LRO) (azure.Cluster, error)
	UpdateCluster(ctx context.Context, g azure.Group, name string, u azure.ClusterUpdate, op azure.LRO) (azure.Cluster, error)
	DeleteCluster(ctx context.Context, g azure.Group, name string, op azure.LRO) error
	// AwaitCluster follows an operation nobody has a token for, by the provisioning state.
	AwaitCluster(ctx context.Context, g azure.Group, name string, progress func(state string)) (azure.Cluster, error)
	ClusterCredentials(ctx context.Context, g azure.Group, name string) (kubeconfig []byte, err error)

	Pool(ctx context.Context, g azure.Group, cluster, name string) (azure.Pool, error)
	CreatePool(ctx context.Context, g azure.Group, cluster string, spec azure.PoolSpec, op azure.LRO) (azure.Pool, error)
	DeletePool(ctx context.Context, g azure.Group, cluster, name string, op azure.LRO) error
	AwaitPool(ctx context.Context, g azure.Group, cluster, name string, progress func(state string)) (azure.Pool, error)
}

// Identities are managed identities, federated credentials and role assignments.
type Identities interface {
	Identity(ctx context.Context, g azure.Group, name string) (azure.Identity, error)
	CreateIdentity(ctx context.Context, g azure.Group, name, location string, tags map[string]string) (azure.Identity, error)
	DeleteIdentity(ctx context.Context, g azure.Group, name string) error

	FederatedCredential(ctx context.Context, g azure.Group, identity, name string) (azure.FederatedCredential, error)
	FederatedCredentials(ctx context.Context, g azure.Group, identity string) (names []string, err error)
	CreateFederatedCredential(ctx context.Context, g azure.Group, identity string, f azure.FederatedCredential) error
	DeleteFederatedCredential(ctx context.Context, g azure.Group, identity, name string) error

	RoleAssignments(ctx context.Context, scope, principalID string) ([]azure.RoleAssignment, error)
	CreateRoleAssignment(ctx context.Context, a azure.RoleAssignment) error
	DeleteRoleAssignment(ctx context.Context, scope, name string) error
}

// Vaults are key vaults, and existing Managed HSMs with their local roles.
type Vaults interface {
	Vault(ctx context.Context, g azure.Group, name string) (azure.Vault, error)
	// FindVault looks through the whole subscription.
	FindVault(ctx context.Context, subscription, name string) (azure.Vault, error)
	CreateVault(ctx context.Context, g azure.Group, spec azure.VaultSpec, op azure.LRO) (azure.Vault, error)
	DeleteVault(ctx context.Context, g azure.Group, name string) error
	DeletedVault(ctx context.Context, subscription, location, name string) (azure.DeletedVault, error)
	RecoverVault(ctx context.Context, g azure.Group, spec azure.VaultSpec, op azure.LRO) (azure.Vault, error)
	PurgeVault(ctx context.Context, subscription, location, name string, op azure.LRO) error

	FindManagedHSM(ctx context.Context, subscription, name string) (azure.ManagedHSM, error)
	// Local roles of a Managed HSM live in its data plane; scope is "/keys" or "/keys/<name>".
	LocalRoleAssignments(ctx context.Context, hsmURI, scope, principalID string) ([]azure.RoleAssignment, error)
	CreateLocalRoleAssignment(ctx context.Context, hsmURI string, a azure.RoleAssignment) error
	DeleteLocalRoleAssignment(ctx context.Context, hsmURI, scope, name string) error
}

// Keys are the keys of a vault or Managed HSM, by its URI.
type Keys interface {
	Key(ctx context.Context, vaultURI, name string) (azure.Key, error)
	Keys(ctx context.Context, vaultURI string) (names []string, err error)
	CreateKey(ctx context.Context, vaultURI string, spec azure.KeySpec) (azure.Key, error)
	// DeleteKey, RecoverKey and PurgeKey return when the vault shows the new state.
	DeleteKey(ctx context.Context, vaultURI, name string) error
	DeletedKey(ctx context.Context, vaultURI, name string) (azure.DeletedKey, error)
	RecoverKey(ctx context.Context, vaultURI, name string) error
	PurgeKey(ctx context.Context, vaultURI, name string) error
}

// AttestationProviders are the subscription's attestation providers.
type AttestationProviders interface {
	AttestationProvider(ctx context.Context, g azure.Group, name string) (azure.AttestationProvider, error)
	CreateAttestationProvider(ctx context.Context, g azure.Group, name, location string, tags map[string]string) (azure.AttestationProvider, error)
	DeleteAttestationProvider(ctx context.Context, g azure.Group, name string) error
}

// Kube is what the walkthrough needs of a Kubernetes API server.
type Kube interface {
	// Version proves that the API server answers with these credentials.
	Version(ctx context.Context) (string, error)
	// Apply applies every document of a manifest, server-side, in order; a custom resource waits until its definition is established.
	Apply(ctx context.Context, manifest []byte) error
	// Delete returns when the object is gone; nil when it never was.
	Delete(ctx context.Context, ref kube.Ref) error
	// Get fails with an error for which kube.IsNotFound is true.
	Get(ctx context.Context, ref kube.Ref) (kube.Object, error)
	// List returns the objects of a kind with a label selector; none where the kind is unknown.
	List(ctx context.Context, kind kube.Ref, selector string) ([]kube.Object, error)
	// WaitCondition returns when status.conditions holds the type with status True.
	WaitCondition(ctx context.Context, ref kube.Ref, condition string, progress func(kube.Condition)) error

	Nodes(ctx context.Context, selector string) ([]kube.Node, error)
	// WaitNodes returns when as many nodes as wanted are Ready.
	WaitNodes(ctx context.Context, selector string, want int, progress func([]kube.Node)) ([]kube.Node, error)

	Pod(ctx context.Context, namespace, name string) (kube.Pod, error)
	// WaitPod returns when the pod is Ready; with *kube.PodError when it cannot become so.
	WaitPod(ctx context.Context, namespace, name string, progress func(kube.Pod)) (kube.Pod, error)
	Events(ctx context.Context, namespace, pod string) ([]kube.Event, error)
	// Logs returns the last lines, at most limit bytes.
	Logs(ctx context.Context, namespace, pod, container string, limit int64) ([]byte, error)
	FollowLogs(ctx context.Context, namespace, pod, container string) (io.ReadCloser, error)

	// ServiceAddress waits for the load balancer's address of a service.
	ServiceAddress(ctx context.Context, namespace, name string, progress func(string)) (string, error)
	// ServicePage reads a page of a service through the API server's proxy.
	ServicePage(ctx context.Context, namespace, service string, port int, path string) ([]byte, error)
	// Dial opens a port of a pod by port-forward. Deadlines work. Ports of Kata pods cannot be reached this way.
	Dial(ctx context.Context, namespace, pod string, port int) (net.Conn, error)
}

// KubeConnector makes a client from a kubeconfig.
type KubeConnector func(ctx context.Context, kubeconfig []byte) (Kube, error)

// Attester reads what an attestation service says of itself.
type Attester interface {
	// Metadata reads openid-configuration and JWKS of https://<host>.
	Metadata(ctx context.Context, host string) (skr.Metadata, error)
}

// CLI is what only the az command line can do.
type CLI interface {
	Versions(ctx context.Context) (azure.Versions, error)
	AddExtension(ctx context.Context, name string) error
	UpdateExtension(ctx context.Context, name string) error
	// GeneratePolicy adds the security policy to a manifest and returns both.
	GeneratePolicy(ctx context.Context, manifest []byte) ([]byte, skr.SecurityPolicy, error)
}

// Topic reads and writes a Kafka topic.
type Topic interface {
	Tail(ctx context.Context, c kafka.Config, receive func(kafka.Record)) error
	Produce(ctx context.Context, c kafka.Config, values ...[]byte) error
}

// Pages reads a page over plain HTTP, by the load balancer's address.
type Pages interface {
	Page(ctx context.Context, url string) ([]byte, error)
}

// Guests decides how the machines below the cluster launch confidential guests.
type Guests interface {
	// Debuggable has guests launched from now on so that their host can look inside, or not.
	Debuggable(ctx context.Context, on bool) error
}
