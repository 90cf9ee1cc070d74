package azure

import "time"

// Group names a resource group of a subscription.
type Group struct{ Subscription, Name string }

// ID is the group's ARM resource id.
func (g Group) ID() string {
	return "/subscriptions/" + g.Subscription + "/resourceGroups/" + g.Name
}

// Account is who signed in, as the access token tells it.
type Account struct {
	TenantID string
	ObjectID string
	// Name is the user principal name, or the application id of a service principal.
	Name string
	// PrincipalType is "User" or "ServicePrincipal", as role assignments want it.
	PrincipalType string
}

// Subscription is one the account can see.
type Subscription struct{ ID, Name, TenantID, State string }

// VMSize is a virtual machine size as a region offers it to a subscription.
type VMSize struct {
	Name   string
	Family string // quota family, e.g. standardDCACCV5Family
	VCPUs  int
	// Restriction is empty where the size may be used; else the reason code, e.g. NotAvailableForSubscription.
	Restriction string
}

// Quota is the vCPU allowance of a family in a region.
type Quota struct {
	Family      string
	Used, Limit int
}

// Free is how many vCPUs are left.
func (q Quota) Free() int { return q.Limit - q.Used }

// ResourceGroup is a group as it stands.
type ResourceGroup struct {
	ID, Location, State string
	Tags                map[string]string
}

// KubernetesVersion is a minor version that a region offers for clusters.
type KubernetesVersion struct {
	Version string // e.g. "1.31"
	Preview bool
	// LongTerm versions are left only to clusters with long-term support, which costs extra.
	LongTerm bool
}

// ClusterSpec is what a new cluster is made of.
type ClusterSpec struct {
	Name, Location    string
	KubernetesVersion string // empty: the region's default
	VMSize            string // of the system pool
	NodeCount         int
	Tags              map[string]string
}

// Cluster is a managed cluster as it stands.
type Cluster struct {
	ID, Name, Location string
	// State is the provisioning state: Succeeded, Creating, Updating, Deleting, Failed, Canceled.
	State             string
	KubernetesVersion string
	FQDN              string
	NodeGroup         string // the MC_ group AKS keeps its own resources in
	OIDCIssuer        bool
	IssuerURL         string // trailing slash is significant
	WorkloadIdentity  bool
	EntraIntegrated   bool // the API server wants Entra tokens
	Tags              map[string]string
	Pools             []Pool
}

// ClusterUpdate is what to switch on in an existing cluster.
type ClusterUpdate struct{ OIDCIssuer, WorkloadIdentity bool }

// PoolSpec is what a new user node pool is made of.
type PoolSpec struct {
	Name, VMSize    string
	NodeCount       int
	OSSKU           string // AzureLinux
	WorkloadRuntime string // KataCcIsolation; an open string in the API, in no published enum
	Tags            map[string]string
}

// Pool is a node pool as it stands.
type Pool struct {
	ID, Name, State, VMSize, OSSKU, WorkloadRuntime, NodeImage string
	NodeCount                                                  int
	Tags                                                       map[string]string
}

// Identity is a user-assigned managed identity.
type Identity struct {
	ID, Name, ClientID, PrincipalID, TenantID string
	Tags                                      map[string]string
}

// FederatedCredential lets a Kubernetes service account sign in as an identity.
type FederatedCredential struct{ Name, Issuer, Subject, Audience string }

// Built-in roles used here, by definition id.
// Source: learn.microsoft.com, Azure built-in roles, Security.
const (
	RoleCryptoOfficer     = "14b46e9e-c2b7-41b4-b07b-48a6ebf60603"
	RoleCryptoUser        = "12338af0-0e69-4776-bea7-57ae8d297424"
	RoleCryptoReleaseUser = "08bbd89e-9f13-488c-ac41-acfcb10c90ab"
)

// Built-in local roles of a Managed HSM, by definition id. There a Crypto Officer may not create keys; a Crypto User may.
// Source: learn.microsoft.com, Local RBAC built-in roles for Managed HSM.
const (
	LocalRoleCryptoOfficer     = "515eb02d-2335-4d2d-92f2-b1cbdf9c3778"
	LocalRoleCryptoUser        = "21dbd100-6940-42c2-9190-5d6cb909625b"
	LocalRoleCryptoReleaseUser = "21dbd100-6940-42c2-9190-5d6cb909625c"
)

// RoleAssignment grants a role to a principal at a scope.
type RoleAssignment struct {
	Name          string // a GUID chosen by the caller, so that a repeated create is the same assignment
	Scope         string
	RoleID        string // definition id, a GUID
	PrincipalID   string // object id; never a name
	PrincipalType string
}

// Permissions are the actions one of the caller's roles allows at a scope, with wildcards. NotActions takes away from
// the actions of its own role only, so those of several roles cannot be poured together.
type Permissions struct{ Actions, NotActions []string }

// VaultSpec is what a new vault is made of: Premium, RBAC mode.
type VaultSpec struct {
	Name, Location, TenantID string
	Tags                     map[string]string
}

// Vault is a key vault as it stands.
type Vault struct {
	ID, Name, Location, State string
	URI                       string // https://name.vault.azure.net, no trailing slash
	Premium                   bool
	RBAC                      bool
	Tags                      map[string]string
}

// DeletedVault is a soft-deleted vault.
type DeletedVault struct {
	ID, Name, Location string
	PurgeAt            time.Time
	PurgeProtected     bool
}

// ManagedHSM is an existing Managed HSM pool.
type ManagedHSM struct {
	ID, Name, Location, State string
	URI                       string // https://name.managedhsm.azure.net, no trailing slash
}

// AttestationProvider is an attestation provider of the subscription.
type AttestationProvider struct {
	ID, Name, Location string
	URI                string // https://…attest.azure.net, no trailing slash
	Tags               map[string]string
}

// KeySpec is an exportable RSA-HSM key with its release policy.
type KeySpec struct {
	Name          string
	Bits          int    // 3072
	ReleasePolicy []byte // JSON; mandatory
	Tags          map[string]string
}

// Key is the public side of a key's newest version.
type Key struct {
	ID            string // with version
	Name, Version string
	Type          string // RSA-HSM
	Bits          int
	PublicPEM     string // PKIX
	Exportable    bool
	ReleasePolicy []byte // JSON as stored
	Operations    []string
	Tags          map[string]string
}

// DeletedKey is a soft-deleted key.
type DeletedKey struct {
	Name    string
	PurgeAt time.Time
}

// LRO lets the caller follow, record and resume a long-running operation. The zero value is fine.
type LRO struct {
	// ResumeToken continues an operation that an earlier process started. Its URLs are
	// checked against the configured endpoint before a credential is sent there.
	ResumeToken string
	// Accepted is called once Azure has accepted a new operation, before the first poll. An error stops the call.
	Accepted func(resumeToken string) error
	// Progress is called after each poll with the provisioning state or status.
	Progress func(state string)
}

// Versions are those of the az command line and its extensions; an absent extension has none.
type Versions struct {
	CLI        string
	Extensions map[string]string
}
