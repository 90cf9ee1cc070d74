package actions

import "time"

// Inputs are what the user may choose. The key of a field is its json name; flag, CCTUI_ variable
// and config key are made of it.
type Inputs struct {
	Subscription    string `json:"subscription,omitempty"` // id or name; empty: the only one there is
	Tenant          string `json:"tenant,omitempty"`
	Location        string `json:"location,omitempty"`
	ResourceGroup   string `json:"resource-group,omitempty"`
	Cluster         string `json:"cluster,omitempty"`
	ExistingCluster string `json:"existing-cluster,omitempty"` // use this one; Cluster is then unused
	// ClusterGroup is the resource group of the existing cluster; empty: ResourceGroup.
	ClusterGroup      string `json:"cluster-resource-group,omitempty"`
	KubernetesVersion string `json:"kubernetes-version,omitempty"`
	VMSize            string `json:"vm-size,omitempty"`        // of the confidential pool
	SystemVMSize      string `json:"system-vm-size,omitempty"` // of a new cluster's system pool
	Pool              string `json:"node-pool,omitempty"`
	PoolNodes         int    `json:"nodes,omitempty"`

	Identity            string `json:"identity,omitempty"`
	FederatedCredential string `json:"federated-credential,omitempty"`
	Namespace           string `json:"namespace,omitempty"`
	ServiceAccount      string `json:"service-account,omitempty"`

	Vault         string `json:"vault,omitempty"`
	ExistingVault string `json:"existing-vault,omitempty"`
	ManagedHSM    string `json:"managed-hsm,omitempty"`  // existing; instead of a vault
	Roles         string `json:"roles,omitempty"`        // "least" or "article"
	SoftDeleted   string `json:"soft-deleted,omitempty"` // "fail", "recover" or "purge"
	// AttestationEndpoint is a shared provider's host; empty: an own provider is made.
	AttestationEndpoint string `json:"attestation-endpoint,omitempty"`
	AttestationProvider string `json:"attestation-provider,omitempty"`
	Key                 string `json:"key,omitempty"`

	Topic         string `json:"topic,omitempty"`
	Message       string `json:"message,omitempty"`
	Expose        string `json:"expose,omitempty"` // "cluster", "internal" or "public": who can reach the consumer's page
	ConsumerImage string `json:"consumer-image,omitempty"`
	ProducerImage string `json:"producer-image,omitempty"`
	SidecarImage  string `json:"sidecar-image,omitempty"`

	InstallExtensions bool          `json:"install-extensions,omitempty"`
	KeepFor           time.Duration `json:"keep-for,omitempty"`
}
