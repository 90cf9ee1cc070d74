// Package sandbox is Azure, Kubernetes and Kafka on loopback, in this process: enough of each,
// over the real wire protocols, for the whole walkthrough, and no easier where the real thing
// is known to refuse. This file wires the services together; each knows the others only by
// what it is handed here.
package sandbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/cctui/cctui/sandbox/arm"
	"github.com/cctui/cctui/sandbox/attestation"
	"github.com/cctui/cctui/sandbox/broker"
	"github.com/cctui/cctui/sandbox/entra"
	"github.com/cctui/cctui/sandbox/front"
	"github.com/cctui/cctui/sandbox/images"
	"github.com/cctui/cctui/sandbox/sev"
	"github.com/cctui/cctui/sandbox/vault"
)

const (
	location = "eastus"
	loopback = "127.0.0.1:0"
	// complianceStatus is what Azure Attestation calls a Kata guest of AKS.
	complianceStatus = "azure-signed-katacc-uvm"
)

// Options say where the sandbox listens and how it behaves. The zero value is fine.
type Options struct {
	Addr      string   // loopback host:port of all HTTPS services; empty: a free port
	KafkaAddr string   // loopback host:port for Kafka clients outside the cluster; empty: a free port
	Profile   string   // instant, demo or azure; empty: instant
	Scale     float64  // multiplies the profile's durations; 0: 1
	Faults    []string // NAME or NAME=ARGUMENT, of Faults
	// Around wraps everything that is served, for who wants to watch it or to step in; nil: nobody does.
	Around func(http.Handler) http.Handler
	// Generate makes the vaults' key pairs, for who starts many sandboxes and has not the time; nil: new ones.
	Generate vault.Generator
}

// Sandbox is a running one.
type Sandbox struct {
	weather    weather
	debuggable atomic.Bool // guests are, beside what is scripted
	endpoints  Endpoints
	front      *front.Front
	directory  *entra.Directory
	manager    *arm.Manager
	vaults     *vault.Service
	external   *broker.External
}

// Start runs a sandbox until Close. It fails for unknown faults and profiles, and where it
// cannot listen.
func Start(ctx context.Context, o Options) (_ *Sandbox, err error) {
	s := &Sandbox{}
	if s.weather, err = newWeather(o.Profile, o.Scale, o.Faults); err != nil {
		return nil, err
	}
	if s.front, err = front.Listen(cmp.Or(o.Addr, loopback)); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("start the sandbox: %w", err), s.Close())
		}
	}()
	s.endpoints = s.introduce()
	if err = s.listenForKafka(cmp.Or(o.KafkaAddr, loopback)); err != nil {
		return nil, err
	}
	if err = s.openServices(o.Generate); err != nil {
		return nil, err
	}
	if o.Around != nil {
		s.front.Use(o.Around)
	}
	return s, ctx.Err()
}

// Endpoints are how clients reach the sandbox.
func (s *Sandbox) Endpoints() Endpoints { return s.endpoints }

// Client trusts the sandbox's CA, reaches its hosts, and nothing else.
func (s *Sandbox) Client() *http.Client { return s.front.Client() }

// Take waits as long as an operation takes in this sandbox, or until the context ends.
func (s *Sandbox) Take(ctx context.Context, operation string) error {
	return s.weather.Take(ctx, operation)
}

// Script makes these faults, and no others, happen from now on. What has happened stays.
func (s *Sandbox) Script(faults ...string) error { return s.weather.script(faults) }

// Close ends everything that runs: first who asks from outside, then clusters with their pods.
func (s *Sandbox) Close() error {
	errs := []error{s.front.Close()}
	if s.manager != nil {
		errs = append(errs, s.manager.Close())
	}
	if s.external != nil {
		errs = append(errs, s.external.Close())
	}
	return errors.Join(errs...)
}

// introduce makes up who is who in this sandbox.
func (s *Sandbox) introduce() Endpoints {
	return Endpoints{
		ID:               uuid.NewString(),
		CA:               string(s.front.CA()),
		Port:             s.front.Port(),
		Authority:        s.front.URL("login.localhost"),
		ResourceManager:  s.front.URL("management.localhost"),
		VaultSuffix:      s.front.Host("vault.localhost"),
		ManagedHSMSuffix: s.front.Host("managedhsm.localhost"),
		AttestationHost:  s.front.Host("sharedeus.eus.attest.localhost"),
		Location:         location,
		Tenant:           uuid.NewString(),
		Subscription:     uuid.NewString(),
		ClientID:         uuid.NewString(),
		ClientSecret:     rand.Text(),
		Kafka:            Kafka{Username: "sandbox", Password: rand.Text()},
	}
}

