package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// kind is where a kind is served. client-go's discovery would tell as much, but links every type
// of every API.
type kind struct {
	resource   schema.GroupVersionResource
	namespaced bool
}

// kinds remembers where kinds are served.
type kinds struct {
	mu    sync.Mutex
	known map[schema.GroupVersionKind]kind
}

func (k *kinds) find(wanted schema.GroupVersionKind) (kind, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, ok := k.known[wanted]
	return found, ok
}

// learn takes over what the API server serves of one version of a group.
func (k *kinds) learn(at schema.GroupVersion, served []metav1.APIResource) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range served {
		if !strings.Contains(r.Name, "/") { // a subresource is of another kind
			k.known[at.WithKind(r.Kind)] = kind{at.WithResource(r.Name), r.Namespaced}
		}
	}
}

// kind finds where a kind is served. An unknown one is asked for every time: its definition may
// have been installed meanwhile. An error for which meta.IsNoMatchError is true: it is not served.
func (c *Client) kind(ctx context.Context, wanted schema.GroupVersionKind) (kind, error) {
	if found, ok := c.kinds.find(wanted); ok {
		return found, nil
	}
	at := wanted.GroupVersion()
	path := "/apis/" + at.String()
	if at.Group == "" {
		path = "/api/" + at.Version
	}
	var list metav1.APIResourceList
	err := c.getJSON(ctx, path, &list)
	if err != nil && !apierrors.IsNotFound(err) {
		return kind{}, fmt.Errorf("read what is served at %s: %w", path, err)
	}
	c.kinds.learn(at, list.APIResources)
	if found, ok := c.kinds.find(wanted); ok {
		return found, nil
	}
	return kind{}, &meta.NoKindMatchError{GroupKind: wanted.GroupKind(), SearchedVersions: []string{at.Version}}
}

// resource is where the objects of a reference's kind are.
func (c *Client) resource(ctx context.Context, ref Ref) (dynamic.ResourceInterface, error) {
	if ref.APIVersion == "" || ref.Kind == "" {
		return nil, errors.New("a reference needs apiVersion and kind")
	}
	found, err := c.kind(ctx, schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind))
	if err != nil {
		return nil, err
	}
	resource := c.dynamic.Resource(found.resource)
	if !found.namespaced || ref.Namespace == "" {
		return patient{resource, c.pauses}, nil
	}
	return patient{resource.Namespace(ref.Namespace), c.pauses}, nil
}
