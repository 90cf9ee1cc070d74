package vault

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/cctui/cctui/skr"
)

const maxRequestBytes = 256 << 10

var keyName = regexp.MustCompile(`^[0-9a-zA-Z-]{1,127}$`)

// parameters are the body of create and update. Pointers tell what was not said from what was denied.
// Source: Key Vault REST API, KeyCreateParameters and KeyUpdateParameters.
type parameters struct {
	Type       string   `json:"kty"`
	Bits       int      `json:"key_size"`
	Operations []string `json:"key_ops"`
	Attributes struct {
		Enabled    *bool `json:"enabled"`
		Exportable *bool `json:"exportable"`
	} `json:"attributes"`
	Tags          map[string]string `json:"tags"`
	ReleasePolicy *struct {
		ContentType string `json:"contentType"`
		Data        string `json:"data"`
		Immutable   bool   `json:"immutable"`
	} `json:"release_policy"`
}

func (p parameters) exportable() bool {
	return p.Attributes.Exportable != nil && *p.Attributes.Exportable
}

func decodeBody(c *call, into any) error {
	data, err := io.ReadAll(io.LimitReader(c.Request.Body, maxRequestBytes))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return badParameter("Property has invalid value or the request body is not JSON.")
	}
	return nil
}

// create makes a key, or a new version of one. What can be refused is refused before a key pair is made; what
// depends on the other versions is decided under the lock, in add.
func (s *Service) create(c *call) (any, error) {
	if !keyName.MatchString(c.Name) {
		return nil, badParameter("The request URI contains an invalid name: " + c.Name)
	}
	var p parameters
	if err := decodeBody(c, &p); err != nil {
		return nil, err
	}
	if err := checkType(c.Vault, &p); err != nil {
		return nil, err
	}
	policy, err := s.parsePolicy(p)
	if err != nil {
		return nil, err
	}
	if err := s.Conditions.Take(c.Request.Context(), "key.create"); err != nil {
		return nil, err
	}
	private, err := s.pool.take(p.Bits)
	if err != nil {
		return nil, err
	}
	v := newVersion(private, s.Now())
	v.operations, v.tags = p.Operations, p.Tags
	if p.Attributes.Enabled != nil {
		v.enabled = *p.Attributes.Enabled
	}
	if err := s.strikeDeleted(c); err != nil {
		return nil, err
	}
	return c.store.add(c, p, policy, v)
}

// add puts the version under its name. A policy sent with it replaces the key's, and is then that of all versions.
func (st *store) add(c *call, p parameters, policy *releasePolicy, v *version) (any, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	k, exists := st.keys[c.Name]
	switch {
	case exists && !k.deleted.IsZero():
		return nil, deletedButRecoverable(c.Name)
	case exists:
		if err := k.accepts(p, policy); err != nil {
			return nil, err
		}
	default:
		if p.exportable() && policy == nil {
			return nil, badParameter("AKV.SKR.1004: Exportable keys must have release policy.")
		}
		k = &key{name: c.Name, kty: p.Type, exportable: p.exportable()}
		st.keys[c.Name] = k
	}
	if policy != nil {
		k.policy = policy
	}
	k.versions = append(k.versions, v)
	k.stale = false
	return c.bundle(k, v), nil
}

// accepts checks what a new version may not change.
func (k *key) accepts(p parameters, policy *releasePolicy) error {
	if p.exportable() != k.exportable {
		return badParameter("AKV.SKR.1003: The exportable attribute of an existing key cannot be changed.")
	}
	return k.acceptsPolicy(policy)
}

func (k *key) acceptsPolicy(policy *releasePolicy) error {
	if policy != nil && k.policy != nil && k.policy.immutable {
		return badParameter("AKV.SKR.1020: Immutable Key Release Policy cannot be modified.")
	}
	return nil
}

