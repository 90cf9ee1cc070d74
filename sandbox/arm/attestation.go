package arm

import (
	"net"
	"net/http"
	"regexp"
	"strings"
)

const (
	attestationNamespace = "Microsoft.Attestation"
	attestationType      = attestationNamespace + "/attestationProviders"
)

var attestationName = rule{
	regexp.MustCompile(`^[a-z0-9]{3,24}$`), "InvalidAttestationProviderName",
	"An attestation provider's name has 3 to 24 lower-case letters and digits.",
}

// attestationProvider is one of the subscription's own, with Azure's default policy.
type attestationProvider struct {
	resource
	Properties struct {
		URI        string `json:"attestUri"`
		Status     string `json:"status"`
		TrustModel string `json:"trustModel"`
	} `json:"properties"`
}

func (m *Manager) getAttestation(c *call) (answer, error) {
	found, err := find[*attestationProvider](m, c, attestationType)
	return ok(found), err
}

// putAttestation creates a provider with Azure's default policy. Its name need only be unique in its region.
func (m *Manager) putAttestation(c *call) (answer, error) {
	var asked resource
	if err := c.decode(&asked); err != nil {
		return answer{}, err
	}
	if existing, err := find[*attestationProvider](m, c, attestationType); err == nil {
		existing.Tags = asked.Tags
		return ok(existing), nil
	}
	head, err := m.newResource(c, attestationType, asked.Location, asked.Tags)
	if err != nil {
		return answer{}, err
	}
	if err := attestationName.check(head.Name); err != nil {
		return answer{}, err
	}
	made := &attestationProvider{resource: head}
	host := attestationHost(head.Name, head.Location)
	if m.isProvider(host) {
		return answer{}, conflict("ProviderNameInUse", "The attestation provider name '%s' is in use in location '%s'.", head.Name, head.Location)
	}
	made.Properties.URI = m.URL(host)
	made.Properties.Status, made.Properties.TrustModel = "Ready", "AAD"
	m.put(made)
	return created(true, made), nil
}

func (m *Manager) deleteAttestation(c *call) (answer, error) {
	found, err := find[*attestationProvider](m, c, attestationType)
	if isCode(err, "ResourceNotFound") {
		return gone(), nil
	}
	if err != nil {
		return answer{}, err
	}
	m.drop(found)
	return answer{status: http.StatusOK}, nil
}

// attestationHost is a provider's host name: Azure puts a code of the region into it.
func attestationHost(name, location string) string {
	return name + "." + regions[location].code + ".attest.localhost"
}

// Provider tells whether a host, with port or without, is an attestation provider: one of the
// subscription's, or a region's shared one.
func (m *Manager) Provider(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.isProvider(strings.ToLower(host))
}

// isProvider is Provider for who holds the lock.
func (m *Manager) isProvider(host string) bool {
	for location, r := range regions {
		if host == attestationHost("shared"+r.code, location) {
			return true
		}
	}
	for _, p := range itemsOf[*attestationProvider](m) {
		if host == attestationHost(p.Name, p.Location) {
			return true
		}
	}
	return false
}
