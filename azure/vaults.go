package azure

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
)

// retentionDays is how long a deleted vault or key can be recovered; the shortest there is.
const retentionDays = 7

// Vault reads a vault.
func (c *Client) Vault(ctx context.Context, g Group, name string) (Vault, error) {
	vaults, err := clientFor(c, g.Subscription, armkeyvault.NewVaultsClient)
	if err != nil {
		return Vault{}, err
	}
	vault, err := vaults.Get(ctx, g.Name, name, nil)
	return vaultOf(vault.Vault), failed(err, "read vault %s", name)
}

// FindVault looks through the whole subscription.
func (c *Client) FindVault(ctx context.Context, subscription, name string) (Vault, error) {
	g, err := c.findResource(ctx, subscription, "Microsoft.KeyVault/vaults", name)
	if err != nil {
		return Vault{}, err
	}
	return c.Vault(ctx, g, name)
}

// CreateVault creates a Premium vault in RBAC mode, with soft delete and without purge protection, which cannot be taken back.
func (c *Client) CreateVault(ctx context.Context, g Group, spec VaultSpec, op LRO) (Vault, error) {
	vault, err := c.putVault(ctx, g, spec, armkeyvault.CreateModeDefault, op)
	return vault, failed(err, "create vault %s", spec.Name)
}

// RecoverVault brings a soft-deleted vault back, with its keys, in the group and location it was in.
func (c *Client) RecoverVault(ctx context.Context, g Group, spec VaultSpec, op LRO) (Vault, error) {
	vault, err := c.putVault(ctx, g, spec, armkeyvault.CreateModeRecover, op)
	return vault, failed(err, "recover vault %s", spec.Name)
}

func (c *Client) putVault(ctx context.Context, g Group, spec VaultSpec, mode armkeyvault.CreateMode, op LRO) (Vault, error) {
	vaults, err := clientFor(c, g.Subscription, armkeyvault.NewVaultsClient)
	if err != nil {
		return Vault{}, err
	}
	start := func(ctx context.Context, token string) (*runtime.Poller[armkeyvault.VaultsClientCreateOrUpdateResponse], error) {
		return vaults.BeginCreateOrUpdate(ctx, g.Name, spec.Name, newVault(spec, mode), &armkeyvault.VaultsClientBeginCreateOrUpdateOptions{ResumeToken: token})
	}
	created, err := follow(ctx, c, op, start)
	if errors.Is(err, errForgotten) {
		return c.awaitVault(ctx, g, spec.Name, op.Progress)
	}
	return vaultOf(created.Vault), err
}

func newVault(spec VaultSpec, mode armkeyvault.CreateMode) armkeyvault.VaultCreateOrUpdateParameters {
	return armkeyvault.VaultCreateOrUpdateParameters{
		Location: &spec.Location,
		Tags:     tagPointers(spec.Tags),
		Properties: &armkeyvault.VaultProperties{
			CreateMode:                &mode,
			TenantID:                  &spec.TenantID,
			SKU:                       &armkeyvault.SKU{Family: ptr(armkeyvault.SKUFamilyA), Name: ptr(armkeyvault.SKUNamePremium)},
			EnableRbacAuthorization:   ptr(true),
			EnableSoftDelete:          ptr(true),
			SoftDeleteRetentionInDays: ptr(int32(retentionDays)),
		},
	}
}

// awaitVault follows a vault by its state, which while it is made is RegisteringDns.
func (c *Client) awaitVault(ctx context.Context, g Group, name string, progress func(string)) (vault Vault, err error) {
	state, err := settle(ctx, progress, func() (string, error) {
		vault, err = c.Vault(ctx, g, name)
		return vault.State, err
	})
	if err == nil && !succeeded(state) {
		err = &Error{Status: 200, Code: "Provisioning" + state, Message: fmt.Sprintf("vault %s ended in state %s", name, state)}
	}
	return vault, err
}

// DeleteVault deletes a vault; its name stays taken until it is purged.
func (c *Client) DeleteVault(ctx context.Context, g Group, name string) error {
	vaults, err := clientFor(c, g.Subscription, armkeyvault.NewVaultsClient)
	if err != nil {
		return err
	}
	_, err = vaults.Delete(ctx, g.Name, name, nil)
	return unlessAbsent(failed(err, "delete vault %s", name))
}

// DeletedVault reads a soft-deleted vault.
func (c *Client) DeletedVault(ctx context.Context, subscription, location, name string) (DeletedVault, error) {
	vaults, err := clientFor(c, subscription, armkeyvault.NewVaultsClient)
	if err != nil {
		return DeletedVault{}, err
	}
	got, err := vaults.GetDeleted(ctx, name, location, nil)
	p := value(got.Properties)
	return DeletedVault{
		ID: value(got.ID), Name: value(got.Name), Location: value(p.Location),
		PurgeAt: value(p.ScheduledPurgeDate), PurgeProtected: value(p.PurgeProtectionEnabled),
	}, failed(err, "read deleted vault %s", name)
}

// PurgeVault removes a soft-deleted vault and its keys for good.
func (c *Client) PurgeVault(ctx context.Context, subscription, location, name string, op LRO) error {
	vaults, err := clientFor(c, subscription, armkeyvault.NewVaultsClient)
	if err != nil {
		return err
	}
	start := func(ctx context.Context, token string) (*runtime.Poller[armkeyvault.VaultsClientPurgeDeletedResponse], error) {
		return vaults.BeginPurgeDeleted(ctx, name, location, &armkeyvault.VaultsClientBeginPurgeDeletedOptions{ResumeToken: token})
	}
	err = remove(ctx, c, op, start, func() (string, error) {
		_, err := c.DeletedVault(ctx, subscription, location, name)
		return "", err
	})
	return failed(err, "purge vault %s", name)
}

func vaultOf(v armkeyvault.Vault) Vault {
	p := value(v.Properties)
	return Vault{
		ID: value(v.ID), Name: value(v.Name), Location: value(v.Location), State: string(value(p.ProvisioningState)),
		URI:     withoutSlash(p.VaultURI),
		Premium: strings.EqualFold(string(value(value(p.SKU).Name)), string(armkeyvault.SKUNamePremium)),
		RBAC:    value(p.EnableRbacAuthorization),
		Tags:    tagsOf(v.Tags),
	}
}
