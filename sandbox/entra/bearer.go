package entra

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// accessClaims are what an access token says beside the registered claims.
// Source: learn.microsoft.com, access token claims reference.
type accessClaims struct {
	jwt.Claims
	TenantID string `json:"tid"`
	ObjectID string `json:"oid"`
	AppID    string `json:"appid"`
	Kind     string `json:"idtyp"` // app or user
	Name     string `json:"name,omitempty"`
	UPN      string `json:"upn,omitempty"`
	Scope    string `json:"scp,omitempty"`
	Version  string `json:"ver"`
}

// Authenticate tells who sent a request, by its bearer token. The token must be this
// directory's, unexpired, and issued for the audience (its port does not count).
func (d *Directory) Authenticate(r *http.Request, audience string) (Principal, error) {
	scheme, raw, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || raw == "" {
		return Principal{}, errors.New("the request has no bearer token")
	}
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return Principal{}, fmt.Errorf("parse the bearer token: %w", err)
	}
	var claims accessClaims
	if err := token.Claims(d.key.key.Public(), &claims); err != nil {
		return Principal{}, fmt.Errorf("verify the bearer token: %w", err)
	}
	expected := jwt.Expected{
		Issuer:      d.issuer(),
		AnyAudience: jwt.Audience{canonical(audience)},
		Time:        d.Now(),
	}
	if err := claims.ValidateWithLeeway(expected, time.Minute); err != nil {
		return Principal{}, fmt.Errorf("check the bearer token: %w", err)
	}
	return claims.principal(), nil
}

// principal is who the token speaks of, by the name its kind of principal goes by.
func (c accessClaims) principal() Principal {
	p := Principal{ObjectID: c.ObjectID, AppID: c.AppID, TenantID: c.TenantID, Name: c.Name, Type: "ServicePrincipal"}
	if c.Kind == "user" {
		p.Name, p.Type = c.UPN, "User"
	}
	return p
}

// issue makes an access token for a principal.
func (d *Directory) issue(p Principal, audience string) (string, error) {
	now := d.Now()
	claims := accessClaims{
		Claims: jwt.Claims{
			Issuer:    d.issuer(),
			Subject:   p.ObjectID,
			Audience:  jwt.Audience{audience},
			IssuedAt:  jwt.NewNumericDate(now),
			NotBefore: jwt.NewNumericDate(now),
			Expiry:    jwt.NewNumericDate(now.Add(tokenLifetime)),
		},
		TenantID: d.Tenant, ObjectID: p.ObjectID, AppID: p.AppID, Kind: "app", Name: p.Name, Version: "1.0",
	}
	if p.Type == "User" {
		claims.Kind, claims.UPN, claims.Scope = "user", p.Name, "user_impersonation"
	}
	return d.key.sign(claims)
}

// audience finds the resource of a scope parameter such as "https://vault.localhost/.default offline_access".
func (d *Directory) audience(scopes string) (string, *refusal) {
	for scope := range strings.FieldsSeq(scopes) {
		resource, isResource := strings.CutSuffix(scope, "/.default")
		if !isResource {
			continue
		}
		for _, known := range d.Resources {
			if canonical(known) == canonical(resource) {
				return canonical(resource), nil
			}
		}
		return "", errResource.with(resource)
	}
	return "", errResource.with(scopes)
}

// canonical is a resource without port and trailing slashes: the sandbox's port changes from
// run to run, its resources do not.
func canonical(resource string) string {
	resource = strings.TrimRight(resource, "/")
	u, err := url.Parse(resource)
	if err != nil || u.Host == "" {
		return strings.ToLower(resource)
	}
	return strings.ToLower(u.Scheme + "://" + u.Hostname() + u.Path)
}
