package arm

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cctui/cctui/sandbox/entra"
)

const (
	identityType   = "Microsoft.ManagedIdentity/userAssignedIdentities"
	federationType = identityType + "/federatedIdentityCredentials"
	// maxFederations is Entra's, for one identity.
	maxFederations = 20
)

// Source: learn.microsoft.com, naming rules, Microsoft.ManagedIdentity.
var identityName = rule{
	regexp.MustCompile(`^[a-zA-Z0-9][-_a-zA-Z0-9]{2,127}$`), "InvalidParameter",
	"An identity's name has 3 to 128 letters, digits, '_' or '-', and begins with a letter or digit.",
}

var federationName = rule{
	regexp.MustCompile(`^[a-zA-Z0-9][-_a-zA-Z0-9]{2,119}$`), "InvalidParameter",
	"A federated credential's name has 3 to 120 letters, digits, '_' or '-', and begins with a letter or digit.",
}

// identity is a user-assigned managed identity: a service principal of the directory.
type identity struct {
	resource
	Properties struct {
		TenantID    string `json:"tenantId"`
		PrincipalID string `json:"principalId"`
		ClientID    string `json:"clientId"`
	} `json:"properties"`

	federations map[string]*federation // by lower-case name
}

// federation is a federated identity credential: it trusts tokens of an issuer, for a subject and an audience.
type federation struct {
	ID         string               `json:"id"`
	Name       string               `json:"name"`
	Type       string               `json:"type"`
	Properties federationProperties `json:"properties"`

	created time.Time
}

type federationProperties struct {
	Issuer    string   `json:"issuer"`
	Subject   string   `json:"subject"`
	Audiences []string `json:"audiences"`
}

// putIdentity gives a new identity its principal; a repeated create keeps it.
func (m *Manager) putIdentity(c *call) (answer, error) {
	return putAtOnce(m, c, identityType, identityName, func(head resource) (*identity, error) {
		made := &identity{resource: head, federations: map[string]*federation{}}
		made.Properties.TenantID = m.Tenant
		made.Properties.PrincipalID = uuid.NewString()
		made.Properties.ClientID = uuid.NewString()
		return made, nil
	})
}

func (m *Manager) findFederation(c *call) (*identity, *federation, error) {
	owner, err := find[*identity](m, c, identityType)
	if err != nil {
		return nil, nil, err
	}
	name := c.PathValue("credential")
	f, ok := owner.federations[strings.ToLower(name)]
	if !ok {
		return owner, nil, notFound("NotFound", "The Federated Identity Credential with name '%s' was not found on the Managed Identity '%s'.", name, owner.Name)
	}
	return owner, f, nil
}

func (m *Manager) getFederation(c *call) (answer, error) {
	_, f, err := m.findFederation(c)
	return ok(f), err
}

func (m *Manager) listFederations(c *call) (answer, error) {
	owner, err := find[*identity](m, c, identityType)
	if err != nil {
		return answer{}, err
	}
	return ok(page(slices.Collect(maps.Values(owner.federations)))), nil
}

func (m *Manager) putFederation(c *call) (answer, error) {
	owner, existing, err := m.findFederation(c)
	if owner == nil {
		return answer{}, err
	}
	var asked struct{ Properties federationProperties }
	if err := c.decode(&asked); err != nil {
		return answer{}, err
	}
	name := c.PathValue("credential")
	if err := owner.checkFederation(name, asked.Properties); err != nil {
		return answer{}, err
	}
	made := &federation{
		ID: owner.ID + "/federatedIdentityCredentials/" + name, Name: name, Type: federationType,
		Properties: m.misfiled(asked.Properties), created: time.Now(),
	}
	owner.federations[strings.ToLower(name)] = made
	return created(existing == nil, made), nil
}

// checkFederation does not ask the issuer: Azure stores what it is told, and sign-in finds out.
func (i *identity) checkFederation(name string, p federationProperties) error {
	if err := federationName.check(name); err != nil {
		return err
	}
	if p.Issuer == "" || p.Subject == "" || len(p.Audiences) != 1 {
		return badRequest("BadRequest", "A Federated Identity Credential has an issuer, a subject and exactly one audience.")
	}
	for other, f := range i.federations {
		if other == strings.ToLower(name) {
			continue
		}
		if f.Properties.Issuer == p.Issuer && f.Properties.Subject == p.Subject {
			return conflict("Conflict", "Issuer and subject combination already exists for this Managed Identity.")
		}
	}
	if _, exists := i.federations[strings.ToLower(name)]; !exists && len(i.federations) >= maxFederations {
		return badRequest("BadRequest", "Too many Federated Identity Credentials: an identity has at most %d.", maxFederations)
	}
	return nil
}

// misfiled stores another value than was sent, where a fault asks for it.
func (m *Manager) misfiled(p federationProperties) federationProperties {
	if value, on := m.Conditions.Has("federated-subject"); on {
		p.Subject = cmp.Or(value, "system:serviceaccount:default:workload-identity-sa")
	}
	if value, on := m.Conditions.Has("federated-issuer"); on {
		p.Issuer = cmp.Or(value, m.URL("oic.localhost")+"/"+m.Tenant+"/"+uuid.Nil.String()+"/")
	}
	if value, on := m.Conditions.Has("federated-audience"); on {
		p.Audiences = []string{cmp.Or(value, "api://AzureADTokenExchangeChina")}
	}
	return p
}

func (m *Manager) deleteFederation(c *call) (answer, error) {
	owner, f, err := m.findFederation(c)
	if owner != nil && f == nil {
		return gone(), nil
	}
	if err != nil {
		return answer{}, err
	}
	delete(owner.federations, strings.ToLower(f.Name))
	return answer{status: http.StatusOK}, nil
}

// Federations are what the sign-in service may let sign in as the identity with a client id.
func (m *Manager) Federations(clientID string) (entra.Principal, []entra.Federation, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range itemsOf[*identity](m) {
		if strings.EqualFold(i.Properties.ClientID, clientID) {
			return m.principal(i), i.inEffect(m.Conditions.Duration("federated.propagate")), true
		}
	}
	return entra.Principal{}, nil, false
}

func (m *Manager) principal(i *identity) entra.Principal {
	return entra.Principal{
		ObjectID: i.Properties.PrincipalID, AppID: i.Properties.ClientID, TenantID: m.Tenant, Name: i.Name, Type: "ServicePrincipal",
	}
}

// inEffect says of each credential from when on sign-in knows it.
func (i *identity) inEffect(delay time.Duration) []entra.Federation {
	var all []entra.Federation
	for _, f := range i.federations {
		all = append(all, entra.Federation{
			Issuer: f.Properties.Issuer, Subject: f.Properties.Subject, Audience: f.Properties.Audiences[0], Effective: f.created.Add(delay),
		})
	}
	return all
}
