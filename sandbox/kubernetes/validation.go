package kubernetes

import (
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// metadataFaults are those of names, labels and annotations, whose size is limited to 256 KiB.
func metadataFaults(r *request, object metav1.Object) field.ErrorList {
	name := validation.NameIsDNSSubdomain
	switch {
	case strings.HasPrefix(r.group, "rbac."):
		name = func(string, bool) []string { return nil } // e.g. system:node
	case r.kind.key() == namespacesKey:
		name = validation.NameIsDNSLabel
	case r.kind.key() == servicesKey:
		name = validation.NameIsDNS1035Label
	}
	return validation.ValidateObjectMetaAccessor(object, r.kind.namespaced, name, field.NewPath("metadata"))
}

// podFaults are those of a pod, and of a change to one: little of a pod may be changed.
func podFaults(before, after objects.Object) field.ErrorList {
	var pod corev1.Pod
	if err := fromObject(after, &pod); err != nil {
		return field.ErrorList{field.Invalid(field.NewPath("spec"), "", err.Error())}
	}
	faults := containerFaults(pod.Spec.Containers, field.NewPath("spec", "containers"))
	if before == nil {
		return faults
	}
	var was corev1.Pod
	if fromObject(before, &was) == nil && !reflect.DeepEqual(unchangeable(was.Spec), unchangeable(pod.Spec)) {
		faults = append(faults, field.Forbidden(field.NewPath("spec"), "pod updates may not change fields other than "+
			"`spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, "+
			"`spec.tolerations` (only additions to existing tolerations), `spec.terminationGracePeriodSeconds` "+
			"(allow it to be set to 1 if it was previously negative)"))
	}
	return faults
}

// containerFaults are what no kubelet could run.
func containerFaults(containers []corev1.Container, path *field.Path) (faults field.ErrorList) {
	if len(containers) == 0 {
		faults = append(faults, field.Required(path, ""))
	}
	seen := map[string]bool{}
	for i, container := range containers {
		at := path.Index(i)
		for _, problem := range validation.NameIsDNSLabel(container.Name, false) {
			faults = append(faults, field.Invalid(at.Child("name"), container.Name, problem))
		}
		if seen[container.Name] {
			faults = append(faults, field.Duplicate(at.Child("name"), container.Name))
		}
		seen[container.Name] = true
		if container.Image == "" {
			faults = append(faults, field.Required(at.Child("image"), ""))
		}
	}
	return faults
}

// unchangeable is a pod's specification without what an update may change. An apply keeps what
// admission injected, so that applying the same manifest again changes nothing.
func unchangeable(spec corev1.PodSpec) *corev1.PodSpec {
	fixed := spec.DeepCopy()
	fixed.ActiveDeadlineSeconds, fixed.Tolerations, fixed.TerminationGracePeriodSeconds = nil, nil, nil
	for i := range fixed.Containers {
		fixed.Containers[i].Image = ""
	}
	for i := range fixed.InitContainers {
		fixed.InitContainers[i].Image = ""
	}
	return fixed
}
