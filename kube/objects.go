package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// IsNotFound tells whether an error says that there is no such object, or no such kind.
func IsNotFound(err error) bool {
	return apierrors.IsNotFound(err) || meta.IsNoMatchError(err)
}

func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// Get reads an object.
func (c *Client) Get(ctx context.Context, ref Ref) (Object, error) {
	resource, err := c.resource(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", ref, err)
	}
	found, err := resource.Get(ctx, ref.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", ref, err)
	}
	return found.Object, nil
}

// List reads the objects of a kind with a label selector; none where the kind is unknown. An
// empty namespace is all of them.
func (c *Client) List(ctx context.Context, kind Ref, selector string) ([]Object, error) {
	resource, err := c.resource(ctx, kind)
	if meta.IsNoMatchError(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", kind.Kind, err)
	}
	found, err := resource.List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", kind.Kind, err)
	}
	objects := make([]Object, len(found.Items))
	for i, item := range found.Items {
		objects[i] = item.Object
	}
	return objects, nil
}

// Delete removes an object and returns when it is gone; nil when it never was.
func (c *Client) Delete(ctx context.Context, ref Ref) error {
	err := c.delete(ctx, ref)
	if err == nil || IsNotFound(err) {
		return nil
	}
	return fmt.Errorf("delete %s: %w", ref, err)
}

func (c *Client) delete(ctx context.Context, ref Ref) error {
	resource, err := c.resource(ctx, ref)
	if err != nil {
		return err
	}
	found, err := resource.Get(ctx, ref.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	uid, background := found.GetUID(), metav1.DeletePropagationBackground
	err = resource.Delete(ctx, ref.Name, metav1.DeleteOptions{
		PropagationPolicy: &background,
		Preconditions:     &metav1.Preconditions{UID: &uid}, // not its successor of the same name
	})
	if err != nil {
		return err
	}
	return follow(ctx, resource, named(ref.Name), func(live *unstructured.Unstructured) (bool, error) {
		return live == nil || live.GetUID() != uid, nil
	})
}

// decode fills a typed object from one without types.
func decode[T any](from map[string]any) (T, error) {
	var to T
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(from, &to)
	return to, err
}
