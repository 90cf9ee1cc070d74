package kubernetes

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
	"github.com/cctui/cctui/sandbox/pods"
	"github.com/cctui/cctui/sandbox/policy"
)

// container is what the program of a container gets to see.
func (p *podRun) container(spec corev1.Container) (pods.Container, error) {
	env, err := p.environment(spec)
	if err != nil {
		return pods.Container{}, err
	}
	account := p.cluster.store.Get(accountsKey, p.pod.Namespace, p.pod.Spec.ServiceAccountName)
	if account == nil {
		return pods.Container{}, fmt.Errorf("serviceaccount %q not found", p.pod.Spec.ServiceAccountName)
	}
	kubeconfig, err := p.cluster.accountKubeconfig(account)
	if err != nil {
		return pods.Container{}, err
	}
	return pods.Container{
		Name: spec.Name, Image: spec.Image, Namespace: p.pod.Namespace, Pod: p.pod.Name,
		Command: spec.Command, Args: spec.Args, Env: env,
		ReadFile:   func(name string) ([]byte, error) { return p.readFile(spec, name) },
		Network:    podNetwork{p},
		TEE:        p.tee,
		Kubeconfig: kubeconfig,
	}, nil
}

// allowed holds a container of a confidential pod against the pod's policy, as its guest does.
func (p *podRun) allowed(container pods.Container, spec corev1.Container) error {
	if p.policy == nil {
		return nil
	}
	wanted := policy.Request{
		Namespace: p.pod.Namespace, Pod: p.pod.Name, Name: spec.Name, Image: spec.Image,
		Command: spec.Command, Args: spec.Args, Env: container.Env,
	}
	for _, mount := range spec.VolumeMounts {
		wanted.Mounts = append(wanted.Mounts, mount.MountPath)
	}
	if err := p.policy.Check(wanted); err != nil {
		return fmt.Errorf("failed to create containerd task: failed to create shim task: %w", err)
	}
	return nil
}

// environment is complete: what the kubelet adds, and what the specification says.
func (p *podRun) environment(spec corev1.Container) (map[string]string, error) {
	env := map[string]string{
		"HOSTNAME":                p.pod.Name,
		"KUBERNETES_SERVICE_HOST": "10.0.0.1",
		"KUBERNETES_SERVICE_PORT": "443",
	}
	for _, source := range spec.EnvFrom {
		if source.ConfigMapRef != nil {
			for key, value := range dataOf(p.cluster.store.Get(configMapsKey, p.pod.Namespace, source.ConfigMapRef.Name)) {
				env[source.Prefix+key] = string(value)
			}
		}
		if source.SecretRef != nil {
			for key, value := range dataOf(p.cluster.store.Get(secretsKey, p.pod.Namespace, source.SecretRef.Name)) {
				env[source.Prefix+key] = string(value)
			}
		}
	}
	for _, variable := range spec.Env {
		value, err := p.valueOf(variable)
		if err != nil {
			return nil, err
		}
		if variable.ValueFrom == nil {
			value = expand(value, env)
		}
		env[variable.Name] = value
	}
	return env, nil
}

// expand replaces $(NAME) by a variable that was set before; one that was not stays as it is written.
// Two dollars are one.
// Source: kubernetes/kubernetes, third_party/forked/golang/expansion.
func expand(text string, env map[string]string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		reference, rest, closed := strings.Cut(after, ")")
		name, bracketed := strings.CutPrefix(reference, "(")
		switch value, known := env[name]; {
		case strings.HasPrefix(after, "$"):
			b.WriteByte('$')
			text = after[1:]
		case closed && bracketed && known:
			b.WriteString(value)
			text = rest
		case closed && bracketed:
			b.WriteString("$(" + name + ")")
			text = rest
		default:
			b.WriteByte('$')
			text = after
		}
	}
}

func (p *podRun) valueOf(variable corev1.EnvVar) (string, error) {
	from := variable.ValueFrom
	switch {
	case from == nil:
		return variable.Value, nil
	case from.FieldRef != nil:
		return p.field(from.FieldRef.FieldPath), nil
	case from.ConfigMapKeyRef != nil:
		return p.keyOf(configMapsKey, from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key)
	case from.SecretKeyRef != nil:
		return p.keyOf(secretsKey, from.SecretKeyRef.Name, from.SecretKeyRef.Key)
	default:
		return "", nil // a resource's limit: there are none here
	}
}

