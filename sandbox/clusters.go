package sandbox

import (
	"context"

	"github.com/cctui/cctui/sandbox/arm"
	"github.com/cctui/cctui/sandbox/images"
	"github.com/cctui/cctui/sandbox/kubernetes"
	"github.com/cctui/cctui/sandbox/pods"
	"github.com/cctui/cctui/sandbox/sev"
)

// clusters make Kubernetes clusters on one confidential machine.
type clusters struct {
	sandbox *Sandbox
	issuers *kubernetes.Issuers
	images  pods.Registry
	machine *sev.Machine
}

func (s *Sandbox) openClusters(root *sev.Root) (arm.Clusters, error) {
	machine, err := root.NewMachine()
	if err != nil {
		return nil, err
	}
	return &clusters{sandbox: s, issuers: kubernetes.NewIssuers(s.front), images: images.New(s.registry()), machine: machine}, nil
}

// Create starts a cluster with its system pool.
func (c *clusters) Create(_ context.Context, r arm.ClusterRequest) (arm.ClusterHandle, error) {
	s := c.sandbox
	made, err := kubernetes.New(kubernetes.Options{
		Front:        s.front,
		Name:         r.Name,
		Version:      r.Version,
		Tenant:       s.endpoints.Tenant,
		Issuers:      c.issuers,
		Conditions:   s.weather,
		Images:       c.images,
		TEE:          func(hostData [32]byte) pods.TEE { return guest{c.machine, hostData, s} },
		Metadata:     c.machine.THIM(),
		Outside:      s.front.DialContext,
		Authenticate: s.directory.Authenticate,
	})
	if err != nil {
		return nil, err
	}
	made.AddPool(r.SystemPool, r.SystemNodes, false)
	return made, nil
}

// guest is the SEV-SNP device of one confidential pod.
type guest struct {
	machine  *sev.Machine
	hostData [32]byte
	sandbox  *Sandbox
}

// Report signs what the guest says about itself, and what its host said at launch.
func (g guest) Report(_ context.Context, reportData [64]byte) ([]byte, error) {
	_, scripted := g.sandbox.weather.Has("debuggable-guest")
	return g.machine.Report(reportData, g.hostData, scripted || g.sandbox.debuggable.Load())
}

// Debuggable has guests report from now on that their host can look inside, or not. A real guest
// is launched so or otherwise; whoever asks starts pods anew.
func (s *Sandbox) Debuggable(_ context.Context, on bool) error {
	s.debuggable.Store(on)
	return nil
}
