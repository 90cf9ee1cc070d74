package kubernetes

import (
	"context"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// internalAnnotation keeps a load balancer's address inside of the virtual network.
const internalAnnotation = "service.beta.kubernetes.io/azure-load-balancer-internal"

// syncService assigns a load balancer's address, which takes a while, and takes addresses back.
func (c *Cluster) syncService(ctx context.Context, change objects.Change) {
	var service corev1.Service
	if fromObject(change.Object, &service) != nil {
		return
	}
	switch {
	case change.Type == watch.Deleted:
		c.serviceAddresses.release(service.Spec.ClusterIP)
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			c.poolOf(&service).release(ingress.IP)
		}
		if endpoints := c.store.Get(endpointsKey, service.Namespace, service.Name); endpoints != nil {
			_ = c.remove(endpointsKey, endpoints)
		}
	case change.Type == watch.Added && service.Spec.Type == corev1.ServiceTypeLoadBalancer:
		c.background.Go(func() { c.assignAddress(ctx, change.Object, &service) })
	}
}

func (c *Cluster) poolOf(s *corev1.Service) *addressPool {
	if s.Annotations[internalAnnotation] == "true" {
		return c.internalAddresses
	}
	return c.publicAddresses
}

func (c *Cluster) assignAddress(ctx context.Context, object objects.Object, service *corev1.Service) {
	c.event(object, corev1.EventTypeNormal, "EnsuringLoadBalancer", "Ensuring load balancer", "service-controller")
	if err := c.options.Conditions.Take(ctx, "lb.assign"); err != nil {
		return // the cluster is being closed
	}
	address, err := c.poolOf(service).take()
	if err != nil {
		c.event(object, corev1.EventTypeWarning, "SyncLoadBalancerFailed", "Error syncing load balancer: "+err.Error(), "service-controller")
		return
	}
	assigned := false
	_ = c.edit(servicesKey, service.Namespace, service.Name, service.UID, func(o objects.Object) error {
		assigned = true
		return edited(o, func(s *corev1.Service) error {
			s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: address.String(), IPMode: new(corev1.LoadBalancerIPModeVIP)}}
			return nil
		})
	})
	if !assigned { // it was deleted meanwhile
		c.poolOf(service).release(address.String())
		return
	}
	c.event(object, corev1.EventTypeNormal, "EnsuredLoadBalancer", "Ensured load balancer", "service-controller")
}

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
	endpoints := corev1.Endpoints{Subsets: c.subsets(service)}
	endpoints.Name, endpoints.Namespace, endpoints.Labels = service.Name, service.Namespace, maps.Clone(service.Labels)
	content, err := toObject(&endpoints)
	if err != nil {
		return
	}
	if c.store.Get(endpointsKey, service.Namespace, service.Name) == nil {
		c.ensure(endpointsKey, "Endpoints", service.Namespace, service.Name, nil)
	}
	_ = c.edit(endpointsKey, service.Namespace, service.Name, "", func(o objects.Object) error {
		delete(o.Object, "subsets")
		if subsets, ok := content.Object["subsets"]; ok {
			o.Object["subsets"] = subsets
		}
		return nil
	})
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