// keyOf fails where a variable refers to nothing: its container is not started then.
func (p *podRun) keyOf(kind objects.Kind, name, key string) (string, error) {
	value, ok := dataOf(p.cluster.store.Get(kind, p.pod.Namespace, name))[key]
	if !ok {
		return "", fmt.Errorf("couldn't find key %s in %s %s/%s", key, kind.Resource, p.pod.Namespace, name)
	}
	return string(value), nil
}

// field is what the downward API says of the pod.
func (p *podRun) field(fieldPath string) string {
	switch fieldPath {
	case "status.podIP":
		return p.address.String()
	case "spec.nodeName":
		node, _, _ := unstructured.NestedString(p.cluster.store.Get(podsKey, p.pod.Namespace, p.pod.Name).Object, "spec", "nodeName")
		return node
	default:
		return fieldsOf{p.object}.Get(fieldPath)
	}
}

// dataOf is the content of a ConfigMap or Secret; none where there is no such object.
func dataOf(object objects.Object) map[string][]byte {
	data := map[string][]byte{}
	if object == nil {
		return data
	}
	plain, _, _ := unstructured.NestedStringMap(object.Object, "data")
	for key, value := range plain {
		data[key] = []byte(value)
		if object.GetKind() == "Secret" {
			data[key], _ = base64.StdEncoding.DecodeString(value)
		}
	}
	return data
}

// readFile reads a mounted file of a container. Tokens are fresh at each read.
func (p *podRun) readFile(spec corev1.Container, name string) ([]byte, error) {
	for _, mount := range spec.VolumeMounts {
		relative, below := strings.CutPrefix(path.Clean(name), mount.MountPath+"/")
		if !below {
			continue
		}
		for _, volume := range p.pod.Spec.Volumes {
			if volume.Name == mount.Name {
				return p.readVolume(volume, relative)
			}
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (p *podRun) readVolume(volume corev1.Volume, name string) ([]byte, error) {
	files := map[string][]byte{}
	switch {
	case volume.ConfigMap != nil:
		files = dataOf(p.cluster.store.Get(configMapsKey, p.pod.Namespace, volume.ConfigMap.Name))
	case volume.Secret != nil:
		files = dataOf(p.cluster.store.Get(secretsKey, p.pod.Namespace, volume.Secret.SecretName))
	case volume.Projected != nil:
		return p.readProjected(volume.Projected.Sources, name)
	}
	if content, ok := files[name]; ok {
		return content, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// readProjected looks through the sources in their order.
func (p *podRun) readProjected(sources []corev1.VolumeProjection, name string) ([]byte, error) {
	for _, source := range sources {
		switch {
		case source.ServiceAccountToken != nil && source.ServiceAccountToken.Path == name:
			return p.token(source.ServiceAccountToken)
		case source.ConfigMap != nil:
			if content, ok := dataOf(p.cluster.store.Get(configMapsKey, p.pod.Namespace, source.ConfigMap.Name))[name]; ok {
				return content, nil
			}
		case source.Secret != nil:
			if content, ok := dataOf(p.cluster.store.Get(secretsKey, p.pod.Namespace, source.Secret.Name))[name]; ok {
				return content, nil
			}
		case source.DownwardAPI != nil && name == "namespace":
			return []byte(p.pod.Namespace), nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// token is new at every read, as the kubelet renews the file.
func (p *podRun) token(projection *corev1.ServiceAccountTokenProjection) ([]byte, error) {
	account := p.cluster.store.Get(accountsKey, p.pod.Namespace, p.pod.Spec.ServiceAccountName)
	if account == nil {
		return nil, fmt.Errorf("serviceaccount %q not found", p.pod.Spec.ServiceAccountName)
	}
	var audience []string
	if projection.Audience != "" {
		audience = []string{projection.Audience}
	}
	lifetime := tokenLifetime
	if projection.ExpirationSeconds != nil {
		lifetime = time.Duration(*projection.ExpirationSeconds) * time.Second
	}
	token, _, err := p.cluster.signer.sign(account, audience, lifetime)
	return []byte(token), err
}
