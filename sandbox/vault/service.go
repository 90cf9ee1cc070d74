// Package vault is the sandbox's Azure Key Vault and Managed HSM: the keys part of the data plane.
// It releases a key as the real service does, and refuses as it does: by token, role, SKU, policy
// and attestation. Which vaults there are, and who may do what, it asks the resource manager through
// its Options.
package vault

import (
	"crypto/tls"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cctui/cctui/sandbox/conditions"
	"github.com/cctui/cctui/sandbox/entra"
	"github.com/cctui/cctui/sandbox/front"
)

// Properties are what the resource manager knows of a vault.
type Properties struct {
	Name, ID, Location string
	SKU                string // Standard or Premium; any case
	RBAC               bool   // else: access policies, of which there are none
	Deleted            bool   // soft-deleted: its name does not resolve
	HSM                bool   // a Managed HSM
}

// Options are what the service is made of.
type Options struct {
	Lookup func(name string) (Properties, bool)
	// Authenticate verifies the bearer token; the audience is https://vault.localhost or https://managedhsm.localhost.
	Authenticate func(r *http.Request, audience string) (entra.Principal, error)
	// Allowed tells whether a role assignment at the scope or above it grants the data action.
	Allowed func(objectID, scope, dataAction string) bool
	// Administrators are the object ids of every Managed HSM's administrators: they assign its local roles.
	Administrators []string
	// Trust fetches the metadata and keys of attestation services.
	Trust      *http.Client
	Conditions conditions.Conditions
	// URL is a host's https URL, with port, without a trailing slash.
	URL func(host string) string
	// Authority is the sign-in service's URL with the tenant, for challenges.
	Authority string
	// Certificate is what a vault of that host (no port) signs released keys with; pods must trust its root.
	Certificate func(host string) (tls.Certificate, error)
	// Generate makes key pairs; nil makes real ones.
	Generate Generator
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// Service serves every vault and Managed HSM of the sandbox.
type Service struct {
	Options
	pool *keyPool

	mu     sync.Mutex
	vaults map[string]*store // by name
}

// New begins to make the first key in the background, and returns at once.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Generate == nil {
		o.Generate = generate
	}
	s := &Service{Options: o, pool: &keyPool{generate: o.Generate}, vaults: map[string]*store{}}
	s.pool.prepare()
	return s
}

// Purge forgets a vault's keys: the vault itself was purged.
func (s *Service) Purge(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.vaults, strings.ToLower(name))
}

// Handler serves *.vault.localhost and *.managedhsm.localhost.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, op operation, serve func(*call) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, op, serve) })
	}
	handle("GET /keys", opRead, s.list)
	handle("POST /keys/{name}/create", opCreate, s.create)
	handle("GET /keys/{name}", opRead, s.get)
	handle("GET /keys/{name}/{version}", opRead, s.get)
	handle("GET /keys/{name}/versions", opRead, s.versions)
	handle("PATCH /keys/{name}", opUpdate, s.update)
	handle("PATCH /keys/{name}/{version}", opUpdate, s.update)
	handle("DELETE /keys/{name}", opDelete, s.delete)
	handle("POST /keys/{name}/release", opRelease, s.release)
	handle("POST /keys/{name}/{version}/release", opRelease, s.release)
	handle("GET /deletedkeys", opReadDeleted, s.listDeleted)
	handle("GET /deletedkeys/{name}", opReadDeleted, s.getDeleted)
	handle("POST /deletedkeys/{name}/recover", opRecover, s.recover)
	handle("DELETE /deletedkeys/{name}", opPurge, s.purge)
	s.handleLocalRoles(handle)
	handle("/", opRead, func(c *call) (any, error) {
		return nil, failed(http.StatusNotFound, "NotFound", "The sandbox's vault has no "+c.Request.URL.Path+".")
	})
	return trimSlash(mux)
}

// trimSlash takes away what clients leave at the end of a path when they name no version.
func trimSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		path := strings.TrimRight(r.URL.Path, "/")
		// An empty version leaves two slashes in the middle: /keys/name//release.
		r.URL.Path, r.URL.RawPath = strings.ReplaceAll(path, "//", "/"), ""
		next.ServeHTTP(w, r)
	})
}

// call is one authorised request.
type call struct {
	Request    *http.Request
	APIVersion string
	Vault      Properties
	URL        string // of the vault, without a trailing slash
	Host       string // of the vault, without a port
	Name       string // of the key; empty where there is none
	Version    string
	Caller     entra.Principal
	store      *store
}

// serve authenticates and authorises first: who may not read learns nothing about keys.
func (s *Service) serve(w http.ResponseWriter, r *http.Request, op operation, handle func(*call) (any, error)) {
	c, err := s.open(r, op)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	body, err := handle(c)
	switch {
	case err != nil:
		s.refuse(w, r, err)
	case body == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		answer(w, http.StatusOK, body)
	}
}

func (s *Service) open(r *http.Request, op operation) (*call, error) {
	host := front.HostOf(r)
	name, _, _ := strings.Cut(host, ".")
	properties, ok := s.Lookup(name)
	if !ok || properties.Deleted || properties.HSM != isHSM(host) {
		return nil, failed(http.StatusNotFound, "VaultNotFound", "There is no vault "+name+".")
	}
	caller, err := s.Authenticate(r, audience(host))
	if err != nil {
		return nil, unauthenticated(err)
	}
	c := &call{
		Request: r, APIVersion: r.URL.Query().Get("api-version"), Vault: properties, URL: s.URL(host), Host: host,
		Name: r.PathValue("name"), Version: r.PathValue("version"), Caller: caller, store: s.storeOf(name),
	}
	if err := checkVersion(c.APIVersion); err != nil {
		return nil, err
	}
	return c, s.authorise(c, op)
}

func (s *Service) storeOf(vault string) *store {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.vaults[vault] == nil {
		st := &store{keys: map[string]*key{}, seeded: map[string]bool{}}
		for _, id := range s.Administrators {
			st.roles = append(st.roles, localRole{name: id, scope: "/", role: administrator, principal: id})
		}
		s.vaults[vault] = st
		s.pool.prepare()
	}
	return s.vaults[vault]
}

func isHSM(host string) bool { return strings.HasSuffix(host, ".managedhsm.localhost") }

func audience(host string) string {
	_, suffix, _ := strings.Cut(host, ".")
	return "https://" + suffix
}
