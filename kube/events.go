package kube

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
)

// sandboxes is after how many failures to make a pod's sandbox it counts as hopeless: one may be
// a network plugin that is not up yet, or a host that had no memory left just then.
const sandboxes = 3

// Events are what the cluster reported about a pod of this name, the oldest first.
func (c *Client) Events(ctx context.Context, namespace, pod string) ([]Event, error) {
	return c.events(ctx, namespace, fields.Set{"involvedObject.kind": "Pod", "involvedObject.name": pod})
}

// eventsOf are the events of this very pod; none where they cannot be read, for they only explain.
func (c *Client) eventsOf(ctx context.Context, pod Pod) []Event {
	events, err := c.events(ctx, pod.Namespace, fields.Set{"involvedObject.uid": pod.UID})
	if err != nil {
		return nil
	}
	return events
}

func (c *Client) events(ctx context.Context, namespace string, about fields.Set) ([]Event, error) {
	resource, err := c.resource(ctx, Ref{APIVersion: "v1", Kind: "Event", Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	list, err := resource.List(ctx, metav1.ListOptions{FieldSelector: about.String()})
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	events := make([]Event, 0, len(list.Items))
	for _, item := range list.Items {
		event, err := eventOf(item.Object)
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	slices.SortStableFunc(events, func(a, b Event) int { return a.Last.Compare(b.Last) })
	return events, nil
}

func eventOf(object Object) (Event, error) {
	e, err := decode[corev1.Event](object)
	if err != nil {
		return Event{}, fmt.Errorf("read event: %w", err)
	}
	event := Event{
		Type: e.Type, Reason: e.Reason, Message: e.Message,
		Count: int(max(e.Count, 1)),
		Last:  cmp.Or(e.LastTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time),
	}
	if e.Series != nil { // the newer recorders count here
		event.Count, event.Last = int(e.Series.Count), e.Series.LastObservedTime.Time
	}
	return event, nil
}

// watchForFailure ends a wait for the pod when an event says that it cannot become ready.
func (c *Client) watchForFailure(ctx context.Context, pod Pod, fail context.CancelCauseFunc) {
	c.watchEvents(ctx, pod.Namespace, pod.UID, func(event Event) {
		if hopeless(event) {
			fail(&PodError{Pod: pod, Reason: event.Reason})
		}
	})
}

// watchEvents tells the events about one object as they come, until ctx ends.
func (c *Client) watchEvents(ctx context.Context, namespace, uid string, tell func(Event)) {
	resource, err := c.resource(ctx, Ref{APIVersion: "v1", Kind: "Event", Namespace: namespace})
	if err != nil {
		return // the wait goes on without what events would tell
	}
	about := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("involvedObject.uid", uid).String()}
	_ = follow(ctx, resource, about, func(live *unstructured.Unstructured) (bool, error) {
		if live == nil {
			return false, nil
		}
		if event, err := eventOf(live.Object); err == nil {
			tell(event)
		}
		return false, nil
	})
}

// hopeless tells whether an event means that its pod cannot become ready.
func hopeless(e Event) bool {
	switch {
	case e.Type != corev1.EventTypeWarning:
		return false
	case strings.Contains(e.Message, "is blocked by policy"):
		return true
	default:
		return e.Reason == "FailedCreatePodSandBox" && e.Count >= sandboxes
	}
}
