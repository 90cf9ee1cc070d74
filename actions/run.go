package actions

import (
	"context"

	"github.com/cctui/cctui/azure"
)

// Adapters are the outside world.
type Adapters struct {
	Azure    Azure
	Connect  KubeConnector
	Attester Attester
	CLI      CLI
	Topic    Topic
	Pages    Pages
}

// Resource is something a run makes and cleanup removes.
type Resource struct {
	Kind string `json:"kind"` // e.g. "cluster"; with the name it is what the user is told
	Name string `json:"name"`
	ID   string `json:"id,omitempty"`
}

// Run is what a step works with: inputs, the outputs so far, the world, and ways to tell and to wait.
type Run struct{ engine engine }

// engine is what a Run needs of the walkthrough it belongs to.
type engine interface {
	Adapters() Adapters
	Inputs() Inputs
	Profile() Profile
	Outputs() Outputs
	Update(func(*Outputs)) error
	Kube(ctx context.Context) (Kube, error)
	UseKubeconfig(kubeconfig []byte)
	Log(text string)
	Progress(text string, fraction float64)
	Wait(ctx context.Context, reason string, check func(context.Context) (bool, error)) error
	Create(ctx context.Context, r Resource, create func(azure.LRO) error) error
	Remove(ctx context.Context, r Resource, remove func(azure.LRO) error) error
	Owns(r Resource) bool
	Tags() map[string]string
}
