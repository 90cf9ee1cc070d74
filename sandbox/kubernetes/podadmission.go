package kubernetes

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/rand"
)

// policyAnnotation holds the base64 of a confidential pod's policy.
const policyAnnotation = "io.katacontainers.config.agent.policy"

// defaultAccountDelay is how long the API server waits for the default account of a namespace.
const defaultAccountDelay = time.Second

// accountMount is where a container finds its service account's token.
const accountMount = "/var/run/secrets/kubernetes.io/serviceaccount"

// admitPod is what happens to a pod before it is stored: defaults, its service account, its
// runtime class, workload identity, and the faults that are scripted.
func (c *Cluster) admitPod(pod *corev1.Pod) error {
	defaultPodSpec(&pod.Spec)
	pod.Status = corev1.PodStatus{Phase: corev1.PodPending, QOSClass: corev1.PodQOSBestEffort}
	if err := c.admitAccount(pod); err != nil {
		return podForbidden(pod, err)
	}
	if err := c.admitRuntimeClass(pod); err != nil {
		return podForbidden(pod, err)
	}
	c.injectIdentity(pod)
	c.injectFaults(pod)
	return nil
}

func podForbidden(pod *corev1.Pod, err error) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, pod.Name, err)
}

// defaultPodSpec sets what clients rely on; templates of pods are defaulted alike.
func defaultPodSpec(spec *corev1.PodSpec) {
	if spec.RestartPolicy == "" {
		spec.RestartPolicy = corev1.RestartPolicyAlways
	}
	if spec.DNSPolicy == "" {
		spec.DNSPolicy = corev1.DNSClusterFirst
	}
	if spec.SchedulerName == "" {
		spec.SchedulerName = corev1.DefaultSchedulerName
	}
	if spec.TerminationGracePeriodSeconds == nil {
		spec.TerminationGracePeriodSeconds = new(int64(30))
	}
	for i := range spec.Containers {
		defaultContainer(&spec.Containers[i])
	}
}

func defaultContainer(container *corev1.Container) {
	if container.ImagePullPolicy == "" {
		container.ImagePullPolicy = corev1.PullIfNotPresent
		if !strings.Contains(path.Base(container.Image), ":") || strings.HasSuffix(container.Image, ":latest") {
			container.ImagePullPolicy = corev1.PullAlways
		}
	}
	for i := range container.Ports {
		if container.Ports[i].Protocol == "" {
			container.Ports[i].Protocol = corev1.ProtocolTCP
		}
	}
}

// admitAccount demands the pod's service account and mounts its token.
func (c *Cluster) admitAccount(pod *corev1.Pod) error {
	if pod.Spec.ServiceAccountName == "" {
		pod.Spec.ServiceAccountName = "default"
	}
	name := pod.Spec.ServiceAccountName
	pod.Spec.DeprecatedServiceAccount = name
	if !c.hasAccount(pod.Namespace, name) {
		return fmt.Errorf("error looking up service account %s/%s: serviceaccount %q not found", pod.Namespace, name, name)
	}
	if mount := pod.Spec.AutomountServiceAccountToken; mount != nil && !*mount {
		return nil
	}
	volume := corev1.Volume{Name: "kube-api-access-" + rand.String(5)}
	volume.Projected = &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: new(int64(3607))}},
		{ConfigMap: &corev1.ConfigMapProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: rootCertificates},
			Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
		}},
		{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{
			Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"},
		}}}},
	}}
	pod.Spec.Volumes = append(pod.Spec.Volumes, volume)
	mountInto(pod.Spec.Containers, volume.Name, accountMount)
	return nil
}

// hasAccount waits a moment for the default account, which a new namespace gets a little later.
func (c *Cluster) hasAccount(namespace, name string) bool {
	giveUp := time.After(defaultAccountDelay)
	for {
		changed := c.changed()
		if c.store.Get(accountsKey, namespace, name) != nil {
			return true
		}
		if name != "default" {
			return false
		}
		select {
		case <-changed:
		case <-giveUp:
			return false
		}
	}
}

// mountInto leaves a container alone that mounts something else there.
func mountInto(containers []corev1.Container, volume, at string) {
	for i := range containers {
		taken := slices.ContainsFunc(containers[i].VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == at })
		if !taken {
			containers[i].VolumeMounts = append(containers[i].VolumeMounts,
				corev1.VolumeMount{Name: volume, MountPath: at, ReadOnly: true})
		}
	}
}

// admitRuntimeClass demands the pod's runtime class and takes over where its pods may run.
func (c *Cluster) admitRuntimeClass(pod *corev1.Pod) error {
	if pod.Spec.RuntimeClassName == nil {
		return nil
	}
	class, err := c.runtimeClass(*pod.Spec.RuntimeClassName)
	if err != nil {
		return errors.New("pod rejected: " + err.Error())
	}
	if class.Scheduling == nil {
		return nil
	}
	if pod.Spec.NodeSelector == nil {
		pod.Spec.NodeSelector = map[string]string{}
	}
	for label, value := range class.Scheduling.NodeSelector {
		if have, ok := pod.Spec.NodeSelector[label]; ok && have != value {
			return fmt.Errorf("conflict: runtimeClass.scheduling.nodeSelector[%s] = %s; pod.spec.nodeSelector[%s] = %s", label, value, label, have)
		}
		pod.Spec.NodeSelector[label] = value
	}
	return nil
}

// injectFaults does to a pod what the scripted faults say.
func (c *Cluster) injectFaults(pod *corev1.Pod) {
	if _, on := c.options.Conditions.Has("policy-drift"); on {
		if policy, ok := pod.Annotations[policyAnnotation]; ok {
			pod.Annotations[policyAnnotation] = drifted(policy)
		}
	}
	if _, on := c.options.Conditions.Has("no-sidecar"); on {
		pod.Spec.Containers = slices.DeleteFunc(pod.Spec.Containers, isSidecar)
	}
	if _, on := c.options.Conditions.Has("topic-mismatch"); on {
		for i := range pod.Spec.Containers {
			if strings.Contains(pod.Spec.Containers[i].Image, "/producer") {
				renameTopic(pod.Spec.Containers[i].Env)
			}
		}
	}
}

// drifted is a policy whose text has one more byte, which means nothing but counts in its hash.
func drifted(policy string) string {
	text, err := base64.StdEncoding.DecodeString(policy)
	if err != nil {
		return policy
	}
	return base64.StdEncoding.EncodeToString(append(text, '\n'))
}

// isSidecar tells by name or image, because either may have been chosen otherwise.
func isSidecar(container corev1.Container) bool {
	return container.Name == "skr" || strings.Contains(container.Image, "/skr")
}

func renameTopic(env []corev1.EnvVar) {
	for i := range env {
		if env[i].Name == "TOPIC" {
			env[i].Value += "-other"
		}
	}
}
