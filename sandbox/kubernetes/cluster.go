// Package kubernetes is the sandbox's Kubernetes: an API server that client-go and kubectl take
// for one, admission as in AKS with workload identity, and a kubelet that runs images as
// goroutines, confidential pods behind their policy. It has no etcd and no schemas of custom
// resources, so that it accepts some of what a real API server refuses. It knows nothing of what
// the images do, nor of Azure beyond where tokens are exchanged.
package kubernetes

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/util/managedfields"

	"github.com/cctui/cctui/sandbox/conditions"
	"github.com/cctui/cctui/sandbox/entra"
	"github.com/cctui/cctui/sandbox/front"
	"github.com/cctui/cctui/sandbox/kubernetes/network"
	"github.com/cctui/cctui/sandbox/kubernetes/objects"
	"github.com/cctui/cctui/sandbox/pods"
)

// defaultVersion is the Kubernetes version of a cluster that was asked for none.
const defaultVersion = "1.33.2"

// stopPatience is how long Close waits for the programs of the pods to end.
const stopPatience = 10 * time.Second

// Options say what a cluster is like.
type Options struct {
	Front *front.Front
	Name  string // the API server's host is <name>.k8s.localhost
	// Version of Kubernetes, e.g. 1.33.2; empty: a recent one.
	Version string
	Tenant  string
	// Issuers is shared by the clusters of a sandbox, for they share its host.
	Issuers *Issuers
	// IssuerURL is at the host of Issuers, with a trailing slash; empty: one is made.
	IssuerURL  string
	Conditions conditions.Conditions
	Images     pods.Registry
	// TEE is the guest's device of a pod, by the SHA-256 of its policy.
	TEE func(hostData [32]byte) pods.TEE
	// Metadata answers at 169.254.169.254; nil: nothing does.
	Metadata http.Handler
	// Outside reaches the sandbox's Azure by name.
	Outside func(ctx context.Context, network, address string) (net.Conn, error)
	// Authenticate verifies an Entra token for an audience; nil: there are only local accounts.
	Authenticate func(r *http.Request, audience string) (entra.Principal, error)
}

// Cluster is a running cluster. Its methods are safe for concurrent use.
type Cluster struct {
	options    Options
	adminToken string
	signer     *signer

	store   *objects.Store
	kinds   *kinds
	fields  *fieldManagers
	network *network.Network

	podAddresses, serviceAddresses     *addressPool
	publicAddresses, internalAddresses *addressPool

	mu   sync.Mutex
	runs map[podName]*podRun

	background sync.WaitGroup
	stop       context.CancelFunc
}

// New starts a cluster without nodes and serves it on the front.
func New(o Options) (*Cluster, error) {
	if o.Version == "" {
		o.Version = defaultVersion
	}
	if o.Issuers == nil {
		o.Issuers = NewIssuers(o.Front)
	}
	if o.IssuerURL == "" {
		o.IssuerURL = fmt.Sprintf("%s/%s/%s/", o.Issuers.base, o.Tenant, uuid.NewString())
	}
	if !strings.HasPrefix(o.IssuerURL, o.Issuers.base+"/") || !strings.HasSuffix(o.IssuerURL, "/") {
		return nil, fmt.Errorf("issuer %s: want a path below %s that ends with a slash", o.IssuerURL, o.Issuers.base)
	}
	signer, err := newSigner(o.IssuerURL)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Cluster{
		options:           o,
		adminToken:        rand.Text(),
		signer:            signer,
		store:             objects.New(),
		kinds:             &kinds{all: builtin()},
		fields:            &fieldManagers{all: map[fieldManagerKey]*managedfields.FieldManager{}},
		network:           network.New(),
		podAddresses:      newAddressPool("10.244.0.0/16"),
		serviceAddresses:  newAddressPool("10.0.0.0/16"),
		publicAddresses:   newAddressPool("203.0.113.0/24"),
		internalAddresses: newAddressPool("10.224.0.0/16"),
		runs:              map[podName]*podRun{},
		stop:              stop,
	}
	if err := errors.Join(c.furnish(), c.serveMetadata(ctx)); err != nil {
		stop()
		return nil, err
	}
	c.background.Go(func() { c.control(ctx) })
	o.Issuers.add(signer)
	o.Front.Handle(c.host(), c)
	return c, nil
}

// host is the API server's virtual host on the front.
func (c *Cluster) host() string { return c.options.Name + ".k8s.localhost" }

// Issuer is the OpenID issuer of the service accounts' tokens, with its trailing slash.
func (c *Cluster) Issuer() string { return c.signer.issuer }

// Close stops the pods and takes the cluster off the front.
func (c *Cluster) Close() error {
	c.options.Front.Remove(c.host())
	c.options.Issuers.remove(c.signer)
	c.stop()
	stopped := make(chan struct{})
	go func() {
		c.background.Wait()
		close(stopped)
	}()
	select {
	case <-stopped:
		return nil
	case <-time.After(stopPatience):
		return fmt.Errorf("stop cluster %s: some of its pods do not end", c.options.Name)
	}
}

// serveMetadata answers pods at the link-local address of the cloud's metadata.
func (c *Cluster) serveMetadata(ctx context.Context) error {
	if c.options.Metadata == nil {
		return nil
	}
	listener, err := c.network.Listen(metadataAddress, 80)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: c.options.Metadata}
	c.background.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("the metadata server stopped: %v", err)) // its listener cannot fail
		}
	})
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return nil
}
