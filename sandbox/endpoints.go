package sandbox

import (
	"context"
	"net"
	"net/http"

	"github.com/cctui/cctui/sandbox/front"
)

// Endpoints are how clients reach a sandbox, in this process or another. They hold its
// secrets: whoever has them is its operator.
type Endpoints struct {
	ID               string `json:"id"`
	CA               string `json:"ca"` // PEM
	Port             int    `json:"port"`
	Authority        string `json:"authority"`
	ResourceManager  string `json:"resourceManager"`
	VaultSuffix      string `json:"vaultSuffix"` // host:port that vault names end with, as vault.azure.net
	ManagedHSMSuffix string `json:"managedHSMSuffix"`
	// AttestationHost is the region's shared attestation provider, host:port.
	AttestationHost string `json:"attestationHost"`
	Location        string `json:"location"`
	Tenant          string `json:"tenant"`
	Subscription    string `json:"subscription"`
	ClientID        string `json:"clientId"`
	ClientSecret    string `json:"clientSecret"`
	Kafka           Kafka  `json:"kafka"`
}

// Kafka is where clients outside the cluster reach its broker: SASL_SSL with the mechanism
// PLAIN, and the sandbox's CA.
type Kafka struct {
	Address  string `json:"address"` // host:port
	Username string `json:"username"`
	Password string `json:"password"`
}

// Client trusts the sandbox's CA, reaches its hosts, and nothing else.
func (e Endpoints) Client() (*http.Client, error) {
	return front.NewClient([]byte(e.CA), e.Port)
}

// Dial reaches the sandbox's hosts, and nothing else.
func (e Endpoints) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return front.Dialer(e.Port).DialContext(ctx, network, address)
}
