package arm

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"
)

const (
	vaultType     = "Microsoft.KeyVault/vaults"
	hsmType       = "Microsoft.KeyVault/managedHSMs"
	retentionDays = 90
)

var vaultName = rule{
	regexp.MustCompile(`^[a-zA-Z](-?[a-zA-Z0-9])+$`), "VaultNameNotValid",
	"A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742",
}

// checkVaultName adds the length, which the pattern cannot say.
func checkVaultName(name string) error {
	if err := vaultName.check(name); err != nil || len(name) >= 3 && len(name) <= 24 {
		return err
	}
	return badRequest(vaultName.code, "The name '%s' is invalid. %s", name, vaultName.message)
}

type vaultSKU struct {
	Family string `json:"family"`
	Name   string `json:"name"`
}

// Source: learn.microsoft.com, REST, Key Vault, Vaults.
type vaultProperties struct {
	State           string   `json:"provisioningState"`
	TenantID        string   `json:"tenantId"`
	SKU             vaultSKU `json:"sku"`
	URI             string   `json:"vaultUri"`
	RBAC            bool     `json:"enableRbacAuthorization"`
	SoftDelete      bool     `json:"enableSoftDelete"`
	RetentionDays   int      `json:"softDeleteRetentionInDays"`
	PurgeProtection bool     `json:"enablePurgeProtection,omitempty"`
	AccessPolicies  []any    `json:"accessPolicies"`
	PublicAccess    string   `json:"publicNetworkAccess"`
	CreateMode      string   `json:"createMode,omitempty"`
}

// vault is a key vault as it is managed; its keys are elsewhere.
type vault struct {
	resource
	Properties vaultProperties `json:"properties"`

	operation *operation
}

func (v *vault) busy() *operation { return v.operation }

// removed leaves the vault soft-deleted.
func (v *vault) removed(m *Manager) func() error {
	m.deletedVaults[strings.ToLower(v.Name)] = &deletedVault{vault: v, at: time.Now()}
	return nil
}

// VaultProperties are what a vault's data plane needs to know.
type VaultProperties struct {
	Name, ID, Location, SKU string
	RBAC                    bool
	Deleted                 bool
	HSM                     bool
}

// Vault finds a vault by its name, which is the only one in the world, or a Managed HSM.
func (m *Manager) Vault(name string) (VaultProperties, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v := m.vaultNamed(name); v != nil {
		return v.dataPlane(false), true
	}
	if d, ok := m.deletedVaults[strings.ToLower(name)]; ok {
		return d.vault.dataPlane(true), true
	}
	for _, h := range itemsOf[*managedHSM](m) {
		if strings.EqualFold(h.Name, name) {
			return VaultProperties{Name: h.Name, ID: h.ID, Location: h.Location, SKU: "Standard_B1", RBAC: true, HSM: true}, true
		}
	}
	return VaultProperties{}, false
}

func (v *vault) dataPlane(deleted bool) VaultProperties {
	return VaultProperties{Name: v.Name, ID: v.ID, Location: v.Location, SKU: v.Properties.SKU.Name, RBAC: v.Properties.RBAC, Deleted: deleted}
}

func (m *Manager) vaultNamed(name string) *vault {
	for _, v := range itemsOf[*vault](m) {
		if strings.EqualFold(v.Name, name) {
			return v
		}
	}
	return nil
}

type vaultBody struct {
	Location   string
	Tags       map[string]string
	Properties vaultProperties
}

// putVault creates, recovers, or updates what may change: tags and the permission model.
func (m *Manager) putVault(c *call) (answer, error) {
	var asked vaultBody
	if err := c.decode(&asked); err != nil {
		return answer{}, err
	}
	if existing, err := find[*vault](m, c, vaultType); err == nil {
		existing.Tags, existing.Properties.RBAC = asked.Tags, asked.Properties.RBAC
		return ok(existing), nil
	}
	head, err := m.newResource(c, vaultType, asked.Location, asked.Tags)
	if err != nil {
		return answer{}, err
	}
	if asked.Properties.CreateMode == "recover" {
		return m.recoverVault(head)
	}
	if err := m.checkVault(head.Name, asked.Properties); err != nil {
		return answer{}, err
	}
	return m.registerVault(&vault{resource: head, Properties: m.vaultProperties(head.Name, asked.Properties)})
}

// checkVault refuses names in use anywhere, deleted ones included: they are host names.
func (m *Manager) checkVault(name string, p vaultProperties) error {
	if err := checkVaultName(name); err != nil {
		return err
	}
	if p.TenantID != m.Tenant {
		return badRequest("BadRequest", "The tenant ID '%s' of the vault is not the subscription's.", p.TenantID)
	}
	if sku := strings.ToLower(p.SKU.Name); sku != "standard" && sku != "premium" {
		return badRequest("BadRequest", "The vault SKU '%s' is not valid. It must be one of the values: standard, premium.", p.SKU.Name)
	}
	if m.vaultNamed(name) != nil {
		return conflict("VaultAlreadyExists", "The vault name '%s' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a recoverable state.", name)
	}
	if _, deleted := m.deletedVaults[strings.ToLower(name)]; deleted {
		return conflict("ConflictError", "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.")
	}
	return nil
}

// vaultProperties fills in the defaults, and what a fault makes of the request.
func (m *Manager) vaultProperties(name string, p vaultProperties) vaultProperties {
	p.SKU.Family = "A"
	p.URI = m.URL(strings.ToLower(name)+".vault.localhost") + "/"
	p.SoftDelete = true
	if p.RetentionDays == 0 {
		p.RetentionDays = retentionDays
	}
	if p.AccessPolicies == nil {
		p.AccessPolicies = []any{}
	}
	p.PublicAccess = "Enabled"
	if _, on := m.Conditions.Has("vault-standard"); on {
		p.SKU.Name = "standard"
	}
	if _, on := m.Conditions.Has("vault-access-policy"); on {
		p.RBAC = false
	}
	return p
}

// registerVault answers at once, and gives the vault its name in DNS meanwhile: clients follow its provisioning state.
func (m *Manager) registerVault(v *vault) (answer, error) {
	v.Properties.State, v.Properties.CreateMode = "RegisteringDns", ""
	v.operation = m.begin("Microsoft.KeyVault", "vault.create",
		func(context.Context) error { return nil },
		func(failure *fault) { v.settle(failure) })
	m.put(v)
	return ok(v), nil
}

func (v *vault) settle(failure *fault) {
	v.operation = nil
	v.Properties.State = "Succeeded"
	if failure != nil {
		v.Properties.State = "Failed"
	}
}

// deleteVault is done at once; the vault stays soft-deleted until it is purged.
func (m *Manager) deleteVault(c *call) (answer, error) {
	found, err := find[*vault](m, c, vaultType)
	if isCode(err, "ResourceNotFound") {
		return gone(), nil
	}
	if err != nil {
		return answer{}, err
	}
	if found.operation != nil {
		return answer{}, conflict("ConflictError", "The vault '%s' is being provisioned. Try again when it is done.", found.Name)
	}
	m.drop(found)
	return answer{status: http.StatusOK}, nil
}

// managedHSM is a Managed HSM pool. The sandbox makes none; one may be part of the estate.
type managedHSM struct {
	resource
	Properties map[string]any `json:"properties"`
}
