package kubernetes

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// syncEndpoints writes down which pods stand behind the services of a namespace.
func (c *Cluster) syncEndpoints(namespace string) {
	services, _ := c.store.List(servicesKey, namespace)
	for _, object := range services {
		var service corev1.Service
		if fromObject(object, &service) == nil && len(service.Spec.Selector) > 0 {
			c.writeEndpoints(&service)
		}
	}
}

func (c *Cluster) writeEndpoints(service *corev1.Service) {
	subsets := c.subsets(service)
	endpoints := corev1.Endpoints{Subsets: subsets}
	endpoints.Labels = maps.Clone(service.Labels)
	c.write(endpointsKey, service, "v1", "Endpoints", &endpoints)
	c.write(slicesKey, service, "discovery.k8s.io/v1", "EndpointSlice", sliceOf(service, subsets))
}

// write stores what follows from a service under the service's name.
func (c *Cluster) write(key objects.Kind, service *corev1.Service, version, kind string, typed any) {
	content, err := toObject(typed)
	if err != nil {
		return
	}
	c.provide(key, service.Namespace, service.Name, map[string]any{"apiVersion": version, "kind": kind})
	_ = c.edit(key, service.Namespace, service.Name, "", func(o objects.Object) error {
		for _, field := range []string{"subsets", "addressType", "endpoints", "ports"} {
			delete(o.Object, field)
			if value, ok := content.Object[field]; ok {
				o.Object[field] = value
			}
		}
		o.SetLabels(content.GetLabels())
		return nil
	})
}

// sliceOf is the newer form of endpoints, of which kubectl describes services. Its ports are the
// first pod's.
func sliceOf(service *corev1.Service, subsets []corev1.EndpointSubset) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{}}
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: service.Name}
	for i, subset := range subsets {
		for _, address := range append(subset.Addresses, subset.NotReadyAddresses...) {
			slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
				Addresses: []string{address.IP}, NodeName: address.NodeName, TargetRef: address.TargetRef,
				Conditions: discoveryv1.EndpointConditions{Ready: new(len(subset.Addresses) > 0)},
			})
		}
		for _, port := range subset.Ports {
			if i == 0 {
				slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: &port.Name, Port: &port.Port, Protocol: &port.Protocol})
			}
		}
	}
	return slice
}

// subsets are the addresses of a service's pods, one subset a pod, because a named port may be
// another number in each.
func (c *Cluster) subsets(service *corev1.Service) (subsets []corev1.EndpointSubset) {
	selector := labels.SelectorFromSet(service.Spec.Selector)
	all, _ := c.store.List(podsKey, service.Namespace)
	for _, object := range all {
		var pod corev1.Pod
		if !selector.Matches(labels.Set(object.GetLabels())) || fromObject(object, &pod) != nil || pod.Status.PodIP == "" {
			continue
		}
		address := corev1.EndpointAddress{
			IP: pod.Status.PodIP, Hostname: pod.Spec.Hostname, NodeName: &pod.Spec.NodeName,
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		}
		subset := corev1.EndpointSubset{Ports: endpointPorts(service, &pod)}
		if isPodReady(&pod) || service.Spec.PublishNotReadyAddresses {
			subset.Addresses = []corev1.EndpointAddress{address}
		} else {
			subset.NotReadyAddresses = []corev1.EndpointAddress{address}
		}
		subsets = append(subsets, subset)
	}
	return subsets
}

// endpointPorts leaves out a named port that the pod does not have.
func endpointPorts(service *corev1.Service, pod *corev1.Pod) (ports []corev1.EndpointPort) {
	for _, port := range service.Spec.Ports {
		number := port.TargetPort.IntVal
		if port.TargetPort.Type == intstr.String {
			number = namedPort(pod, port.TargetPort.StrVal)
		}
		if number != 0 {
			ports = append(ports, corev1.EndpointPort{Name: port.Name, Port: number, Protocol: port.Protocol})
		}
	}
	return ports
}

func namedPort(pod *corev1.Pod, name string) int32 {
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if strings.EqualFold(port.Name, name) {
				return port.ContainerPort
			}
		}
	}
	return 0
}

func isPodReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
