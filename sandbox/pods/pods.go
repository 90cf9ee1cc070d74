// Package pods is the contract between the sandbox's kubelet and the programs it runs:
// an image is a function, a pod is a small network, a confidential pod has a TEE.
package pods

import (
	"context"
	"io"
	"net"
	"net/http"
)

// Image is a program. It runs until its context ends or it has finished; an error is a non-zero exit.
type Image func(ctx context.Context, c Container) error

// Registry finds the program of an image reference; false is an ImagePullBackOff.
type Registry func(reference string) (Image, bool)

// Container is what a program sees of the container it runs in.
type Container struct {
	Name          string
	Image         string
	Namespace     string
	Pod           string
	Command, Args []string
	// Env is complete: literal values, and what admission injected.
	Env map[string]string
	// ReadFile reads a mounted file, e.g. a projected service account token (fresh at each read).
	ReadFile func(path string) ([]byte, error)
	Log      io.Writer
	Network  Network
	// TEE is nil in an ordinary pod.
	TEE TEE
	// Kubeconfig is the pod's service account's access to the API server.
	Kubeconfig []byte
}

// Getenv is the value of a variable, or what to fall back to where it is unset or empty.
func (c Container) Getenv(name, fallback string) string {
	if v := c.Env[name]; v != "" {
		return v
	}
	return fallback
}

// Network is what the containers of a pod share.
type Network interface {
	// Listen takes a port of the pod.
	Listen(port int) (net.Listener, error)
	// DialContext reaches localhost (the pod itself), pods and services by cluster name, link-local
	// metadata (169.254.169.254) and the sandbox's Azure by name. Nothing else.
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	// Client is an HTTP client over DialContext that trusts the sandbox's CA.
	Client() *http.Client
}

// TEE is the guest's SEV-SNP device.
type TEE interface {
	// Report returns a signed SNP attestation report (1184 bytes) over the report data.
	Report(ctx context.Context, reportData [64]byte) ([]byte, error)
}
