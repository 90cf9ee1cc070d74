package actions

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

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

	InstallExtensions bool `json:"install-extensions,omitempty"`
	// Patience is how long what Azure shows only eventually (a role in effect, a new name in DNS,
	// a runtime class on new nodes) may take before it counts as missing.
	Patience time.Duration `json:"patience,omitempty"`
	KeepFor  time.Duration `json:"keep-for,omitempty"`
}

// defaults name everything after the run, so that two runs in one subscription never meet.
func defaults(suffix string) Inputs {
	name := "cctui-" + suffix
	return Inputs{
		Location:      "eastus",
		ResourceGroup: name,
		Cluster:       name,
		VMSize:        "Standard_DC4as_cc_v5",
		// The article's system pool is of the confidential size too. That spends a scarce quota on
		// nodes that run nothing confidential.
		SystemVMSize: "Standard_D4s_v5",
		Pool:         "kataccpool",
		PoolNodes:    2,

		Identity:            name,
		FederatedCredential: name,
		Namespace:           "kafka",
		ServiceAccount:      "workload-identity-sa",

		Vault:               "kv-" + name,
		Roles:               RolesLeast,
		SoftDeleted:         SoftDeletedFail,
		AttestationProvider: "cctui" + suffix, // letters and digits only
		Key:                 "kafka-encryption-demo",

		Topic:         "kafka-demo-topic",
		Message:       "Azure Confidential Computing",
		Expose:        ExposeCluster,
		ConsumerImage: "mcr.microsoft.com/acc/samples/kafka/consumer:1.0",
		ProducerImage: "mcr.microsoft.com/acc/samples/kafka/producer:1.0",

		Patience: 20 * time.Minute,
	}
}

// The values of inputs that are a choice.
const (
	RolesLeast   = "least"   // the identity may release keys and nothing else
	RolesArticle = "article" // the article's pair, Crypto Officer and Crypto User

	SoftDeletedFail    = "fail"
	SoftDeletedRecover = "recover"
	SoftDeletedPurge   = "purge"

	ExposeCluster  = "cluster"
	ExposeInternal = "internal"
	ExposePublic   = "public"
)

// WithDefaults fills in what was left open; the suffix (Journal.Suffix) makes names unique.
func (in Inputs) WithDefaults(suffix string) Inputs { return in.Over(defaults(suffix)) }

// Over lays what is set in these inputs over others.
func (in Inputs) Over(base Inputs) Inputs {
	set, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(set, &base)
	}
	if err != nil {
		panic(err) // Inputs hold nothing that JSON does not
	}
	return base
}

// values are all inputs by key.
func (in Inputs) values() map[string]string {
	values := map[string]string{}
	v := reflect.ValueOf(in)
	for i := range v.NumField() {
		key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		values[key] = fmt.Sprint(v.Field(i))
	}
	return values
}
