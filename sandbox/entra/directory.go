// Package entra is the sandbox's sign-in service: the part of Microsoft Entra ID's OpenID
// Connect and OAuth 2.0 endpoints that service principals, device codes and workload
// identities use. It trusts no assertion it has not verified, and knows nothing of what the
// tokens it issues are good for.
package entra

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/cctui/cctui/sandbox/conditions"
)

// ResourceAKS is the AKS server application, whose tokens Entra-integrated clusters accept.
const ResourceAKS = "6dae42f8-4368-4678-94ff-3960e28e3630"

// tokenLifetime is Entra's shortest default.
const tokenLifetime = time.Hour

// Principal is who a token speaks of.
type Principal struct {
	ObjectID, AppID, TenantID string
	Name                      string // user principal name, or the application's display name
	Type                      string // "User" or "ServicePrincipal"
}

// Application is a service principal that signs in with a secret.
type Application struct {
	Principal
	Secret string
}

// Federation lets tokens of another issuer sign in as an identity, from Effective on.
type Federation struct {
	Issuer, Subject, Audience string
	Effective                 time.Time
}

// Options are what a directory is made of.
type Options struct {
	URL         string // of the sign-in host, with port
	Tenant      string // id
	Application Application
	User        Principal // who approves device codes
	// Resources are the audiences tokens are issued for. Scheme, host and path count, the port does not.
	Resources []string
	// Federations are those of the identity with a client id; false where there is no such identity.
	Federations func(clientID string) (Principal, []Federation, bool)
	// HTTP fetches the keys of federated issuers.
	HTTP       *http.Client
	Conditions conditions.Conditions
	// Now is the clock of access tokens; nil is the real one.
	Now func() time.Time
}

// Directory is one tenant.
type Directory struct {
	Options
	key *signingKey

	mu       sync.Mutex
	devices  map[string]device // by device code
	sessions map[string]session
}

// New makes a directory with a fresh signing key.
func New(o Options) (*Directory, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	key, err := newSigningKey()
	if err != nil {
		return nil, fmt.Errorf("make the directory's signing key: %w", err)
	}
	return &Directory{Options: o, key: key, devices: map[string]device{}, sessions: map[string]session{}}, nil
}

// Handler serves the sign-in host.
func (d *Directory) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", d.inTenant(d.configuration))
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", d.inTenant(d.keys))
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", d.inTenant(d.token))
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/devicecode", d.inTenant(d.startDevice))
	mux.HandleFunc("GET /device", d.devicePage)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, errEndpoint.with(r.URL.Path))
	})
	return mux
}

// inTenant refuses tenants that are not this directory's.
func (d *Directory) inTenant(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch tenant := r.PathValue("tenant"); tenant {
		case d.Tenant, "organizations", "common":
			next(w, r)
		default:
			refuse(w, r, errTenant.with(tenant))
		}
	}
}

func (d *Directory) issuer() string { return d.tenantURL() + "/v2.0" }

func (d *Directory) tenantURL() string { return d.URL + "/" + d.Tenant }

// configuration has what MSAL requires, an authorization endpoint among it that is not served.
func (d *Directory) configuration(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                d.issuer(),
		"authorization_endpoint":                d.tenantURL() + "/oauth2/v2.0/authorize",
		"token_endpoint":                        d.tenantURL() + "/oauth2/v2.0/token",
		"device_authorization_endpoint":         d.tenantURL() + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              d.tenantURL() + "/discovery/v2.0/keys",
		"response_types_supported":              []string{"code", "id_token"},
		"response_modes_supported":              []string{"query"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
	})
}

func (d *Directory) keys(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, d.key.public())
}
