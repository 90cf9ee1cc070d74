package azure

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"
)

// Account is who signed in.
func (c *Client) Account(ctx context.Context) (Account, error) {
	token, err := c.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.cloud.resourceManagerScope()}})
	if err != nil {
		return Account{}, failed(err, "read the account")
	}
	account, err := accountOf(token.Token)
	return account, failed(err, "read the account")
}

// accountOf reads an access token's claims. It verifies nothing: whoever the token is sent to does.
// Source: learn.microsoft.com, Access token claims reference.
func accountOf(token string) (Account, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Account{}, errors.New("the access token is no JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return Account{}, errors.New("the access token's claims are no base64url")
	}
	var claims struct {
		Tenant   string `json:"tid"`
		Object   string `json:"oid"`
		Kind     string `json:"idtyp"`
		UPN      string `json:"upn"`
		Unique   string `json:"unique_name"`
		Username string `json:"preferred_username"`
		AppID    string `json:"appid"`
		AppIDV2  string `json:"azp"`
		Scopes   string `json:"scp"` // what a user delegated; an application acting for itself has none
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return Account{}, errors.New("the access token's claims are no JSON")
	}
	account := Account{TenantID: claims.Tenant, ObjectID: claims.Object, PrincipalType: "User"}
	if claims.Kind == "app" || claims.Kind == "" && claims.UPN == "" && claims.Scopes == "" {
		account.PrincipalType = "ServicePrincipal"
		account.Name = cmp.Or(claims.AppID, claims.AppIDV2)
		return account, nil
	}
	account.Name = cmp.Or(claims.UPN, claims.Unique, claims.Username, claims.Object)
	return account, nil
}

// Subscriptions are those the account can see.
func (c *Client) Subscriptions(ctx context.Context) ([]Subscription, error) {
	subscriptions, err := armsubscriptions.NewClient(c.credential, c.options)
	if err != nil {
		return nil, failed(err, "list subscriptions")
	}
	found, err := collect(ctx, subscriptions.NewListPager(nil), func(page armsubscriptions.ClientListResponse) []*armsubscriptions.Subscription {
		return page.Value
	})
	if err != nil {
		return nil, failed(err, "list subscriptions")
	}
	plain := make([]Subscription, 0, len(found))
	for _, s := range found {
		plain = append(plain, Subscription{
			ID: value(s.SubscriptionID), Name: value(s.DisplayName), TenantID: value(s.TenantID), State: string(value(s.State)),
		})
	}
	return plain, nil
}

// Locations are the names of the regions the subscription can put something into, sorted.
func (c *Client) Locations(ctx context.Context, subscription string) ([]string, error) {
	subscriptions, err := armsubscriptions.NewClient(c.credential, c.options)
	if err != nil {
		return nil, failed(err, "list locations")
	}
	found, err := collect(ctx, subscriptions.NewListLocationsPager(subscription, nil), func(page armsubscriptions.ClientListLocationsResponse) []*armsubscriptions.Location {
		return page.Value
	})
	if err != nil {
		return nil, failed(err, "list locations of %s", subscription)
	}
	var names []string
	for _, location := range found {
		// Logical ones, such as "europe", hold no resources.
		if kind := value(value(location.Metadata).RegionType); kind != armsubscriptions.RegionTypeLogical {
			names = append(names, value(location.Name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// Permissions are those of each of the caller's roles at a scope, an ARM id.
// Source: learn.microsoft.com, REST, Authorization, Permissions; the SDK's client knows no subscription scope.
func (c *Client) Permissions(ctx context.Context, scope string) ([]Permissions, error) {
	manager := endpoint{base: c.cloud.ResourceManager, pipeline: c.manager.Pipeline()}
	address := strings.TrimSuffix(c.manager.Endpoint(), "/") + scope + "/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
	roles, err := list[Permissions](ctx, manager, address)
	return roles, failed(err, "read permissions at %s", scope)
}

// Allow tells whether the role allows an action, such as Microsoft.Authorization/roleAssignments/write.
func (p Permissions) Allow(action string) bool {
	matches := func(pattern string) bool { return matchAction(pattern, action) }
	return slices.ContainsFunc(p.Actions, matches) && !slices.ContainsFunc(p.NotActions, matches)
}

// matchAction matches without regard to case; a star stands for anything, slashes included.
func matchAction(pattern, action string) bool {
	expression := "(?is)^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$"
	return regexp.MustCompile(expression).MatchString(action)
}