func (s *Sandbox) listenForKafka(addr string) (err error) {
	certificate, err := s.front.Certificate("localhost")
	if err != nil {
		return err
	}
	s.external, err = broker.ListenExternal(broker.ExternalOptions{
		Addr:     addr,
		TLS:      &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		Username: s.endpoints.Kafka.Username,
		Password: s.endpoints.Kafka.Password,
	})
	if err == nil {
		s.endpoints.Kafka.Address = s.external.Address()
	}
	return err
}

// openServices makes the services and puts them behind the front.
func (s *Sandbox) openServices(generate vault.Generator) (err error) {
	operator := entra.Principal{
		ObjectID: uuid.NewString(), AppID: s.endpoints.ClientID, TenantID: s.endpoints.Tenant, Name: "cctui sandbox operator", Type: "ServicePrincipal",
	}
	presenter := entra.Principal{ObjectID: uuid.NewString(), TenantID: s.endpoints.Tenant, Name: "ada@contoso.example", Type: "User"}
	if s.directory, err = s.openDirectory(operator, presenter); err != nil {
		return err
	}
	root := sev.NewRoot()
	clusters, err := s.openClusters(root)
	if err != nil {
		return err
	}
	s.manager = s.openManager(clusters, operator, presenter)
	s.vaults = s.openVaults(generate, operator, presenter)
	provider := attestation.New(attestation.Options{
		Known: s.manager.Provider, URL: s.front.URL, Roots: root.Certificates, ComplianceStatus: complianceStatus,
	})

	s.front.Use(func(next http.Handler) http.Handler { return spoilt(next, s.weather) })
	s.front.Handle("login.localhost", s.directory.Handler())
	s.front.Handle("management.localhost", s.manager.Handler())
	s.front.Handle("*.vault.localhost", s.vaults.Handler())
	s.front.Handle("*.managedhsm.localhost", s.vaults.Handler())
	s.front.Handle("*.attest.localhost", provider.Handler())
	return nil
}

func (s *Sandbox) openDirectory(operator, presenter entra.Principal) (*entra.Directory, error) {
	return entra.New(entra.Options{
		URL:         s.endpoints.Authority,
		Tenant:      s.endpoints.Tenant,
		Application: entra.Application{Principal: operator, Secret: s.endpoints.ClientSecret},
		User:        presenter,
		Resources:   []string{s.endpoints.ResourceManager, "https://vault.localhost", "https://managedhsm.localhost", entra.ResourceAKS},
		Federations: func(clientID string) (entra.Principal, []entra.Federation, bool) {
			return s.manager.Federations(clientID)
		},
		HTTP:       s.front.Client(),
		Conditions: s.weather,
	})
}

func (s *Sandbox) openManager(clusters arm.Clusters, owners ...entra.Principal) *arm.Manager {
	return arm.New(arm.Options{
		URL: s.front.URL, Tenant: s.endpoints.Tenant, Subscription: s.endpoints.Subscription, Location: location,
		Authenticate: func(r *http.Request) (entra.Principal, error) {
			return s.directory.Authenticate(r, s.endpoints.ResourceManager)
		},
		Owners: owners, Conditions: s.weather, Clusters: clusters,
		VaultPurged: func(name string) { s.vaults.Purge(name) },
		Estate:      arm.Estate{Group: "contoso-rg", Cluster: "contoso-aks", Vault: "contoso-kv", ManagedHSM: "contoso-hsm"},
	})
}

func (s *Sandbox) openVaults(generate vault.Generator, administrators ...entra.Principal) *vault.Service {
	var ids []string
	for _, a := range administrators {
		ids = append(ids, a.ObjectID)
	}
	return vault.New(vault.Options{
		Lookup: func(name string) (vault.Properties, bool) {
			found, ok := s.manager.Vault(name)
			return vault.Properties(found), ok
		},
		Authenticate: s.directory.Authenticate, Allowed: s.manager.Allowed, Administrators: ids,
		Trust: s.front.Client(), Conditions: s.weather, URL: s.front.URL,
		Authority:   s.endpoints.Authority + "/" + s.endpoints.Tenant,
		Certificate: s.front.Certificate, Generate: generate,
	})
}

// registry holds the images, which trust the sandbox's CA as real ones trust the world's.
func (s *Sandbox) registry() images.Options {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.front.CA())
	return images.Options{Conditions: s.weather, Roots: roots, Broker: s.external.Attach}
}