// checkType refuses what the vault's SKU cannot hold, and fills in defaults.
func checkType(vault Properties, p *parameters) error {
	hsm := p.Type == "RSA-HSM"
	premium := vault.HSM || strings.EqualFold(vault.SKU, "Premium")
	switch {
	case !hsm && p.Type != "RSA":
		return badParameter(fmt.Sprintf("The sandbox makes keys of type RSA and RSA-HSM, not %q.", p.Type))
	case p.exportable() && !premium:
		return badParameter("AKV.SKR.1001: The exportable attribute is only supported with premium vaults and API version >= '7.3-preview'.")
	case p.exportable() && !hsm:
		return badParameter("AKV.SKR.1006: Premium vaults do not support exportable software keys.")
	case hsm && !premium:
		return failed(http.StatusBadRequest, "NotSupported", "HSM-protected keys need a vault of the SKU Premium.")
	}
	if vault.HSM {
		p.Type = "RSA-HSM" // a Managed HSM knows no software keys
	}
	if p.Bits == 0 {
		p.Bits = 2048
	}
	if !slices.Contains([]int{2048, 3072, 4096}, p.Bits) {
		return badParameter(fmt.Sprintf("The key size %d is not supported.", p.Bits))
	}
	if len(p.Operations) == 0 {
		p.Operations = []string{"encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"}
	}
	return nil
}

// parsePolicy is nil where none was sent.
func (s *Service) parsePolicy(p parameters) (*releasePolicy, error) {
	if p.ReleasePolicy == nil {
		return nil, nil
	}
	if !p.exportable() {
		return nil, badParameter("AKV.SKR.1005: Non-exportable keys must not have release policy.")
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(p.ReleasePolicy.Data, "="))
	if err != nil {
		return nil, badParameter("The key release policy is not base64url.")
	}
	parsed, err := skr.ParseReleasePolicy(raw)
	if err != nil {
		return nil, badParameter("The key release policy is invalid: " + err.Error())
	}
	if raw, parsed, err = s.strikeAuthority(raw, parsed); err != nil {
		return nil, err
	}
	raw, err = rewritten(raw)
	return &releasePolicy{raw: raw, parsed: parsed, immutable: p.ReleasePolicy.Immutable}, err
}

// rewritten is a policy as a vault gives it back: in its own order, and of version 1.0.0 whatever was sent.
// Source: recorded answers in Azure/azure-sdk-for-js, sdk/keyvault/keyvault-keys.
func rewritten(policy []byte) ([]byte, error) {
	var fields map[string]any // whose names json.Marshal sorts
	if err := json.Unmarshal(policy, &fields); err != nil {
		return nil, err
	}
	fields["version"] = "1.0.0"
	return json.Marshal(fields)
}

// update changes tags, operations, enabling and, of the whole key, the release policy.
func (s *Service) update(c *call) (any, error) {
	var p parameters
	if err := decodeBody(c, &p); err != nil {
		return nil, err
	}
	if p.ReleasePolicy != nil && c.Version != "" {
		return nil, badParameter("AKV.SKR.1016: Key Release Policy can only be set on versionless key.")
	}
	return c.store.with(c, func(k *key, v *version) (any, error) {
		if exportable := p.Attributes.Exportable; exportable != nil && *exportable != k.exportable {
			return nil, badParameter("AKV.SKR.1014: The exportable attribute of an existing key cannot be changed.")
		}
		p.Attributes.Exportable = &k.exportable
		policy, err := s.parsePolicy(p)
		if err != nil {
			return nil, err
		}
		if err := k.acceptsPolicy(policy); err != nil {
			return nil, err
		}
		if policy != nil {
			k.policy = policy
		}
		if p.Tags != nil {
			v.tags = p.Tags
		}
		if p.Operations != nil {
			v.operations = p.Operations
		}
		if p.Attributes.Enabled != nil {
			v.enabled = *p.Attributes.Enabled
		}
		return c.bundle(k, v), nil
	})
}
