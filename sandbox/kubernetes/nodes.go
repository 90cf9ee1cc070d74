package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apimachinery/pkg/util/version"
)

const (
	poolLabel         = "kubernetes.azure.com/agentpool"
	confidentialLabel = "kubernetes.azure.com/kata-cc-isolation"
	runtimeClassName  = "kata-cc-isolation"
	runtimeHandler    = "kata-cc"
	nodeImage         = "AKSAzureLinux-V2katagen2-202509.23.0"
)

// AddPool adds the nodes of a pool, Ready at once. A confidential one brings the runtime class.
func (c *Cluster) AddPool(name string, count int, confidential bool) {
	if confidential {
		c.addRuntimeClass()
	}
	for i := range count {
		node := newNode(c.options.Version, name, i, confidential)
		if object, err := toObject(node); err == nil {
			c.provide(nodesKey, "", node.Name, object.Object)
		}
	}
}

// noKata is the first version whose AzureLinux nodes are of Azure Linux 3, which has no handler for kata-cc.
// Source: learn.microsoft.com, AKS OS version upgrades; Azure/AgentBaker e2e/validators_kata.go.
const noKata = "1.32"

// addRuntimeClass ties the class to the confidential nodes, as the AKS addon does.
func (c *Cluster) addRuntimeClass() {
	if _, on := c.options.Conditions.Has("runtime-class-missing"); on || version.MustParseGeneric(c.options.Version).AtLeast(version.MustParseGeneric(noKata)) {
		return
	}
	c.provide(runtimeClassesKey, "", runtimeClassName, map[string]any{
		"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "handler": runtimeHandler,
		"scheduling": map[string]any{"nodeSelector": map[string]any{confidentialLabel: "true"}},
	})
}

// RemovePool removes the nodes of a pool; the pods on them go with them.
func (c *Cluster) RemovePool(name string) {
	nodes, _ := c.store.List(nodesKey, "")
	for _, node := range nodes {
		if node.GetLabels()[poolLabel] != name {
			continue
		}
		_ = c.remove(nodesKey, node) // gone already: as wanted
		all, _ := c.store.List(podsKey, "")
		for _, object := range all {
			var pod corev1.Pod
			if fromObject(object, &pod) == nil && pod.Spec.NodeName == node.GetName() {
				c.removePod(&pod)
			}
		}
	}
}

// newNode has the labels by which AKS and its users find the nodes of a pool.
func newNode(version, pool string, index int, confidential bool) *corev1.Node {
	sum := fnv.New32a()
	sum.Write([]byte(pool))
	node := &corev1.Node{}
	node.APIVersion, node.Kind = "v1", "Node"
	node.Name = fmt.Sprintf("aks-%s-%08d-vmss%06d", pool, sum.Sum32()%1e8, index)
	node.UID, node.CreationTimestamp = uuid.NewUUID(), metav1.Now()
	node.Labels = map[string]string{
		"agentpool": pool, poolLabel: pool, "kubernetes.azure.com/os-sku": "AzureLinux",
		"kubernetes.azure.com/node-image-version": nodeImage, "kubernetes.io/hostname": node.Name,
		"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "kubernetes.azure.com/mode": "system",
	}
	if confidential {
		node.Labels[confidentialLabel], node.Labels["kubernetes.azure.com/mode"] = "true", "user"
	}
	capacity := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("16Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	node.Status = corev1.NodeStatus{
		Capacity: capacity, Allocatable: capacity,
		Addresses: []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: node.Name}},
		Conditions: []corev1.NodeCondition{{
			Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "kubelet is posting ready status",
			LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now(),
		}},
		NodeInfo: corev1.NodeSystemInfo{
			KubeletVersion: "v" + version, OSImage: "Microsoft Azure Linux 3.0", KernelVersion: "6.6.96.mshv1-1.azl3",
			ContainerRuntimeVersion: "containerd://2.0.0", OperatingSystem: "linux", Architecture: "amd64",
		},
	}
	return node
}

// schedule finds a node for a pod, and waits for one where there is none yet.
func (p *podRun) schedule(ctx context.Context) (node string, err error) {
	for {
		changed := p.cluster.changed()
		if node := p.cluster.nodeFor(p.pod.Spec.NodeSelector); node != "" {
			return node, nil
		}
		p.unschedulable()
		select {
		case <-changed:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// changed is closed at the next change of any object.
func (c *Cluster) changed() <-chan struct{} {
	_, changed, _ := c.store.Since(c.store.Revision())
	return changed
}

// nodeFor picks a node that has the labels; a confidential one only if there is no other, to keep
// it free for pods that can run nowhere else.
func (c *Cluster) nodeFor(selector map[string]string) (name string) {
	nodes, _ := c.store.List(nodesKey, "")
	for _, node := range nodes {
		if !labels.SelectorFromSet(selector).Matches(labels.Set(node.GetLabels())) {
			continue
		}
		if node.GetLabels()[confidentialLabel] == "" {
			return node.GetName()
		}
		name = cmp.Or(name, node.GetName())
	}
	return name
}

// unschedulable reports in the words of the scheduler, once a reason.
func (p *podRun) unschedulable() {
	nodes, _ := p.cluster.store.List(nodesKey, "")
	message := fmt.Sprintf("0/%d nodes are available: %[1]d node(s) didn't match Pod's node affinity/selector.", len(nodes))
	if p.setCondition(corev1.PodScheduled, corev1.ConditionFalse, "Unschedulable", message) {
		p.event(corev1.EventTypeWarning, "FailedScheduling", message)
	}
}
