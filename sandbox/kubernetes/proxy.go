package kubernetes

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// proxy passes a request on to a service or a pod: …/services/[https:]<name>[:<port>]/proxy/<path>.
func (c *Cluster) proxy(w http.ResponseWriter, r *request) error {
	scheme, name, port := splitProxyName(r.name)
	address, err := c.proxyAddress(r, name, port)
	if err != nil {
		return err
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx, nil, address) },
	}
	defer transport.CloseIdleConnections()
	path := r.path
	if path == "" {
		path = "/"
	}
	(&httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL = &url.URL{Scheme: scheme, Host: address, Path: path, RawQuery: p.In.URL.RawQuery}
			p.Out.Host = address
			p.Out.Header.Del("Authorization") // is for the API server
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			writeError(w, apierrors.NewServiceUnavailable("error trying to reach service: "+err.Error()))
		},
	}).ServeHTTP(w, r.Request)
	return nil
}

// splitProxyName reads [scheme:]name[:port].
func splitProxyName(text string) (scheme, name, port string) {
	parts := strings.Split(text, ":")
	switch len(parts) {
	case 3:
		if parts[0] == "https" {
			return "https", parts[1], parts[2]
		}
		return "http", parts[1], parts[2]
	case 2:
		return "http", parts[0], parts[1]
	default:
		return "http", text, ""
	}
}

// proxyAddress is where in the cluster the request goes.
func (c *Cluster) proxyAddress(r *request, name, port string) (string, error) {
	if r.kind.key() == podsKey {
		run := c.running(r.namespace, name)
		if run == nil || !run.started() {
			return "", apierrors.NewNotFound(r.groupResource(), name)
		}
		if port == "" {
			port = "80"
		}
		return net.JoinHostPort(run.address.String(), port), nil
	}
	object := c.store.Get(servicesKey, r.namespace, name)
	var service corev1.Service
	if object == nil || fromObject(object, &service) != nil {
		return "", apierrors.NewNotFound(r.groupResource(), name)
	}
	for _, candidate := range service.Spec.Ports {
		if port == candidate.Name || port == strconv.Itoa(int(candidate.Port)) || port == "" && len(service.Spec.Ports) == 1 {
			if len(c.addressesOf(&service)) == 0 {
				return "", apierrors.NewServiceUnavailable(fmt.Sprintf("no endpoints available for service %q", r.name))
			}
			return fmt.Sprintf("%s.%s:%d", service.Name, service.Namespace, candidate.Port), nil
		}
	}
	return "", apierrors.NewServiceUnavailable(fmt.Sprintf("no service port %q found for service %q", port, name))
}
