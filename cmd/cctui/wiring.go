package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kafka"
	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/sandbox"
	"github.com/cctui/cctui/sandbox/azcli"
	"github.com/cctui/cctui/skr"
)

// surroundings are all that differs between Azure and the sandbox: endpoints, credential and
// transport. Nothing beyond this file knows which of them it is.
type surroundings struct {
	cloud      azure.Cloud
	credential azure.SignInOptions
	http       *http.Client // nil: the default
	dial       func(ctx context.Context, network, address string) (net.Conn, error)
	az         func(ctx context.Context, args ...string) ([]byte, error)
	sandboxID  string         // empty: Azure
	passing    bool           // a sandbox that ends with this process
	guests     actions.Guests // nil: nobody can have them launched otherwise
	// patience is the default of the input; 0: its own.
	patience time.Duration
	close    func() error
}

// surroundings are those the user chose.
func (p *program) surroundings(ctx context.Context, chosen choice) (surroundings, error) {
	if chosen.Sandbox {
		return p.sandbox(ctx, chosen)
	}
	settled := chosen.withDefaults("")
	return surroundings{
		cloud: azure.PublicCloud(),
		credential: azure.SignInOptions{
			Method:     settled.Auth,
			Tenant:     settled.Tenant,
			ClientID:   settled.Client,
			DeviceCode: func(code azure.DeviceCode) { fmt.Fprintln(p.err, code.Message) },
		},
		az:    azure.ExecCLI,
		close: func() error { return nil },
	}, nil
}

// sandbox is the one being served, or else one of this process's own. Who asks for a profile or
// for faults gets one of their own, for the other has its own weather.
func (p *program) sandbox(ctx context.Context, chosen choice) (surroundings, error) {
	if !chosen.conditions() {
		if e, found := p.discovery().running(ctx); found {
			return inSandbox(e)
		}
		p.mourn(ctx)
	}
	settled := chosen.withDefaults("")
	embedded, err := sandbox.Start(ctx, sandbox.Options{
		Profile: settled.profile(), Scale: settled.SandboxScale, Faults: settled.SandboxFaults,
	})
	if err != nil {
		return surroundings{}, err
	}
	around, err := inSandbox(embedded.Endpoints())
	around.passing, around.guests, around.close = true, embedded, embedded.Close
	around.az = standIn(azcli.CLI{Take: embedded.Take})
	around.patience = patience(settled.profile(), settled.SandboxScale)
	return around, err
}

// patience is Azure's, shortened as the latencies of the sandbox are; what never comes is known soon.
func patience(profile string, scale float64) time.Duration {
	const grace = 10 * time.Second // for a busy machine
	share := map[string]float64{sandbox.ProfileDemo: 0.01, sandbox.ProfileAzure: 1}[profile]
	usual := actions.Inputs{}.WithDefaults("").Patience
	return grace + time.Duration(share*scale*float64(usual))
}

// inSandbox is where a sandbox is, and how one signs in there.
func inSandbox(e sandbox.Endpoints) (surroundings, error) {
	client, err := e.Client()
	return surroundings{
		cloud: azure.Cloud{
			Authority: e.Authority, ResourceManager: e.ResourceManager,
			VaultSuffix: e.VaultSuffix, ManagedHSMSuffix: e.ManagedHSMSuffix,
			DisableInstanceDiscovery: true,
		},
		credential: azure.SignInOptions{Method: "client-secret", Tenant: e.Tenant, ClientID: e.ClientID, ClientSecret: e.ClientSecret},
		http:       client,
		dial:       e.Dial,
		az:         standIn(azcli.CLI{}),
		sandboxID:  e.ID,
		patience:   2 * time.Minute,
		close:      func() error { return nil },
	}, err
}

// standIn runs the sandbox's az in this process.
func standIn(az azcli.CLI) func(context.Context, ...string) ([]byte, error) {
	return func(ctx context.Context, args ...string) ([]byte, error) {
		var out, complaint bytes.Buffer
		if code := az.Run(ctx, args, &out, &complaint); code != 0 {
			return nil, fmt.Errorf("az %s ended with %d: %s", args[0], code, bytes.TrimSpace(complaint.Bytes()))
		}
		return out.Bytes(), nil
	}
}

// web is the client for what needs no sign-in.
func (s surroundings) web() *http.Client { return cmp.Or(s.http, http.DefaultClient) }

// clusterScope is the AKS server application: Entra-integrated clusters take tokens for it.
const clusterScope = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"

// client signs in and makes the client that talks to Azure.
func (s surroundings) client(ctx context.Context) (*azure.Client, *azure.Credential, error) {
	options := s.credential
	options.Cloud, options.HTTP = s.cloud, s.http
	credential, err := azure.SignIn(ctx, options)
	if err != nil {
		return nil, nil, err
	}
	client, err := azure.New(azure.Config{Cloud: s.cloud, Credential: credential, HTTP: s.http})
	return client, credential, err
}

// signIn makes the adapters, with a credential that works.
func (s surroundings) signIn(ctx context.Context) (actions.Adapters, error) {
	client, credential, err := s.client(ctx)
	if err != nil {
		return actions.Adapters{}, err
	}
	return actions.Adapters{
		Azure:    client,
		Connect:  s.connector(credential),
		Attester: skr.Attester{HTTP: s.web()},
		CLI:      commandLine{azure.CLI{Run: s.az}},
		Topic:    kafka.Topic{},
		Pages:    pages{s.web()},
		Guests:   s.guests,
	}, nil
}

func (s surroundings) connector(credential *azure.Credential) actions.KubeConnector {
	return func(ctx context.Context, kubeconfig []byte) (actions.Kube, error) {
		return kube.Connect(ctx, kube.Config{
			Kubeconfig: kubeconfig,
			Token:      func(ctx context.Context) (string, error) { return credential.Token(ctx, clusterScope) },
			Dial:       s.dial,
		})
	}
}

// commandLine is the az command line: one adapter runs it for versions and extensions, another
// for security policies.
type commandLine struct{ azure.CLI }

func (c commandLine) GeneratePolicy(ctx context.Context, manifest []byte) ([]byte, skr.SecurityPolicy, error) {
	return skr.GeneratePolicy(ctx, c.Run, manifest)
}

// pages reads what anybody in reach of the load balancer can read.
type pages struct{ http *http.Client }

// What a page may be: the consumer's is one line of text in a little markup, and waits up to 10 s for it.
const (
	maxPage  = 1 << 20 // bytes
	pageTime = 30 * time.Second
)

func (p pages) Page(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := p.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read the consumer's page: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read the consumer's page %s: %s", url, response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, maxPage))
}
