package kubernetes

import (
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// typedColumn shows something of an object by its type.
func typedColumn[T any](name string, cell func(*T) string) column {
	return column{name: name, cell: func(o objects.Object) any {
		typed := new(T)
		if fromObject(o, typed) != nil {
			return "<unknown>"
		}
		return cell(typed)
	}}
}

func wide(c column) column {
	c.wide = true
	return c
}

func podColumns() []column {
	return []column{
		typedColumn("Ready", podReadyCell),
		typedColumn("Status", podStatusCell),
		typedColumn("Restarts", func(p *corev1.Pod) string {
			restarts := int32(0)
			for _, status := range p.Status.ContainerStatuses {
				restarts += status.RestartCount
			}
			return strconv.Itoa(int(restarts))
		}),
		{name: "Age", cell: ageOf},
		wide(column{name: "IP", cell: textAt("status.podIP")}),
		wide(column{name: "Node", cell: textAt("spec.nodeName")}),
		wide(column{name: "Runtime Class", cell: textAt("spec.runtimeClassName")}),
	}
}

// podReadyCell counts ready containers of all.
func podReadyCell(p *corev1.Pod) string {
	ready := 0
	for _, status := range p.Status.ContainerStatuses {
		if status.Ready {
			ready++
		}
	}
	return fmt.Sprintf("%d/%d", ready, len(p.Spec.Containers))
}

// podStatusCell is the phase, or why a container is not running.
func podStatusCell(p *corev1.Pod) string {
	if p.DeletionTimestamp != nil {
		return "Terminating"
	}
	for _, status := range p.Status.ContainerStatuses {
		switch {
		case status.State.Waiting != nil && status.State.Waiting.Reason != "":
			return status.State.Waiting.Reason
		case status.State.Terminated != nil && status.State.Terminated.Reason != "":
			return status.State.Terminated.Reason
		}
	}
	return string(p.Status.Phase)
}

func serviceColumns() []column {
	return []column{
		{name: "Type", cell: textAt("spec.type")},
		{name: "Cluster-IP", cell: textAt("spec.clusterIP")},
		typedColumn("External-IP", func(s *corev1.Service) string {
			if s.Spec.Type != corev1.ServiceTypeLoadBalancer {
				return "<none>"
			}
			if len(s.Status.LoadBalancer.Ingress) == 0 {
				return "<pending>"
			}
			return s.Status.LoadBalancer.Ingress[0].IP
		}),
		typedColumn("Port(s)", func(s *corev1.Service) string {
			var ports []string
			for _, port := range s.Spec.Ports {
				ports = append(ports, fmt.Sprintf("%d/%s", port.Port, port.Protocol))
			}
			return orNone(strings.Join(ports, ","))
		}),
		{name: "Age", cell: ageOf},
		wide(typedColumn("Selector", func(s *corev1.Service) string {
			var pairs []string
			for key, value := range s.Spec.Selector {
				pairs = append(pairs, key+"="+value)
			}
			return orNone(strings.Join(pairs, ","))
		})),
	}
}

func nodeColumns() []column {
	return []column{
		typedColumn("Status", func(n *corev1.Node) string {
			for _, condition := range n.Status.Conditions {
				if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
					return "Ready"
				}
			}
			return "NotReady"
		}),
		{name: "Roles", cell: func(objects.Object) any { return "<none>" }},
		{name: "Age", cell: ageOf},
		{name: "Version", cell: textAt("status.nodeInfo.kubeletVersion")},
		wide(column{name: "OS-Image", cell: textAt("status.nodeInfo.osImage")}),
		wide(column{name: "Kernel-Version", cell: textAt("status.nodeInfo.kernelVersion")}),
		wide(column{name: "Container-Runtime", cell: textAt("status.nodeInfo.containerRuntimeVersion")}),
	}
}

func deploymentColumns() []column {
	count := func(name string, of func(*appsv1.Deployment) int32) column {
		return typedColumn(name, func(d *appsv1.Deployment) string { return strconv.Itoa(int(of(d))) })
	}
	return []column{
		typedColumn("Ready", func(d *appsv1.Deployment) string {
			return fmt.Sprintf("%d/%d", d.Status.ReadyReplicas, *d.Spec.Replicas)
		}),
		count("Up-to-date", func(d *appsv1.Deployment) int32 { return d.Status.UpdatedReplicas }),
		count("Available", func(d *appsv1.Deployment) int32 { return d.Status.AvailableReplicas }),
	}
}

func eventColumns() []column {
	return []column{
		typedColumn("Last Seen", func(e *corev1.Event) string { return age(e.LastTimestamp.Time) }),
		{name: "Type", cell: textAt("type")},
		{name: "Reason", cell: textAt("reason")},
		typedColumn("Object", func(e *corev1.Event) string {
			return strings.ToLower(e.InvolvedObject.Kind) + "/" + e.InvolvedObject.Name
		}),
		{name: "Message", cell: textAt("message")},
	}
}

// endpointsCell lists the addresses that are ready.
func endpointsCell(o objects.Object) any {
	var endpoints corev1.Endpoints
	if fromObject(o, &endpoints) != nil {
		return "<unknown>"
	}
	var list []string
	for _, subset := range endpoints.Subsets {
		for _, address := range subset.Addresses {
			for _, port := range subset.Ports {
				list = append(list, fmt.Sprintf("%s:%d", address.IP, port.Port))
			}
		}
	}
	return orNone(strings.Join(list, ","))
}

// readyCell is what the Ready column of most custom resources shows.
func readyCell(o objects.Object) any {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, entry := range conditions {
		if condition, _ := entry.(map[string]any); condition["type"] == "Ready" {
			return condition["status"]
		}
	}
	return ""
}
