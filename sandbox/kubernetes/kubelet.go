package kubernetes

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
	"github.com/cctui/cctui/sandbox/pods"
	"github.com/cctui/cctui/sandbox/policy"
)

type podName struct{ namespace, name string }

// podRun is a pod on its node.
type podRun struct {
	cluster *Cluster
	object  objects.Object // as it was created
	pod     *corev1.Pod    // the same, by its type
	cancel  context.CancelFunc

	address netip.Addr
	policy  *policy.Document // nil in an ordinary pod
	tee     pods.TEE         // nil in an ordinary pod

	mu         sync.Mutex
	containers map[string]*containerLogs
}

// syncPod starts pods and stops them, at once.
func (c *Cluster) syncPod(ctx context.Context, change objects.Change) {
	id := podName{change.Object.GetNamespace(), change.Object.GetName()}
	c.mu.Lock()
	defer c.mu.Unlock()
	run := c.runs[id]
	if run != nil && (change.Type == watch.Deleted || run.pod.UID != change.Object.GetUID() || change.Object.GetDeletionTimestamp() != nil) {
		run.cancel()
		delete(c.runs, id)
		run = nil
	}
	if run != nil || change.Type != watch.Added {
		return
	}
	var pod corev1.Pod
	if fromObject(change.Object, &pod) != nil {
		return
	}
	running, cancel := context.WithCancel(ctx)
	run = &podRun{cluster: c, object: change.Object, pod: &pod, cancel: cancel, containers: map[string]*containerLogs{}}
	c.runs[id] = run
	c.background.Go(func() { run.run(running) })
}

// running finds the run of a pod; nil where it is not on a node.
func (c *Cluster) running(namespace, name string) *podRun {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runs[podName{namespace, name}]
}

// run takes a pod from its node to its end.
func (p *podRun) run(ctx context.Context) {
	defer p.cancel()
	node, err := p.schedule(ctx)
	if err != nil {
		return
	}
	p.bind(node)
	for backoff := p.firstBackoff(); ; backoff = min(2*backoff, lastBackoff) {
		err := p.start(ctx)
		if err == nil {
			break
		}
		p.event(corev1.EventTypeWarning, "FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error: code = Unknown desc = "+err.Error())
		if !sleep(ctx, backoff) {
			return
		}
	}
	defer p.cluster.podAddresses.release(p.address.String())
	disconnect := context.AfterFunc(ctx, func() { p.cluster.network.Remove(p.address) })
	p.runContainers(ctx)
	if disconnect() { // it ended by itself
		p.cluster.network.Remove(p.address)
	}
}

// started tells whether the pod has its address.
func (p *podRun) started() bool {
	status := p.cluster.store.Get(podsKey, p.pod.Namespace, p.pod.Name)
	return status != nil && fieldsOf{status}.Get("status.podIP") != ""
}

// start makes the pod's sandbox: for a confidential pod, its virtual machine with its policy.
func (p *podRun) start(ctx context.Context) error {
	operation := "pod.start"
	if p.confidential() {
		operation = "pod.start.confidential"
	}
	if err := p.cluster.options.Conditions.Take(ctx, operation); err != nil {
		return err
	}
	if err := p.measure(); err != nil {
		return fmt.Errorf("failed to start sandbox: failed to create containerd task: failed to create shim task: %w", err)
	}
	address, err := p.cluster.podAddresses.take()
	if err != nil {
		return fmt.Errorf("plugin type=\"azure-vnet\" failed (add): %w", err)
	}
	p.address = address
	return nil
}

// confidential tells whether the pod has a virtual machine of its own.
func (p *podRun) confidential() bool {
	if p.pod.Spec.RuntimeClassName == nil {
		return false
	}
	class, err := p.cluster.runtimeClass(*p.pod.Spec.RuntimeClassName)
	return err == nil && class.Handler == runtimeHandler
}

// measure reads a confidential pod's policy. The hash of its text becomes the guest's HOST_DATA.
func (p *podRun) measure() error {
	if !p.confidential() {
		return nil
	}
	text, err := base64.StdEncoding.DecodeString(p.pod.Annotations[policyAnnotation])
	if err != nil {
		return fmt.Errorf("annotation %s: %w", policyAnnotation, err)
	}
	if len(text) == 0 {
		return errors.New("CreateContainerRequest is blocked by policy: the pod has no annotation " + policyAnnotation)
	}
	document, err := policy.Parse(string(text))
	if err != nil {
		return fmt.Errorf("SetPolicyRequest: %w", err)
	}
	p.policy = &document
	if p.cluster.options.TEE != nil {
		p.tee = p.cluster.options.TEE(sha256.Sum256(text))
	}
	return nil
}

// bind writes down the pod's node.
func (p *podRun) bind(node string) {
	_ = p.cluster.edit(podsKey, p.pod.Namespace, p.pod.Name, p.pod.UID, func(o objects.Object) error {
		return edited(o, func(pod *corev1.Pod) error {
			pod.Spec.NodeName = node
			return nil
		})
	})
	p.setCondition(corev1.PodScheduled, corev1.ConditionTrue, "", "")
	p.cluster.event(p.object, corev1.EventTypeNormal, "Scheduled",
		fmt.Sprintf("Successfully assigned %s/%s to %s", p.pod.Namespace, p.pod.Name, node), "default-scheduler")
}

func (p *podRun) event(kind, reason, message string) {
	p.cluster.event(p.object, kind, reason, message, "kubelet")
}

// report changes the status that the API server shows of the pod.
func (p *podRun) report(change func(*corev1.PodStatus)) {
	_ = p.cluster.edit(podsKey, p.pod.Namespace, p.pod.Name, p.pod.UID, func(o objects.Object) error {
		return edited(o, func(pod *corev1.Pod) error {
			change(&pod.Status)
			return nil
		})
	})
}

// setCondition tells whether it was news.
func (p *podRun) setCondition(kind corev1.PodConditionType, status corev1.ConditionStatus, reason, message string) (news bool) {
	p.report(func(s *corev1.PodStatus) { news = setPodCondition(s, kind, status, reason, message) })
	return news
}

// setPodCondition tells whether it was news: the time of a transition changes only then.
func setPodCondition(s *corev1.PodStatus, kind corev1.PodConditionType, status corev1.ConditionStatus, reason, message string) bool {
	for i := range s.Conditions {
		condition := &s.Conditions[i]
		if condition.Type != kind {
			continue
		}
		if condition.Status == status && condition.Reason == reason && condition.Message == message {
			return false
		}
		condition.Status, condition.Reason, condition.Message, condition.LastTransitionTime = status, reason, message, metav1.Now()
		return true
	}
	s.Conditions = append(s.Conditions, corev1.PodCondition{
		Type: kind, Status: status, Reason: reason, Message: message, LastTransitionTime: metav1.Now(),
	})
	return true
}
