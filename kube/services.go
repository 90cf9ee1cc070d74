package kube

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// pageLimit bounds a page read through the proxy, in bytes.
const pageLimit = 1 << 20

// ServiceAddress waits for the load balancer's address of a service, an IP address or a name.
// What the cluster says about the service meanwhile is progress.
func (c *Client) ServiceAddress(ctx context.Context, namespace, name string, progress func(string)) (string, error) {
	ref := Ref{APIVersion: "v1", Kind: "Service", Namespace: namespace, Name: name}
	resource, err := c.resource(ctx, ref)
	if err != nil {
		return "", fmt.Errorf("wait for the address of %s: %w", ref, err)
	}
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	var address, uid string
	err = follow(watching, resource, named(name), func(live *unstructured.Unstructured) (bool, error) {
		if live == nil {
			return false, nil
		}
		address, err = addressOf(live.Object)
		if now := string(live.GetUID()); progress != nil && address == "" && now != uid {
			uid = now
			go c.watchEvents(watching, namespace, uid, func(e Event) { progress(e.Reason + ": " + e.Message) })
		}
		return address != "", err
	})
	if err != nil {
		return "", fmt.Errorf("wait for the address of %s: %w", ref, err)
	}
	return address, nil
}

// addressOf is empty while the load balancer is being set up.
func addressOf(object Object) (string, error) {
	service, err := decode[corev1.Service](object)
	if err != nil {
		return "", fmt.Errorf("read service: %w", err)
	}
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		return cmp.Or(ingress.IP, ingress.Hostname), nil
	}
	return "", nil
}

// ServicePage reads a page of a service through the API server's proxy, at most 1 MiB of it.
func (c *Client) ServicePage(ctx context.Context, namespace, service string, port int, path string) ([]byte, error) {
	page, err := c.rest.Get().
		AbsPath("/api/v1/namespaces", namespace, "services", service+":"+strconv.Itoa(port), "proxy", path).
		Stream(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the page of service %s/%s: %w", namespace, service, err)
	}
	defer page.Close()
	body, err := io.ReadAll(io.LimitReader(page, pageLimit))
	if err != nil {
		return nil, fmt.Errorf("read the page of service %s/%s: %w", namespace, service, err)
	}
	return body, nil
}
