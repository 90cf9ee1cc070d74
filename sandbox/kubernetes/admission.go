package kubernetes

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// admit completes a new object as the API server and its webhooks do, or refuses it.
func (c *Cluster) admit(r *request, object objects.Object) error {
	if r.kind.namespaced {
		if err := c.admitIntoNamespace(r, object); err != nil {
			return err
		}
	}
	switch r.kind.key() {
	case podsKey:
		return edited(object, func(pod *corev1.Pod) error { return c.admitPod(pod) })
	case servicesKey:
		return edited(object, func(service *corev1.Service) error { return c.admitService(service) })
	case deploymentsKey:
		return edited(object, func(d *appsv1.Deployment) error { return admitDeployment(d) })
	case namespacesKey:
		labels := object.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[corev1.LabelMetadataName] = object.GetName()
		object.SetLabels(labels)
		return unstructured.SetNestedField(object.Object, string(corev1.NamespaceActive), "status", "phase")
	}
	return nil
}

func (c *Cluster) admitIntoNamespace(r *request, object objects.Object) error {
	namespace := c.store.Get(namespacesKey, "", object.GetNamespace())
	if namespace == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, object.GetNamespace())
	}
	if namespace.GetDeletionTimestamp() != nil {
		return apierrors.NewForbidden(r.groupResource(), object.GetName(),
			fmt.Errorf("unable to create new content in namespace %s because it is being terminated", namespace.GetName()))
	}
	return nil
}

// edited changes an object by its type.
func edited[T any](object objects.Object, change func(*T) error) error {
	typed := new(T)
	if err := fromObject(object, typed); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	if err := change(typed); err != nil {
		return err
	}
	changed, err := toObject(typed)
	if err != nil {
		return err
	}
	changed.SetGroupVersionKind(object.GroupVersionKind())
	if isEmpty(changed.Object["status"]) {
		delete(changed.Object, "status")
	}
	object.Object = changed.Object
	return nil
}

// isEmpty finds the structs that conversion writes out although nothing is in them.
func isEmpty(value any) bool {
	fields, ok := value.(map[string]any)
	return ok && len(fields) == 0
}

// admitDeployment defaults what the deployment controller relies on.
func admitDeployment(d *appsv1.Deployment) error {
	if d.Spec.Replicas == nil {
		d.Spec.Replicas = new(int32(1))
	}
	if d.Spec.Strategy.Type == "" {
		d.Spec.Strategy.Type = appsv1.RollingUpdateDeploymentStrategyType
	}
	defaultPodSpec(&d.Spec.Template.Spec)
	return nil
}

// admitService gives a service its address; a headless one has none.
func (c *Cluster) admitService(s *corev1.Service) error {
	if s.Spec.Type == "" {
		s.Spec.Type = corev1.ServiceTypeClusterIP
	}
	if s.Spec.SessionAffinity == "" {
		s.Spec.SessionAffinity = corev1.ServiceAffinityNone
	}
	for i := range s.Spec.Ports {
		port := &s.Spec.Ports[i]
		if port.Protocol == "" {
			port.Protocol = corev1.ProtocolTCP
		}
		if port.TargetPort.IntVal == 0 && port.TargetPort.StrVal == "" {
			port.TargetPort.IntVal = port.Port
		}
	}
	if s.Spec.ClusterIP == "" && s.Spec.Type != corev1.ServiceTypeExternalName {
		address, err := c.serviceAddresses.take()
		if err != nil {
			return err
		}
		s.Spec.ClusterIP = address.String()
	}
	if s.Spec.ClusterIP != "" {
		s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
	}
	return nil
}

// validate refuses what the API server refuses of any object, and of pods in particular.
func validate(r *request, before, after objects.Object) error {
	accessor, err := meta.Accessor(after)
	if err != nil {
		return err
	}
	faults := metadataFaults(r, accessor)
	if r.kind.key() == podsKey {
		faults = append(faults, podFaults(before, after)...)
	}
	if len(faults) > 0 {
		return apierrors.NewInvalid(r.gvk().GroupKind(), after.GetName(), faults)
	}
	return nil
}
