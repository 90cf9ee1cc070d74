package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// crashes is after how many restarts a crash loop counts as one: the first ones are often a
// dependency that was not up yet.
const crashes = 3

// Error ends with the last warning, which is the nearest there is to a cause.
func (e *PodError) Error() string {
	text := fmt.Sprintf("pod %s/%s cannot become ready: %s", e.Pod.Namespace, e.Pod.Name, e.Reason)
	for _, event := range slices.Backward(e.Events) {
		if event.Type == corev1.EventTypeWarning {
			return text + ": " + event.Message
		}
	}
	return text
}

func podRef(namespace, name string) Ref {
	return Ref{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: name}
}

// Pod reads a pod.
func (c *Client) Pod(ctx context.Context, namespace, name string) (Pod, error) {
	object, err := c.Get(ctx, podRef(namespace, name))
	if err != nil {
		return Pod{}, err
	}
	return podOf(object)
}

// WaitPod returns when the pod is Ready; with *PodError when it cannot become so. A pod that is
// not there yet is waited for.
func (c *Client) WaitPod(ctx context.Context, namespace, name string, progress func(Pod)) (Pod, error) {
	ref := podRef(namespace, name)
	resource, err := c.resource(ctx, ref)
	if err != nil {
		return Pod{}, fmt.Errorf("wait for %s: %w", ref, err)
	}
	watching, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var pod Pod
	err = follow(watching, resource, named(name), func(live *unstructured.Unstructured) (bool, error) {
		if live == nil {
			return false, nil
		}
		before := pod.UID
		if pod, err = podOf(live.Object); err != nil {
			return false, err
		}
		if pod.UID != before { // events of a predecessor of the same name do not count
			go c.watchForFailure(watching, pod, cancel)
		}
		if progress != nil {
			progress(pod)
		}
		if reason := failure(pod); reason != "" {
			return false, &PodError{Pod: pod, Reason: reason}
		}
		return pod.Ready, nil
	})
	if failed, ok := errors.AsType[*PodError](err); ok { // client-go may still be reading this one: it ended a context
		return pod, &PodError{Pod: pod, Reason: failed.Reason, Events: c.eventsOf(ctx, pod)}
	}
	if err != nil {
		return pod, fmt.Errorf("wait for %s: %w", ref, err)
	}
	return pod, nil
}

// failure is why a pod cannot become ready, as far as its own status tells.
func failure(p Pod) string {
	if p.Phase == string(corev1.PodFailed) || p.Phase == string(corev1.PodSucceeded) {
		return p.Phase
	}
	for _, container := range p.Containers {
		switch container.Reason {
		case "CrashLoopBackOff":
			if container.Restarts >= crashes {
				return container.Reason
			}
		case "ErrImagePull", "ImagePullBackOff", "InvalidImageName",
			"CreateContainerConfigError", "CreateContainerError", "RunContainerError":
			return container.Reason
		}
	}
	return ""
}

// podOf reads what matters of a pod.
func podOf(object Object) (Pod, error) {
	p, err := decode[corev1.Pod](object)
	if err != nil {
		return Pod{}, fmt.Errorf("read pod: %w", err)
	}
	pod := Pod{
		Name: p.Name, Namespace: p.Namespace, UID: string(p.UID),
		Labels: p.Labels, Annotations: p.Annotations,
		ServiceAccount: p.Spec.ServiceAccountName,
		Phase:          string(p.Status.Phase),
		Ready:          slices.ContainsFunc(p.Status.Conditions, isReady),
		Deleting:       p.DeletionTimestamp != nil,
		IP:             p.Status.PodIP, Node: p.Spec.NodeName,
	}
	if p.Spec.RuntimeClassName != nil {
		pod.RuntimeClass = *p.Spec.RuntimeClassName
	}
	for _, spec := range p.Spec.Containers {
		pod.Containers = append(pod.Containers, containerOf(spec, p.Status.ContainerStatuses))
	}
	return pod, nil
}

func isReady(c corev1.PodCondition) bool {
	return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
}

// containerOf joins what was asked of a container with how it does. One without a status is waiting, as
// Kubernetes has it.
func containerOf(spec corev1.Container, statuses []corev1.ContainerStatus) Container {
	container := Container{Name: spec.Name, Image: spec.Image, Command: spec.Command, Env: map[string]string{}, State: "waiting"}
	for _, variable := range spec.Env {
		if variable.ValueFrom == nil {
			container.Env[variable.Name] = variable.Value
		}
	}
	i := slices.IndexFunc(statuses, func(s corev1.ContainerStatus) bool { return s.Name == spec.Name })
	if i < 0 {
		return container
	}
	status := statuses[i]
	container.Ready, container.Restarts = status.Ready, int(status.RestartCount)
	switch state := status.State; {
	case state.Running != nil:
		container.State = "running"
	case state.Waiting != nil:
		container.Reason, container.Message = state.Waiting.Reason, state.Waiting.Message
	case state.Terminated != nil:
		container.State, container.Reason, container.Message = "terminated", state.Terminated.Reason, state.Terminated.Message
	}
	return container
}
