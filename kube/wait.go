package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// WaitCondition returns when status.conditions of an object holds the type with status True. An
// object that is not there yet is waited for.
func (c *Client) WaitCondition(ctx context.Context, ref Ref, condition string, progress func(Condition)) error {
	resource, err := c.resource(ctx, ref)
	if err != nil {
		return fmt.Errorf("wait for %s: %w", ref, err)
	}
	var last Condition
	err = follow(ctx, resource, named(ref.Name), func(live *unstructured.Unstructured) (bool, error) {
		now := conditionOf(live, condition)
		if now != last && progress != nil {
			progress(now)
		}
		last = now
		return now.Status == string(metav1.ConditionTrue), nil
	})
	if err != nil {
		return fmt.Errorf("wait for %s to be %s: %w", ref, condition, err)
	}
	return nil
}

func conditionOf(object *unstructured.Unstructured, kind string) Condition {
	if object == nil {
		return Condition{}
	}
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, entry := range conditions {
		fields, _ := entry.(map[string]any)
		if text(fields, "type") == kind {
			return Condition{
				Type: kind, Status: text(fields, "status"),
				Reason: text(fields, "reason"), Message: text(fields, "message"),
			}
		}
	}
	return Condition{}
}

func text(fields map[string]any, key string) string {
	s, _ := fields[key].(string)
	return s
}

func named(name string) metav1.ListOptions {
	return metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()}
}

// follow calls change for every selected object as it is, and again whenever one changes, until
// change is done or fails; with nil when there is none at first, or when one has gone. It
// survives broken connections and expired versions, but not being refused.
func follow(
	ctx context.Context, resource dynamic.ResourceInterface, selected metav1.ListOptions,
	change func(*unstructured.Unstructured) (done bool, err error),
) error {
	ctx, cancel := context.WithCancelCause(quiet(ctx))
	defer cancel(nil)
	_, err := watchtools.UntilWithSync(ctx, listWatch(ctx, resource, selected, cancel), &unstructured.Unstructured{},
		func(store cache.Store) (bool, error) {
			if len(store.ListKeys()) > 0 {
				return false, nil
			}
			return change(nil)
		},
		func(event watch.Event) (bool, error) {
			live, _ := event.Object.(*unstructured.Unstructured)
			if event.Type == watch.Deleted {
				live = nil
			}
			return change(live)
		})
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// listWatch ends the wait when the server refuses: client-go would ask again for ever.
func listWatch(ctx context.Context, resource dynamic.ResourceInterface, selected metav1.ListOptions, refused context.CancelCauseFunc) cache.ListerWatcher {
	check := func(err error) error {
		if apierrors.IsUnauthorized(err) || apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
			refused(err)
		}
		return err
	}
	return &cache.ListWatch{
		ListWithContextFunc: func(_ context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.FieldSelector, options.LabelSelector = selected.FieldSelector, selected.LabelSelector
			list, err := resource.List(ctx, options)
			return list, check(err)
		},
		WatchFuncWithContext: func(_ context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.FieldSelector, options.LabelSelector = selected.FieldSelector, selected.LabelSelector
			events, err := resource.Watch(ctx, options)
			return events, check(err)
		},
	}
}
