package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// manager is the name under which this package owns the fields it applies.
const manager = "cctui"

// Config says which API server, and who asks.
type Config struct {
	Kubeconfig []byte
	// Token is asked for a bearer token where the kubeconfig holds no credential of its own, as
	// that of an Entra-integrated cluster: it stands in for the kubelogin plugin, which is never
	// run then. May be nil.
	Token func(ctx context.Context) (string, error)
	// Dial connects to the API server; nil: the network of this machine. Port-forwards go to
	// the kubeconfig's server address without it, for client-go's upgrades cannot be told.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client is a connection to one API server. It is safe for concurrent use.
type Client struct {
	config    *rest.Config
	namespace string // where a manifest names none
	rest      rest.Interface
	dynamic   dynamic.Interface
	kinds     kinds
	pauses    wait.Backoff // between the tries of a request
}

// Connect makes a client. Nothing is sent yet; Version tells whether the API server answers.
func Connect(_ context.Context, cfg Config) (*Client, error) {
	kubeconfig, err := clientcmd.NewClientConfigFromBytes(cfg.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	config, err := kubeconfig.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	if err := selfContained(config); err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	namespace, _, err := kubeconfig.Namespace()
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	config.UserAgent = manager
	config.QPS = -1 // the API server's own priority and fairness does this better
	config.WarningHandlerWithContext = rest.NoWarnings{}
	config.Dial = cfg.Dial
	if cfg.Token != nil {
		config.ExecProvider, config.AuthProvider = nil, nil
		if !hasCredential(config) {
			config.Wrap(authorize(cfg.Token))
		}
	}
	return newClient(config, namespace)
}

func newClient(config *rest.Config, namespace string) (*Client, error) {
	transport, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("set up transport: %w", err)
	}
	transport.Transport = answering(transport.Transport, answerTime)
	objects, err := dynamic.NewForConfigAndClient(config, transport)
	if err != nil {
		return nil, fmt.Errorf("set up client: %w", err)
	}
	raw := rest.CopyConfig(config)
	raw.NegotiatedSerializer = statuses()
	requests, err := rest.UnversionedRESTClientForConfigAndClient(raw, transport)
	if err != nil {
		return nil, fmt.Errorf("set up client: %w", err)
	}
	return &Client{
		config: config, namespace: namespace, rest: requests, dynamic: objects,
		kinds: kinds{known: map[schema.GroupVersionKind]kind{}}, pauses: pauses(),
	}, nil
}

// selfContained refuses a kubeconfig that names files of this machine. One that came over the network
// could have any of them read, and a token file's content sent to the server it names.
func selfContained(c *rest.Config) error {
	for _, path := range []string{c.BearerTokenFile, c.CertFile, c.KeyFile, c.CAFile} {
		if path != "" {
			return errors.New("it refers to a file, and must hold everything itself")
		}
	}
	return nil
}

// statuses decodes no more than the API server's refusals; everything else is read as it comes.
func statuses() runtime.NegotiatedSerializer {
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	return serializer.NewCodecFactory(scheme).WithoutConversion()
}

// hasCredential leaves plugins out: they are what a token stands in for.
func hasCredential(c *rest.Config) bool {
	return c.BearerToken != "" || c.Username != "" || len(c.CertData) > 0
}

// authorize puts a bearer token on every request.
func authorize(token func(context.Context) (string, error)) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			bearer, err := token(r.Context())
			if err != nil {
				return nil, &tokenError{err}
			}
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+bearer)
			return next.RoundTrip(r)
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Version is the API server's version, e.g. v1.33.2.
func (c *Client) Version(ctx context.Context) (string, error) {
	var info version.Info
	if err := c.getJSON(ctx, "/version", &info); err != nil {
		return "", fmt.Errorf("read the API server's version: %w", err)
	}
	if info.GitVersion == "" {
		return "", errors.New("read the API server's version: the answer names none")
	}
	return info.GitVersion, nil
}

// getJSON reads a document that is no object.
func (c *Client) getJSON(ctx context.Context, path string, into any) error {
	return persist(ctx, c.pauses, func() error {
		body, err := c.rest.Get().AbsPath(path).Do(ctx).Raw()
		if err != nil {
			return err
		}
		return json.Unmarshal(body, into)
	})
}

// quiet keeps client-go from writing to standard error: what goes wrong is returned, not logged.
func quiet(ctx context.Context) context.Context {
	return klog.NewContext(ctx, klog.Logger{})
}
