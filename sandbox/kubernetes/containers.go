package kubernetes

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/cctui/cctui/sandbox/pods"
)

const (
	// settle is when the kubelet first looks at a container it started: one that ends sooner is
	// never seen running, and so never ready.
	settle = 10 * time.Millisecond
	// firstBackoff is the least that waits what failed; how long a pod takes to start scales it.
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 5 * time.Minute
)

// runContainers runs the init containers one after the other, then the others side by side,
// until all have ended for good.
func (p *podRun) runContainers(ctx context.Context) {
	p.report(p.initialStatus)
	for _, spec := range p.pod.Spec.InitContainers {
		if !p.runContainer(ctx, spec) {
			p.finish(ctx, false)
			return
		}
	}
	p.setCondition(corev1.PodInitialized, corev1.ConditionTrue, "", "")
	var group sync.WaitGroup
	results := make([]bool, len(p.pod.Spec.Containers))
	for i, spec := range p.pod.Spec.Containers {
		group.Go(func() { results[i] = p.runContainer(ctx, spec) })
	}
	group.Wait()
	succeeded := true
	for _, ok := range results {
		succeeded = succeeded && ok
	}
	p.finish(ctx, succeeded)
}

// initialStatus is that of a pod whose sandbox has just been made.
func (p *podRun) initialStatus(s *corev1.PodStatus) {
	now := metav1.Now()
	s.PodIP, s.PodIPs, s.StartTime = p.address.String(), []corev1.PodIP{{IP: p.address.String()}}, &now
	waiting := func(containers []corev1.Container) (statuses []corev1.ContainerStatus) {
		for _, spec := range containers {
			statuses = append(statuses, corev1.ContainerStatus{
				Name: spec.Name, Image: spec.Image,
				State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}},
			})
		}
		return statuses
	}
	s.InitContainerStatuses, s.ContainerStatuses = waiting(p.pod.Spec.InitContainers), waiting(p.pod.Spec.Containers)
	setPodCondition(s, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "")
	setPodCondition(s, corev1.ContainersReady, corev1.ConditionFalse, "ContainersNotReady", "")
}

// finish is the end of a pod whose containers are not started again.
func (p *podRun) finish(ctx context.Context, succeeded bool) {
	if ctx.Err() != nil { // it was deleted: nothing is left to report on
		return
	}
	p.report(func(s *corev1.PodStatus) {
		s.Phase = corev1.PodFailed
		reason := "PodFailed"
		if succeeded {
			s.Phase, reason = corev1.PodSucceeded, "PodCompleted"
		}
		setPodCondition(s, corev1.PodReady, corev1.ConditionFalse, reason, "")
		setPodCondition(s, corev1.ContainersReady, corev1.ConditionFalse, reason, "")
	})
}

// runContainer runs a container, again and again if its pod says so; true if it ended well.
func (p *podRun) runContainer(ctx context.Context, spec corev1.Container) bool {
	backoff := p.firstBackoff()
	for restarts := int32(0); ; restarts++ {
		wait, again := p.attempt(ctx, spec, restarts)
		if ctx.Err() != nil || !again {
			return !again && wait == ""
		}
		p.setWaiting(spec.Name, wait, fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)",
			backoff, spec.Name, p.pod.Name, p.pod.Namespace, p.pod.UID))
		if !sleep(ctx, backoff) {
			return false
		}
		backoff = min(2*backoff, lastBackoff)
	}
}

func (p *podRun) firstBackoff() time.Duration {
	return max(firstBackoff, p.cluster.options.Conditions.Duration("pod.start"))
}

// attempt runs a container once. The reason is why it waits for the next attempt.
func (p *podRun) attempt(ctx context.Context, spec corev1.Container, restarts int32) (reason string, again bool) {
	image, ok := p.cluster.options.Images(spec.Image)
	if !ok {
		p.failPull(spec)
		return "ImagePullBackOff", true
	}
	container, err := p.container(spec)
	if err == nil {
		err = p.allowed(container, spec)
	}
	if err != nil {
		p.event(corev1.EventTypeWarning, "Failed", "Error: "+err.Error())
		p.setWaiting(spec.Name, "RunContainerError", err.Error())
		return "RunContainerError", true
	}
	p.event(corev1.EventTypeNormal, "Pulled", fmt.Sprintf("Container image %q already present on machine", spec.Image))
	log := p.newLog(spec.Name)
	container.Log = log
	p.event(corev1.EventTypeNormal, "Started", "Started container "+spec.Name)
	started := metav1.Now()
	ended := make(chan error, 1)
	go func() { ended <- execute(ctx, image, container) }()
	select {
	case err = <-ended:
	case <-time.After(settle):
		p.setRunning(spec.Name, restarts)
		err = <-ended
	}
	log.close()
	if ctx.Err() != nil {
		return "", false
	}
	p.setTerminated(spec.Name, restarts, started, err)
	return p.afterwards(spec, err)
}

// afterwards decides by the restart policy what follows the end of a container.
func (p *podRun) afterwards(spec corev1.Container, err error) (reason string, again bool) {
	policy := p.pod.Spec.RestartPolicy
	switch {
	case err == nil && (policy != corev1.RestartPolicyAlways || p.isInit(spec.Name)):
		return "", false
	case err != nil && policy == corev1.RestartPolicyNever:
		return "Error", false
	default:
		p.event(corev1.EventTypeWarning, "BackOff", fmt.Sprintf("Back-off restarting failed container %s in pod %s_%s(%s)",
			spec.Name, p.pod.Name, p.pod.Namespace, p.pod.UID))
		return "CrashLoopBackOff", true
	}
}

func (p *podRun) isInit(name string) bool {
	for _, spec := range p.pod.Spec.InitContainers {
		if spec.Name == name {
			return true
		}
	}
	return false
}

// execute runs a program; it crashes alone.
func execute(ctx context.Context, image pods.Image, container pods.Container) (err error) {
	defer func() {
		if crash := recover(); crash != nil {
			err = fmt.Errorf("panic: %v", crash)
			fmt.Fprintln(container.Log, err)
		}
	}()
	return image(ctx, container)
}

// failPull reports in the words of containerd.
func (p *podRun) failPull(spec corev1.Container) {
	problem := fmt.Sprintf("failed to pull and unpack image %q: failed to resolve reference %[1]q: %[1]s: not found", spec.Image)
	p.event(corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", spec.Image))
	p.event(corev1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: rpc error: code = NotFound desc = %s", spec.Image, problem))
	p.setWaiting(spec.Name, "ErrImagePull", problem)
}

// sleep waits; false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
