package kubernetes

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// syncDeployments gives the deployments of a namespace the pods they ask for, without replica
// sets in between.
func (c *Cluster) syncDeployments(namespace string) {
	all, _ := c.store.List(deploymentsKey, namespace)
	for _, object := range all {
		var d appsv1.Deployment
		if object.GetDeletionTimestamp() == nil && fromObject(object, &d) == nil {
			c.syncDeployment(object, &d)
		}
	}
}

// syncDeployment removes pods of an older template, and what is too many, before it adds.
func (c *Cluster) syncDeployment(object objects.Object, d *appsv1.Deployment) {
	hash := templateHash(&d.Spec.Template)
	var current []corev1.Pod
	for _, pod := range c.podsOf(d) {
		if pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey] != hash || len(current) == int(*d.Spec.Replicas) {
			c.removePod(&pod)
			continue
		}
		current = append(current, pod)
	}
	var refused error
	for len(current) < int(*d.Spec.Replicas) && refused == nil {
		pod := podFromTemplate(d, hash)
		if refused = c.createPod(pod); refused != nil {
			c.event(object, corev1.EventTypeWarning, "FailedCreate", "Error creating: "+refused.Error(), "replicaset-controller")
		}
		current = append(current, *pod)
	}
	c.reportDeployment(d, current, refused)
}

func (c *Cluster) podsOf(d *appsv1.Deployment) (pods []corev1.Pod) {
	all, _ := c.store.List(podsKey, d.Namespace)
	for _, object := range all {
		var pod corev1.Pod
		if ownedBy(object, d.UID) && fromObject(object, &pod) == nil {
			pods = append(pods, pod)
		}
	}
	return pods
}

func podFromTemplate(d *appsv1.Deployment, hash string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: *d.Spec.Template.ObjectMeta.DeepCopy(), Spec: *d.Spec.Template.Spec.DeepCopy()}
	pod.APIVersion, pod.Kind = "v1", "Pod"
	pod.Namespace, pod.Name = d.Namespace, d.Name+"-"+hash+"-"+rand.String(5)
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = hash
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment"))}
	return pod
}

// templateHash tells pods of one template from those of another, as the label pod-template-hash.
func templateHash(template *corev1.PodTemplateSpec) string {
	sum := fnv.New32a()
	encoded, _ := json.Marshal(template) // plain data
	sum.Write(encoded)
	return rand.SafeEncodeString(fmt.Sprint(sum.Sum32()))
}

// reportDeployment writes the status by which clients see that a rollout is done.
func (c *Cluster) reportDeployment(d *appsv1.Deployment, pods []corev1.Pod, refused error) {
	ready := int32(0)
	for _, pod := range pods {
		if isPodReady(&pod) {
			ready++
		}
	}
	available := corev1.ConditionFalse
	if ready >= *d.Spec.Replicas {
		available = corev1.ConditionTrue
	}
	_ = c.edit(deploymentsKey, d.Namespace, d.Name, d.UID, func(o objects.Object) error {
		return edited(o, func(d *appsv1.Deployment) error {
			count := int32(len(pods))
			s := &d.Status
			s.ObservedGeneration = d.Generation
			s.Replicas, s.UpdatedReplicas, s.ReadyReplicas, s.AvailableReplicas = count, count, ready, ready
			s.UnavailableReplicas = max(0, *d.Spec.Replicas-ready)
			setDeploymentCondition(s, appsv1.DeploymentAvailable, available, "MinimumReplicas", "")
			setDeploymentCondition(s, appsv1.DeploymentProgressing, corev1.ConditionTrue, "NewReplicaSetAvailable", "")
			if refused != nil {
				setDeploymentCondition(s, appsv1.DeploymentReplicaFailure, corev1.ConditionTrue, "FailedCreate", refused.Error())
			}
			return nil
		})
	})
}

func setDeploymentCondition(s *appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string) {
	i := slices.IndexFunc(s.Conditions, func(c appsv1.DeploymentCondition) bool { return c.Type == kind })
	if i < 0 {
		s.Conditions = append(s.Conditions, appsv1.DeploymentCondition{Type: kind})
		i = len(s.Conditions) - 1
	}
	condition := &s.Conditions[i]
	if condition.Status != status {
		condition.LastTransitionTime, condition.LastUpdateTime = metav1.Now(), metav1.Now()
	}
	condition.Status, condition.Reason, condition.Message = status, reason, message
}
