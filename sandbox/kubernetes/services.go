package kubernetes

import (
	"context"

	corev1 "k8s.io/api/core/v1"
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
		for _, key := range []objects.Kind{endpointsKey, slicesKey} {
			if found := c.store.Get(key, service.Namespace, service.Name); found != nil {
				_ = c.remove(key, found) // gone already: as wanted
			}
		}
	case change.Type == watch.Added && service.Spec.Type == corev1.ServiceTypeLoadBalancer:
		c.background.Go(func() { c.assignAddress(ctx, change.Object, &service) })
	}
}

// poolOf is where a load balancer gets its address from.
func (c *Cluster) poolOf(s *corev1.Service) *addressPool {
	if s.Annotations[internalAnnotation] == "true" {
		return c.internalAddresses
	}
	return c.publicAddresses
}

// assignAddress takes as long as the cloud does, and says what it does by events.
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
