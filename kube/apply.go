package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Definitions of custom resources.
const (
	definitionVersion = "apiextensions.k8s.io/v1"
	definitionKind    = "CustomResourceDefinition"
)

// discoveryLag bounds how long an established kind may be missing from discovery.
const discoveryLag = 30 * time.Second

// Apply applies every document of a manifest, server-side, in order. Fields that others own are
// taken over. A custom resource waits until its definition is established.
func (c *Client) Apply(ctx context.Context, manifest []byte) error {
	objects, err := documents(manifest)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := c.apply(ctx, object); err != nil {
			return fmt.Errorf("apply %s: %w", refOf(object), err)
		}
	}
	return nil
}

func (c *Client) apply(ctx context.Context, object *unstructured.Unstructured) error {
	served, err := c.establishedKind(ctx, object.GroupVersionKind())
	if err != nil {
		return err
	}
	if served.namespaced && object.GetNamespace() == "" {
		object.SetNamespace(c.namespace)
	}
	resource, err := c.resource(ctx, refOf(object))
	if err != nil {
		return err
	}
	_, err = resource.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: manager, Force: true})
	return err
}

// establishedKind finds where a kind is served, waiting for it if a definition promises it.
func (c *Client) establishedKind(ctx context.Context, wanted schema.GroupVersionKind) (kind, error) {
	served, err := c.kind(ctx, wanted)
	if !meta.IsNoMatchError(err) {
		return served, err
	}
	definition, found, listErr := c.definition(ctx, wanted.GroupKind())
	if listErr != nil || !found {
		return kind{}, errors.Join(err, listErr)
	}
	if err := c.WaitCondition(ctx, definition, "Established", nil); err != nil {
		return kind{}, err
	}
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, discoveryLag, true, func(ctx context.Context) (bool, error) {
		var err error
		served, err = c.kind(ctx, wanted)
		if meta.IsNoMatchError(err) {
			return false, nil
		}
		return err == nil, err
	})
	return served, err
}

// definition finds the definition of a custom kind.
func (c *Client) definition(ctx context.Context, kind schema.GroupKind) (Ref, bool, error) {
	definitions, err := c.List(ctx, Ref{APIVersion: definitionVersion, Kind: definitionKind}, "")
	for _, d := range definitions {
		group, _, _ := unstructured.NestedString(d, "spec", "group")
		name, _, _ := unstructured.NestedString(d, "spec", "names", "kind")
		if group == kind.Group && name == kind.Kind {
			return refOf(&unstructured.Unstructured{Object: d}), true, nil
		}
	}
	return Ref{}, false, err
}

// documents splits a manifest of YAML or JSON documents; lists are taken apart.
func documents(manifest []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096)
	for n := 1; ; n++ {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("manifest, document %d: %w", n, err)
		}
		if len(object.Object) == 0 { // nothing but comments
			continue
		}
		found, err := flatten(object)
		if err != nil {
			return nil, fmt.Errorf("manifest, document %d: %w", n, err)
		}
		objects = append(objects, found...)
	}
}

// flatten takes a list apart, lists in it too, and refuses what does not name itself.
func flatten(object *unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	if !object.IsList() {
		if object.GetKind() == "" || object.GetAPIVersion() == "" || object.GetName() == "" {
			return nil, errors.New("an object needs apiVersion, kind and metadata.name")
		}
		return []*unstructured.Unstructured{object}, nil
	}
	var objects []*unstructured.Unstructured
	items, _, err := unstructured.NestedSlice(object.Object, "items")
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		fields, _ := item.(map[string]any)
		found, err := flatten(&unstructured.Unstructured{Object: fields})
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

func refOf(o *unstructured.Unstructured) Ref {
	return Ref{APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
}
