package arm

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// deletedVault can be recovered or purged until its retention ends.
type deletedVault struct {
	vault   *vault
	at      time.Time
	purging bool
}

func (m *Manager) show(d *deletedVault) map[string]any {
	v := d.vault
	return map[string]any{
		"id":   m.subscriptionID() + "/providers/Microsoft.KeyVault/locations/" + v.Location + "/deletedVaults/" + v.Name,
		"name": v.Name,
		"type": "Microsoft.KeyVault/deletedVaults",
		"properties": map[string]any{
			"vaultId":                v.ID,
			"location":               v.Location,
			"tags":                   v.Tags,
			"deletionDate":           d.at.UTC(),
			"scheduledPurgeDate":     d.at.UTC().AddDate(0, 0, v.Properties.RetentionDays),
			"purgeProtectionEnabled": v.Properties.PurgeProtection,
		},
	}
}

func (m *Manager) findDeletedVault(c *call) (*deletedVault, error) {
	name, location := c.PathValue("name"), c.PathValue("location")
	d, ok := m.deletedVaults[strings.ToLower(name)]
	if !ok || !strings.EqualFold(d.vault.Location, location) {
		return nil, notFound("DeletedVaultNotFound", "The specified deleted vault '%s' does not exist in location '%s'.", name, location)
	}
	return d, nil
}

func (m *Manager) getDeletedVault(c *call) (answer, error) {
	d, err := m.findDeletedVault(c)
	if err != nil {
		return answer{}, err
	}
	return ok(m.show(d)), nil
}

func (m *Manager) listDeletedVaults(*call) (answer, error) {
	var all []map[string]any
	for _, name := range slices.Sorted(maps.Keys(m.deletedVaults)) {
		all = append(all, m.show(m.deletedVaults[name]))
	}
	return ok(page(all)), nil
}

// recoverVault brings a deleted vault back as it was, but for its role assignments.
func (m *Manager) recoverVault(head resource) (answer, error) {
	d, ok := m.deletedVaults[strings.ToLower(head.Name)]
	if !ok || !strings.EqualFold(d.vault.ID, head.ID) {
		return answer{}, notFound("DeletedVaultNotFound", "The vault '%s' cannot be recovered: no deleted vault of that name was in this resource group.", head.Name)
	}
	if d.purging {
		return answer{}, conflict("ConflictError", "The vault '%s' is being purged.", head.Name)
	}
	delete(m.deletedVaults, strings.ToLower(head.Name))
	return m.registerVault(d.vault)
}

// purgeVault frees the vault's name and forgets its keys, for good.
func (m *Manager) purgeVault(c *call) (answer, error) {
	d, err := m.findDeletedVault(c)
	if err != nil {
		return answer{}, err
	}
	if d.vault.Properties.PurgeProtection {
		return answer{}, conflict("MethodNotAllowed", "Operation \"purge\" is not allowed because purge protection is enabled for this vault. Key Vault service will automatically purge it after the retention period has passed.")
	}
	if d.purging {
		return answer{}, conflict("ConflictError", "The vault '%s' is being purged already.", d.vault.Name)
	}
	d.purging = true
	op := m.begin("Microsoft.KeyVault", "vault.purge",
		func(context.Context) error { return m.forgetKeys(d.vault.Name) },
		func(failure *fault) { m.purged(d, failure) })
	return answer{status: http.StatusAccepted, operation: op}, nil
}

func (m *Manager) forgetKeys(name string) error {
	if m.VaultPurged != nil {
		m.VaultPurged(name)
	}
	return nil
}

func (m *Manager) purged(d *deletedVault, failure *fault) {
	d.purging = false
	if failure == nil {
		delete(m.deletedVaults, strings.ToLower(d.vault.Name))
	}
}
