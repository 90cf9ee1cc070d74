package actions

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/cctui/cctui/skr"
)

// Outputs are the results of the steps so far. Nothing in here is secret: it is written to the
// journal and shown. Kubeconfig and tokens live in memory only.
type Outputs struct {
	TenantID         string `json:"tenantId,omitempty"`
	AccountName      string `json:"accountName,omitempty"`
	AccountObjectID  string `json:"accountObjectId,omitempty"`
	AccountType      string `json:"accountType,omitempty"`
	SubscriptionID   string `json:"subscriptionId,omitempty"`
	SubscriptionName string `json:"subscriptionName,omitempty"`

	CLIVersion     string            `json:"cliVersion,omitempty"`
	Extensions     map[string]string `json:"extensions,omitempty"`
	FeatureState   string            `json:"featureState,omitempty"`
	QuotaFamily    string            `json:"quotaFamily,omitempty"`
	QuotaFree      int               `json:"quotaFree,omitempty"`
	ResourceGroup  string            `json:"resourceGroupId,omitempty"`
	ClusterID      string            `json:"clusterId,omitempty"`
	ClusterVersion string            `json:"clusterVersion,omitempty"`
	NodeGroup      string            `json:"nodeGroup,omitempty"`
	IssuerURL      string            `json:"issuerUrl,omitempty"`
	APIServer      string            `json:"apiServer,omitempty"`
	PoolID         string            `json:"poolId,omitempty"`
	NodeImage      string            `json:"nodeImage,omitempty"`
	Nodes          []string          `json:"nodes,omitempty"`

	IdentityID  string `json:"identityId,omitempty"`
	ClientID    string `json:"clientId,omitempty"`
	PrincipalID string `json:"principalId,omitempty"`

	VaultID         string `json:"vaultId,omitempty"`
	VaultURI        string `json:"vaultUri,omitempty"` // no trailing slash
	AttestationHost string `json:"attestationHost,omitempty"`
	Authority       string `json:"authority,omitempty"` // what the release policy names; equals the tokens' issuer
	// ConsumerManifest is consumer.yaml with its policy annotation.
	ConsumerManifest string `json:"consumerManifest,omitempty"`
	Measurement      string `json:"measurement,omitempty"` // hex SHA-256 of the decoded policy
	KeyID            string `json:"keyId,omitempty"`
	ReleasePolicy    string `json:"releasePolicy,omitempty"` // JSON
	PublicKey        string `json:"publicKey,omitempty"`     // PEM

	BootstrapServer string `json:"bootstrapServer,omitempty"`
	BrokerPod       string `json:"brokerPod,omitempty"`
	Address         string `json:"address,omitempty"` // of the consumer's page; empty where it is read through the API server only

	Message     string       `json:"message,omitempty"`    // the decrypted text seen
	Ciphertext  string       `json:"ciphertext,omitempty"` // what the ordinary consumer showed
	Attestation *Attestation `json:"attestation,omitempty"`
}

// Attestation is why the key was released.
type Attestation struct {
	Authority string         `json:"authority"`
	KeyID     string         `json:"keyId"`
	Claims    map[string]any `json:"claims"`
	Checks    []skr.Check    `json:"checks,omitempty"`
	// Evidence says where the claims come from: "token" (the sidecar's log showed the token,
	// signature removed) or "release policy" (what the vault demanded before it let the key go).
	Evidence string `json:"evidence"`
}

// clone shares no map or slice with the original.
func (o Outputs) clone() Outputs {
	o.Extensions = maps.Clone(o.Extensions)
	o.Nodes = slices.Clone(o.Nodes)
	if o.Attestation != nil {
		a := *o.Attestation
		a.Claims, a.Checks = maps.Clone(a.Claims), slices.Clone(a.Checks)
		o.Attestation = &a
	}
	return o
}

// changes are the fields that differ from an earlier state, by json name; nil for one that is unset now.
func (o Outputs) changes(before Outputs) map[string]any {
	now, then := fields(o), fields(before)
	changed := map[string]any{}
	for name, value := range now {
		if !reflect.DeepEqual(value, then[name]) {
			changed[name] = value
		}
	}
	for name := range then {
		if _, ok := now[name]; !ok {
			changed[name] = nil
		}
	}
	return changed
}

// fields are those that a value's JSON object has.
func fields(v any) map[string]any {
	data, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var m map[string]any
	if json.Unmarshal(data, &m) != nil {
		return nil
	}
	return m
}
