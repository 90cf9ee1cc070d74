package kubernetes

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// setWaiting keeps how the container ended before, which tells why it waits.
func (p *podRun) setWaiting(name, reason, message string) {
	p.setContainer(name, func(s *corev1.ContainerStatus) {
		if s.State.Terminated != nil {
			s.LastTerminationState = s.State
		}
		s.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
		s.Ready, s.Started = false, new(false)
	})
}

// setRunning makes the container ready too: probes are not run.
func (p *podRun) setRunning(name string, restarts int32) {
	p.setContainer(name, func(s *corev1.ContainerStatus) {
		s.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
		s.Ready, s.Started, s.RestartCount = true, new(true), restarts
		s.ContainerID = fmt.Sprintf("containerd://%s-%s-%d", p.pod.UID, name, restarts)
		s.ImageID = s.Image
	})
}

// setTerminated knows two exit codes: programs here end well or with an error.
func (p *podRun) setTerminated(name string, restarts int32, started metav1.Time, err error) {
	state := corev1.ContainerStateTerminated{Reason: "Completed", StartedAt: started, FinishedAt: metav1.Now()}
	if err != nil {
		state.Reason, state.ExitCode = "Error", 1
	}
	p.setContainer(name, func(s *corev1.ContainerStatus) {
		s.State = corev1.ContainerState{Terminated: &state}
		s.Ready, s.Started, s.RestartCount = false, new(false), restarts
	})
}

// setContainer changes a container's status, and the pod's as it follows from its containers'.
func (p *podRun) setContainer(name string, change func(*corev1.ContainerStatus)) {
	p.report(func(s *corev1.PodStatus) {
		for _, statuses := range [][]corev1.ContainerStatus{s.InitContainerStatuses, s.ContainerStatuses} {
			for i := range statuses {
				if statuses[i].Name == name {
					change(&statuses[i])
				}
			}
		}
		ready, reason := corev1.ConditionTrue, ""
		for _, status := range s.ContainerStatuses {
			if status.State.Running != nil {
				s.Phase = corev1.PodRunning
			}
			if !status.Ready {
				ready, reason = corev1.ConditionFalse, "ContainersNotReady"
			}
		}
		setPodCondition(s, corev1.ContainersReady, ready, reason, "")
		setPodCondition(s, corev1.PodReady, ready, reason, "")
	})
}
