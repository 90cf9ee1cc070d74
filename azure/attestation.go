package azure

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources/v3"
)

// attestationVersion is the provider's newest API. Its own SDK module cannot be had, so resources are generic here.
// Source: Azure/azure-rest-api-specs, Microsoft.Attestation.
const attestationVersion = "2021-06-01"

// AttestationProvider reads an attestation provider.
func (c *Client) AttestationProvider(ctx context.Context, g Group, name string) (AttestationProvider, error) {
	resources, err := clientFor(c, g.Subscription, armresources.NewClient)
	if err != nil {
		return AttestationProvider{}, err
	}
	got, err := resources.GetByID(ctx, attestationID(g, name), attestationVersion, nil)
	return providerOf(got.GenericResource), failed(err, "read attestation provider %s", name)
}

// CreateAttestationProvider creates a provider with the default policy.
func (c *Client) CreateAttestationProvider(ctx context.Context, g Group, name, location string, tags map[string]string) (AttestationProvider, error) {
	resources, err := clientFor(c, g.Subscription, armresources.NewClient)
	if err != nil {
		return AttestationProvider{}, err
	}
	provider := armresources.GenericResource{Location: &location, Properties: map[string]any{}, Tags: tagPointers(tags)}
	start := func(ctx context.Context, _ string) (*runtime.Poller[armresources.ClientCreateOrUpdateByIDResponse], error) {
		return resources.BeginCreateOrUpdateByID(ctx, attestationID(g, name), attestationVersion, provider, nil)
	}
	created, err := follow(ctx, c, LRO{}, start)
	return providerOf(created.GenericResource), failed(err, "create attestation provider %s", name)
}

// DeleteAttestationProvider deletes a provider.
func (c *Client) DeleteAttestationProvider(ctx context.Context, g Group, name string) error {
	resources, err := clientFor(c, g.Subscription, armresources.NewClient)
	if err != nil {
		return err
	}
	start := func(ctx context.Context, _ string) (*runtime.Poller[armresources.ClientDeleteByIDResponse], error) {
		return resources.BeginDeleteByID(ctx, attestationID(g, name), attestationVersion, nil)
	}
	err = remove(ctx, c, LRO{}, start, func() (string, error) {
		_, err := c.AttestationProvider(ctx, g, name)
		return "", err
	})
	return failed(err, "delete attestation provider %s", name)
}

// attestationID has no leading slash, because the SDK puts one in front.
func attestationID(g Group, name string) string {
	return strings.TrimPrefix(g.ID(), "/") + "/providers/Microsoft.Attestation/attestationProviders/" + name
}

func providerOf(r armresources.GenericResource) AttestationProvider {
	properties, _ := r.Properties.(map[string]any)
	uri, _ := properties["attestUri"].(string)
	return AttestationProvider{
		ID: value(r.ID), Name: value(r.Name), Location: value(r.Location), URI: withoutSlash(&uri), Tags: tagsOf(r.Tags),
	}
}
