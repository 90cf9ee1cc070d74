package azure

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/msi/armmsi"
)

// Identity reads a managed identity.
func (c *Client) Identity(ctx context.Context, g Group, name string) (Identity, error) {
	identities, err := clientFor(c, g.Subscription, armmsi.NewUserAssignedIdentitiesClient)
	if err != nil {
		return Identity{}, err
	}
	identity, err := identities.Get(ctx, g.Name, name, nil)
	return identityOf(identity.Identity), failed(err, "read identity %s", name)
}

// CreateIdentity creates a managed identity, or replaces the tags of the one there is.
func (c *Client) CreateIdentity(ctx context.Context, g Group, name, location string, tags map[string]string) (Identity, error) {
	identities, err := clientFor(c, g.Subscription, armmsi.NewUserAssignedIdentitiesClient)
	if err != nil {
		return Identity{}, err
	}
	identity, err := identities.CreateOrUpdate(ctx, g.Name, name, armmsi.Identity{Location: &location, Tags: tagPointers(tags)}, nil)
	return identityOf(identity.Identity), failed(err, "create identity %s", name)
}

// DeleteIdentity deletes a managed identity with its federated credentials.
func (c *Client) DeleteIdentity(ctx context.Context, g Group, name string) error {
	identities, err := clientFor(c, g.Subscription, armmsi.NewUserAssignedIdentitiesClient)
	if err != nil {
		return err
	}
	_, err = identities.Delete(ctx, g.Name, name, nil)
	return unlessAbsent(failed(err, "delete identity %s", name))
}

// FederatedCredential reads a federated credential of an identity.
func (c *Client) FederatedCredential(ctx context.Context, g Group, identity, name string) (FederatedCredential, error) {
	credentials, err := clientFor(c, g.Subscription, armmsi.NewFederatedIdentityCredentialsClient)
	if err != nil {
		return FederatedCredential{}, err
	}
	got, err := credentials.Get(ctx, g.Name, identity, name, nil)
	if err != nil {
		return FederatedCredential{}, failed(err, "read federated credential %s of %s", name, identity)
	}
	p := value(got.Properties)
	credential := FederatedCredential{Name: value(got.Name), Issuer: value(p.Issuer), Subject: value(p.Subject)}
	if len(p.Audiences) > 0 {
		credential.Audience = value(p.Audiences[0])
	}
	return credential, nil
}

// FederatedCredentials are the names of an identity's federated credentials.
func (c *Client) FederatedCredentials(ctx context.Context, g Group, identity string) ([]string, error) {
	credentials, err := clientFor(c, g.Subscription, armmsi.NewFederatedIdentityCredentialsClient)
	if err != nil {
		return nil, err
	}
	held, err := collect(ctx, credentials.NewListPager(g.Name, identity, nil), func(page armmsi.FederatedIdentityCredentialsClientListResponse) []*armmsi.FederatedIdentityCredential {
		return page.Value
	})
	if err != nil {
		return nil, failed(err, "list federated credentials of %s", identity)
	}
	names := make([]string, 0, len(held))
	for _, credential := range held {
		names = append(names, value(credential.Name))
	}
	return names, nil
}

// CreateFederatedCredential creates a federated credential, or replaces the one of that name.
func (c *Client) CreateFederatedCredential(ctx context.Context, g Group, identity string, f FederatedCredential) error {
	credentials, err := clientFor(c, g.Subscription, armmsi.NewFederatedIdentityCredentialsClient)
	if err != nil {
		return err
	}
	_, err = credentials.CreateOrUpdate(ctx, g.Name, identity, f.Name, armmsi.FederatedIdentityCredential{
		Properties: &armmsi.FederatedIdentityCredentialProperties{
			Issuer: &f.Issuer, Subject: &f.Subject, Audiences: []*string{&f.Audience},
		},
	}, nil)
	return failed(err, "create federated credential %s of %s", f.Name, identity)
}

// DeleteFederatedCredential deletes a federated credential.
func (c *Client) DeleteFederatedCredential(ctx context.Context, g Group, identity, name string) error {
	credentials, err := clientFor(c, g.Subscription, armmsi.NewFederatedIdentityCredentialsClient)
	if err != nil {
		return err
	}
	_, err = credentials.Delete(ctx, g.Name, identity, name, nil)
	return unlessAbsent(failed(err, "delete federated credential %s of %s", name, identity))
}

func identityOf(i armmsi.Identity) Identity {
	p := value(i.Properties)
	return Identity{
		ID: value(i.ID), Name: value(i.Name), ClientID: value(p.ClientID), PrincipalID: value(p.PrincipalID),
		TenantID: value(p.TenantID), Tags: tagsOf(i.Tags),
	}
}
