package kubernetes

import (
	"fmt"
	"hash/fnv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// event reports something about an object. The same again is counted, not repeated.
func (c *Cluster) event(about objects.Object, kind, reason, message, component string) {
	sum := fnv.New64a()
	fmt.Fprint(sum, about.GetUID(), kind, reason, message)
	name := fmt.Sprintf("%s.%016x", about.GetName(), sum.Sum64())
	namespace := about.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	now := metav1.Now()
	c.ensure(eventsKey, "Event", namespace, name, map[string]any{
		"involvedObject": map[string]any{
			"apiVersion": about.GetAPIVersion(), "kind": about.GetKind(), "resourceVersion": about.GetResourceVersion(),
			"namespace": about.GetNamespace(), "name": about.GetName(), "uid": string(about.GetUID()),
		},
		"type": kind, "reason": reason, "message": message,
		"source": map[string]any{"component": component}, "reportingComponent": component,
		"firstTimestamp": rfc3339(now),
	})
	_ = c.edit(eventsKey, namespace, name, "", func(o objects.Object) error {
		return edited(o, func(e *corev1.Event) error {
			e.Count++
			e.LastTimestamp = now
			return nil
		})
	})
}
