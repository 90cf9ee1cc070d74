package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
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

// conditionOf is the zero Condition where the object or the condition is not there yet.
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
func follow(ctx context.Context, resource dynamic.ResourceInterface, selected metav1.ListOptions, change change) error {
	ctx, cancel := context.WithCancelCause(quiet(ctx))
	defer cancel(nil)
	for {
		err := followFromList(ctx, resource, selected, change)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err):
			return err
		}
	}
}

// change is told an object as it is now; nil: it has gone, or there is none.
type change func(*unstructured.Unstructured) (done bool, err error)

// followFromList follows until change is done, or the version it began with is too old to go on.
func followFromList(ctx context.Context, resource dynamic.ResourceInterface, selected metav1.ListOptions, change change) error {
	list, err := resource.List(ctx, selected)
	if err != nil {
		return err
	}
	if len(list.Items) == 0 {
		if done, err := change(nil); done || err != nil {
			return err
		}
	}
	for i := range list.Items {
		if done, err := change(&list.Items[i]); done || err != nil {
			return err
		}
	}
	events, err := watchtools.NewRetryWatcherWithContext(ctx, list.GetResourceVersion(), watcher{resource, selected})
	if err != nil {
		return err
	}
	_, err = watchtools.UntilWithoutRetry(ctx, events, func(event watch.Event) (bool, error) {
		live, _ := event.Object.(*unstructured.Unstructured)
		switch event.Type {
		case watch.Error:
			return false, apierrors.FromObject(event.Object)
		case watch.Deleted:
			return change(nil)
		default:
			return change(live)
		}
	})
	return err
}

// watcher watches the selected objects of a resource.
type watcher struct {
	resource dynamic.ResourceInterface
	selected metav1.ListOptions
}

// WatchWithContext starts a watch where options say.
func (w watcher) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	options.FieldSelector, options.LabelSelector = w.selected.FieldSelector, w.selected.LabelSelector
	return w.resource.Watch(ctx, options)
}
