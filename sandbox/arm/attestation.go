package arm

import (
	"net"
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

// putAttestation makes a provider with Azure's default policy. Its name need only be unique in its region.
func (m *Manager) putAttestation(c *call) (answer, error) {
	return putAtOnce(m, c, attestationType, attestationName, func(head resource) (*attestationProvider, error) {
		made := &attestationProvider{resource: head}
		host := attestationHost(head.Name, head.Location)
		if m.isProvider(host) {
			return nil, conflict("ProviderNameInUse", "The attestation provider name '%s' is in use in location '%s'.", head.Name, head.Location)
		}
		made.Properties.URI = m.URL(host)
		made.Properties.Status, made.Properties.TrustModel = "Ready", "AAD"
		return made, nil
	})
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
