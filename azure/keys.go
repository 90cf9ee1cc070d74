package azure

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
)

// Key reads a key's newest version.
func (c *Client) Key(ctx context.Context, vaultURI, name string) (Key, error) {
	keys, err := c.keys(vaultURI)
	if err != nil {
		return Key{}, err
	}
	got, err := keys.GetKey(ctx, name, "", nil)
	if err != nil {
		return Key{}, failed(err, "read key %s", name)
	}
	key, err := keyOf(got.KeyBundle)
	return key, failed(err, "read key %s", name)
}

// Keys are the names of a vault's keys, sorted.
func (c *Client) Keys(ctx context.Context, vaultURI string) ([]string, error) {
	keys, err := c.keys(vaultURI)
	if err != nil {
		return nil, err
	}
	held, err := collect(ctx, keys.NewListKeyPropertiesPager(nil), func(page azkeys.ListKeyPropertiesResponse) []*azkeys.KeyProperties { return page.Value })
	if err != nil {
		return nil, failed(err, "list keys of %s", vaultURI)
	}
	names := make([]string, 0, len(held))
	for _, key := range held {
		if key.KID != nil {
			names = append(names, key.KID.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// CreateKey creates an exportable RSA-HSM key, or a new version of the one of that name.
func (c *Client) CreateKey(ctx context.Context, vaultURI string, spec KeySpec) (Key, error) {
	if len(spec.ReleasePolicy) == 0 {
		return Key{}, fmt.Errorf("create key %s: without a release policy, no key", spec.Name)
	}
	keys, err := c.keys(vaultURI)
	if err != nil {
		return Key{}, err
	}
	created, err := keys.CreateKey(ctx, spec.Name, newKey(spec), nil)
	if err != nil {
		return Key{}, failed(err, "create key %s", spec.Name)
	}
	key, err := keyOf(created.KeyBundle)
	return key, failed(err, "create key %s", spec.Name)
}

func newKey(spec KeySpec) azkeys.CreateKeyParameters {
	return azkeys.CreateKeyParameters{
		Kty:     ptr(azkeys.KeyTypeRSAHSM),
		KeySize: ptr(int32(spec.Bits)),
		KeyOps: []*azkeys.KeyOperation{
			ptr(azkeys.KeyOperationEncrypt), ptr(azkeys.KeyOperationDecrypt), ptr(azkeys.KeyOperationWrapKey), ptr(azkeys.KeyOperationUnwrapKey),
		},
		KeyAttributes: &azkeys.KeyAttributes{Enabled: ptr(true), Exportable: ptr(true)},
		ReleasePolicy: &azkeys.KeyReleasePolicy{ContentType: ptr("application/json; charset=utf-8"), EncodedPolicy: spec.ReleasePolicy},
		Tags:          tagPointers(spec.Tags),
	}
}

// DeleteKey deletes a key and returns when the vault shows it as deleted.
func (c *Client) DeleteKey(ctx context.Context, vaultURI, name string) error {
	keys, err := c.keys(vaultURI)
	if err != nil {
		return err
	}
	if _, err := keys.DeleteKey(ctx, name, nil); err != nil {
		return unlessAbsent(failed(err, "delete key %s", name))
	}
	return until(ctx, func() (bool, error) {
		_, err := c.DeletedKey(ctx, vaultURI, name)
		return err == nil, unlessAbsent(err)
	})
}

// DeletedKey reads a soft-deleted key.
func (c *Client) DeletedKey(ctx context.Context, vaultURI, name string) (DeletedKey, error) {
	keys, err := c.keys(vaultURI)
	if err != nil {
		return DeletedKey{}, err
	}
	got, err := keys.GetDeletedKey(ctx, name, nil)
	return DeletedKey{Name: name, PurgeAt: value(got.ScheduledPurgeDate)}, failed(err, "read deleted key %s", name)
}

// RecoverKey brings a soft-deleted key back and returns when the vault shows it.
func (c *Client) RecoverKey(ctx context.Context, vaultURI, name string) error {
	keys, err := c.keys(vaultURI)
	if err != nil {
		return err
	}
	if _, err := keys.RecoverDeletedKey(ctx, name, nil); err != nil {
		return failed(err, "recover key %s", name)
	}
	return until(ctx, func() (bool, error) {
		_, err := c.Key(ctx, vaultURI, name)
		return err == nil, unlessAbsent(err)
	})
}

// PurgeKey removes a soft-deleted key for good and returns when the vault no longer shows it.
func (c *Client) PurgeKey(ctx context.Context, vaultURI, name string) error {
	keys, err := c.keys(vaultURI)
	if err != nil {
		return err
	}
	if _, err := keys.PurgeDeletedKey(ctx, name, nil); err != nil {
		return unlessAbsent(failed(err, "purge key %s", name))
	}
	return until(ctx, func() (bool, error) {
		_, err := c.DeletedKey(ctx, vaultURI, name)
		return IsNotFound(err), unlessAbsent(err)
	})
}

// keys is the client of a vault or Managed HSM. Its challenge is verified: a token goes only to a host under the resource it is for.
func (c *Client) keys(vaultURI string) (*azkeys.Client, error) {
	if !isUnder(vaultURI, c.cloud.VaultSuffix) && !isUnder(vaultURI, c.cloud.ManagedHSMSuffix) {
		return nil, fmt.Errorf("%q is no vault of this cloud, whose names end in .%s", clip(vaultURI), c.cloud.VaultSuffix)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, ok := c.vaults[vaultURI]; ok {
		return client, nil
	}
	client, err := azkeys.NewClient(vaultURI, c.credential, &azkeys.ClientOptions{ClientOptions: c.options.ClientOptions})
	if err != nil {
		return nil, failed(err, "make a client for %s", vaultURI)
	}
	c.vaults[vaultURI] = client
	return client, nil
}

func keyOf(bundle azkeys.KeyBundle) (Key, error) {
	if bundle.Key == nil || bundle.Key.KID == nil {
		return Key{}, errors.New("the vault's answer holds no key")
	}
	jwk := *bundle.Key
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(jwk.N), E: int(new(big.Int).SetBytes(jwk.E).Int64())}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return Key{}, fmt.Errorf("public key: %w", err)
	}
	key := Key{
		ID: string(*jwk.KID), Name: jwk.KID.Name(), Version: jwk.KID.Version(),
		Type: string(value(jwk.Kty)), Bits: public.N.BitLen(),
		PublicPEM:     string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		Exportable:    value(value(bundle.Attributes).Exportable),
		ReleasePolicy: value(bundle.ReleasePolicy).EncodedPolicy,
		Tags:          tagsOf(bundle.Tags),
	}
	for _, operation := range jwk.KeyOps {
		key.Operations = append(key.Operations, string(value(operation)))
	}
	return key, nil
}
