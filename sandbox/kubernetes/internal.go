package kubernetes

import (
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// ensure makes an object that the cluster itself provides, unless there is one. The kind is of
// the core group.
func (c *Cluster) ensure(key objects.Kind, kind, namespace, name string, content map[string]any) {
	fields := map[string]any{"apiVersion": "v1", "kind": kind}
	for field, value := range content {
		fields[field] = value
	}
	c.provide(key, namespace, name, fields)
}

func (c *Cluster) provide(key objects.Kind, namespace, name string, fields map[string]any) {
	if c.store.Get(key, namespace, name) != nil {
		return
	}
	object := newObject(fields)
	object.SetNamespace(namespace)
	object.SetName(name)
	object.SetUID(uuid.NewUUID())
	object.SetCreationTimestamp(metav1.Now())
	_, _ = c.store.Put(key, nil, object) // another was faster: then there is one
}

// createPod makes a pod on behalf of a controller, admission included.
func (c *Cluster) createPod(pod *corev1.Pod) error {
	object, err := toObject(pod)
	if err != nil {
		return err
	}
	r := &request{
		Request: &http.Request{}, version: "v1", resource: "pods", namespace: pod.Namespace, name: pod.Name,
		kind: c.kinds.byKey(podsKey),
	}
	if object, err = c.admitNew(r, object); err != nil {
		return err
	}
	_, err = c.store.Put(podsKey, nil, object)
	return err
}

// removePod removes this very pod, not its successor of the same name.
func (c *Cluster) removePod(pod *corev1.Pod) {
	if object := c.store.Get(podsKey, pod.Namespace, pod.Name); object != nil && object.GetUID() == pod.UID {
		_ = c.remove(podsKey, object) // changed meanwhile: the next reaction sees to it
	}
}

// runtimeClass words its absence as the RuntimeClass admission plugin does.
func (c *Cluster) runtimeClass(name string) (*nodev1.RuntimeClass, error) {
	object := c.store.Get(runtimeClassesKey, "", name)
	if object == nil {
		return nil, fmt.Errorf("RuntimeClass %q not found", name)
	}
	var class nodev1.RuntimeClass
	return &class, fromObject(object, &class)
}

func rfc3339(t metav1.Time) string { return t.UTC().Format(time.RFC3339) }
