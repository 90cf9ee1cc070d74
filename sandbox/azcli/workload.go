package azcli

import (
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/cctui/cctui/sandbox/policy"
)

// workload is a document that gets a policy.
type workload struct {
	metadataPath []string // of the pod's metadata
	containers   []policy.Request
}

// object is what a policy is made of, in any workload.
type object struct {
	Kind     string            `json:"kind"`
	Metadata metadata          `json:"metadata"`
	Data     map[string]string `json:"data"`
	Spec     struct {
		podSpec
		Template    *podTemplate `json:"template"`
		JobTemplate *struct {
			Spec struct {
				Template *podTemplate `json:"template"`
			} `json:"spec"`
		} `json:"jobTemplate"`
	} `json:"spec"`
}

// metadata of a controller; its pods are named after it.
type metadata struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

type podTemplate struct {
	Spec podSpec `json:"spec"`
}

// podSpec is what the policy covers of a pod.
type podSpec struct {
	InitContainers []container `json:"initContainers"`
	Containers     []container `json:"containers"`
}

type container struct {
	Name         string     `json:"name"`
	Image        string     `json:"image"`
	Command      []string   `json:"command"`
	Args         []string   `json:"args"`
	Env          []variable `json:"env"`
	VolumeMounts []struct {
		MountPath string `json:"mountPath"`
	} `json:"volumeMounts"`
}

type variable struct {
	Name      string `json:"name"`
	Value     string `json:"value"`
	ValueFrom *struct {
		ConfigMapKeyRef *keyRef `json:"configMapKeyRef"`
		FieldRef        *struct {
			FieldPath string `json:"fieldPath"`
		} `json:"fieldRef"`
	} `json:"valueFrom"`
}

// keyRef names a value in a ConfigMap.
type keyRef struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// Kinds that genpolicy lets pass without a policy.
// Source: microsoft/kata-containers, src/tools/genpolicy, fn new_k8s_resource.
var passed = []string{
	"ConfigMap", "LimitRange", "Namespace", "PersistentVolumeClaim", "PriorityClass", "ResourceQuota",
	"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "RuntimeClass", "Secret", "Service", "ServiceAccount",
	"StorageClass",
}

// readWorkload reads a document; nil where its kind gets no policy.
func readWorkload(document []byte, sources values) (*workload, error) {
	o, err := readObject(document)
	if err != nil || o.Kind == "" || slices.Contains(passed, o.Kind) {
		return nil, err
	}
	w, pod, spec := &workload{}, o.Metadata.Name, o.Spec.podSpec
	switch o.Kind {
	case "Pod":
		w.metadataPath = []string{"metadata"}
	case "Deployment", "DaemonSet", "Job", "ReplicaSet", "ReplicationController", "StatefulSet":
		w.metadataPath = []string{"spec", "template", "metadata"}
		pod, spec = policy.GeneratedName(pod), template(o.Spec.Template)
	case "CronJob":
		w.metadataPath = []string{"spec", "jobTemplate", "spec", "template", "metadata"}
		pod = policy.GeneratedName(pod)
		if o.Spec.JobTemplate != nil {
			spec = template(o.Spec.JobTemplate.Spec.Template)
		}
	default:
		return nil, panicked("Unsupported kind %s", o.Kind)
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		request, err := c.request(o.Metadata, pod, sources)
		if err != nil {
			return nil, err
		}
		w.containers = append(w.containers, request)
	}
	return w, nil
}

func readObject(document []byte) (object, error) {
	var o object
	if err := yaml.Unmarshal(document, &o); err != nil {
		return o, panicked("called `Result::unwrap()` on an `Err` value: %v", err)
	}
	return o, nil
}

func template(t *podTemplate) podSpec {
	if t == nil {
		return podSpec{}
	}
	return t.Spec
}

// request is the container as the kubelet will ask for it. Without a namespace the manifest is
// applied to "default" as far as the generator knows: another one has to be written down.
func (c container) request(m metadata, pod string, sources values) (policy.Request, error) {
	namespace := m.Namespace
	if namespace == "" {
		namespace = "default"
	}
	r := policy.Request{
		Namespace: namespace, Pod: pod, Name: c.Name, Image: c.Image,
		Command: c.Command, Args: c.Args, Env: map[string]string{},
	}
	for _, mount := range c.VolumeMounts {
		r.Mounts = append(r.Mounts, mount.MountPath)
	}
	for _, v := range c.Env {
		value, err := v.value(m, namespace, sources)
		if err != nil {
			return r, err
		}
		r.Env[v.Name] = value
	}
	return r, nil
}

// value is what the variable will hold. It has to be known now, because the policy fixes it.
func (v variable) value(m metadata, namespace string, sources values) (string, error) {
	switch from := v.ValueFrom; {
	case from == nil:
		return v.Value, nil
	case from.ConfigMapKeyRef != nil:
		if value, ok := sources[*from.ConfigMapKeyRef]; ok {
			return value, nil
		}
		return "", panicked("Couldn't get the value of env variable %s: ConfigMap %s is not in the file", v.Name, from.ConfigMapKeyRef.Name)
	case from.FieldRef != nil && from.FieldRef.FieldPath == "metadata.namespace":
		return namespace, nil
	case from.FieldRef != nil && from.FieldRef.FieldPath == "metadata.name":
		return m.Name, nil
	}
	return "", panicked("Couldn't get the value of env variable %s", v.Name)
}

// values are those of the file's ConfigMaps.
type values map[keyRef]string

// collect runs over all documents before any policy is made: a pod may stand before its ConfigMap.
func (v values) collect(document []byte) error {
	o, err := readObject(document)
	if err != nil {
		return err
	}
	if o.Kind == "ConfigMap" {
		for key, value := range o.Data {
			v[keyRef{o.Metadata.Name, key}] = value
		}
	}
	return nil
}
