package actions

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/skr"
)

type kubeState struct {
	objects   map[kube.Ref]kube.Object
	noClass   bool                                   // the runtime class is missing
	admission func(kind, name string, o kube.Object) // changes objects as they come in
	released  bool                                   // the present consumer got the key
	logs      map[string]string                      // by container of the consumer's pod
	trouble   []string                               // what the sidecars to come are told instead of the key
	messages  int
	starting  bool // pods are not ready before somebody waits for them
}

func newKubeState() kubeState {
	return kubeState{objects: map[kube.Ref]kube.Object{}, logs: map[string]string{}}
}

type fakeKube struct{ w *realm }

func absent(ref kube.Ref) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: strings.ToLower(ref.Kind)}, ref.Name)
}

func (f fakeKube) Version(context.Context) (string, error) {
	return "v1.31.2", f.w.call("kube.Version")
}

func (f fakeKube) Apply(_ context.Context, manifest []byte) error {
	if err := f.w.call("kube.Apply"); err != nil {
		return err
	}
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	for document := range bytes.SplitSeq(append([]byte("\n"), manifest...), []byte("\n---\n")) {
		var o kube.Object
		if err := yaml.Unmarshal(document, &o); err != nil {
			return fmt.Errorf("%w in %s", err, document)
		}
		if o != nil {
			f.admit(o)
		}
	}
	return nil
}

func (f fakeKube) admit(o kube.Object) {
	metadata := o["metadata"].(map[string]any)
	namespace, _ := metadata["namespace"].(string)
	ref := kube.Ref{APIVersion: o["apiVersion"].(string), Kind: o["kind"].(string), Namespace: namespace, Name: metadata["name"].(string)}
	if f.w.admission != nil {
		f.w.admission(ref.Kind, ref.Name, o)
	}
	o["status"] = map[string]any{"conditions": []any{
		map[string]any{"type": "Ready", "status": "True"}, map[string]any{"type": "Available", "status": "True"},
	}}
	f.w.objects[ref] = o
	if ref.Kind == "Pod" && ref.Name == consumerPod {
		f.askForKey(podOf(o))
	}
}

// askForKey is what the consumer does once, when it starts: the sidecar attests the pod's policy
// and the vault decides.
func (f fakeKube) askForKey(pod kube.Pod) {
	w := f.w
	w.released, w.logs = false, map[string]string{}
	refuse := func(text string) {
		if !w.silent {
			w.logs[consumerPod] = "2026/11/23 12:00:00 not able to retrieve key: " + text
		}
	}
	refused := func(text string) {
		body, _ := json.Marshal(map[string]string{"error": text})
		refuse("unable to retrieve key from SKR.  Response Code 403.  Message " + string(body))
	}
	if w.races > 0 {
		w.races--
		refuse(`Post "http://localhost:8080/key/release": dial tcp [::1]:8080: connect: connection refused`)
		return
	}
	if _, there := container(pod, sidecarContainer); !there {
		refuse(`Post "http://localhost:8080/key/release": dial tcp [::1]:8080: connect: connection refused`)
		return
	}
	if pod.RuntimeClass == "" {
		refused(`attestation failed: maa post request failed: http response status equal to 400 Bad Request {"error":{"code":"AttestationFailed","message":"Signature validation failed"}}`)
		return
	}
	token := f.attest(pod)
	if !w.silent {
		header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256"}`))
		payload, _ := json.Marshal(token.Claims)
		w.logs[sidecarContainer] = "level=debug msg=MAA Token (signature redacted): " + header + "." + base64.RawURLEncoding.EncodeToString(payload) + ".***\n"
	}
	key := w.keys[env(pod, consumerPod, "SkrClientKID")]
	policy, err := skr.ParseReleasePolicy(key.ReleasePolicy)
	switch {
	case len(w.trouble) > 0:
		refused(w.trouble[0])
		w.trouble = w.trouble[1:]
	case err != nil || !policy.Explain(token.Issuer(), token.Claims).Released:
		refused(`releasing the key failed: AKV post request failed: http response status equal to 403 Forbidden {"error":{"code":"Forbidden","message":"no","innererror":{"code":"AccessDenied"}}}`)
	case w.hooks["release"] != nil && w.hooks["release"]() != nil:
		refused(`releasing the key failed: AKV post request failed: http response status equal to 403 Forbidden {"error":{"code":"Forbidden","message":"no","innererror":{"code":"ForbiddenByRbac"}}}`)
	default:
		w.released = true
	}
}

func (f fakeKube) attest(pod kube.Pod) skr.Token {
	return skr.Token{Claims: map[string]any{
		"iss":                     "https://" + env(pod, consumerPod, "SkrClientMAAEndpoint"),
		skr.ClaimAttestationType:  "sevsnpvm",
		skr.ClaimHostData:         policyHash(pod.Annotations[skr.PolicyAnnotation]),
		skr.ClaimComplianceStatus: "azure-signed-katacc-uvm",
		skr.ClaimDebuggable:       f.w.debuggable,
		ephemeralClaim:            map[string]any{"keys": []any{}},
	}}
}

// podOf reads the parts of a pod that the steps look at.
func podOf(o kube.Object) kube.Pod {
	var raw struct {
		Metadata struct {
			Name, Namespace string
			Annotations     map[string]string
		}
		Spec struct {
			RuntimeClassName string
			Containers       []struct {
				Name, Image string
				Env         []struct{ Name, Value string }
			}
		}
	}
	data, err := json.Marshal(o)
	if err = errors.Join(err, json.Unmarshal(data, &raw)); err != nil {
		panic(err)
	}
	pod := kube.Pod{Name: raw.Metadata.Name, Namespace: raw.Metadata.Namespace, Annotations: raw.Metadata.Annotations, RuntimeClass: raw.Spec.RuntimeClassName, Phase: "Running", Ready: true}
	for _, c := range raw.Spec.Containers {
		env := map[string]string{}
		for _, e := range c.Env {
			env[e.Name] = e.Value
		}
		pod.Containers = append(pod.Containers, kube.Container{Name: c.Name, Image: c.Image, Env: env, Ready: true, State: "running"})
	}
	return pod
}

func (f fakeKube) Delete(_ context.Context, ref kube.Ref) error {
	return remove(f.w, "kube.Delete", f.w.objects, ref)
}

func (f fakeKube) Get(_ context.Context, ref kube.Ref) (kube.Object, error) {
	if err := f.w.call("kube.Get"); err != nil {
		return nil, err
	}
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if ref.Kind == "RuntimeClass" && !f.w.noClass {
		return kube.Object{}, nil
	}
	o, there := f.w.objects[ref]
	if !there {
		return nil, absent(ref)
	}
	return o, nil
}

func (f fakeKube) List(_ context.Context, kind kube.Ref, _ string) (found []kube.Object, err error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	for ref, o := range f.w.objects {
		if ref.Kind == kind.Kind && (kind.Namespace == "" || kind.Namespace == ref.Namespace) {
			found = append(found, o)
		}
	}
	return found, nil
}

func (f fakeKube) WaitCondition(_ context.Context, _ kube.Ref, condition string, progress func(kube.Condition)) error {
	progress(kube.Condition{Type: condition, Status: "True"})
	return f.w.call("kube.WaitCondition")
}

func (f fakeKube) Nodes(context.Context, string) ([]kube.Node, error) { return nil, nil }

func (f fakeKube) WaitNodes(_ context.Context, _ string, want int, progress func([]kube.Node)) ([]kube.Node, error) {
	nodes := make([]kube.Node, want)
	for i := range nodes {
		nodes[i] = kube.Node{Name: fmt.Sprintf("node-%d", i), Ready: true}
	}
	progress(nodes)
	return nodes, f.w.call("kube.WaitNodes")
}

func (f fakeKube) Pod(ctx context.Context, namespace, name string) (kube.Pod, error) {
	o, err := f.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: name})
	if err != nil {
		return kube.Pod{}, err
	}
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	pod := podOf(o)
	pod.Ready = !f.w.starting
	return pod, nil
}

func (f fakeKube) WaitPod(ctx context.Context, namespace, name string, progress func(kube.Pod)) (kube.Pod, error) {
	if err := f.w.call("kube.WaitPod"); err != nil {
		return kube.Pod{}, err
	}
	f.w.mu.Lock()
	f.w.starting = false
	f.w.mu.Unlock()
	pod, err := f.Pod(ctx, namespace, name)
	progress(pod)
	return pod, err
}

func (f fakeKube) Events(context.Context, string, string) ([]kube.Event, error) { return nil, nil }

func (f fakeKube) Logs(_ context.Context, _, _, name string, _ int64) ([]byte, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	return []byte(f.w.logs[name]), nil
}

func (f fakeKube) FollowLogs(context.Context, string, string, string) (io.ReadCloser, error) {
	return nil, errors.ErrUnsupported
}

func (f fakeKube) ServiceAddress(context.Context, string, string, func(string)) (string, error) {
	return "203.0.113.7", f.w.call("kube.ServiceAddress")
}

// ServicePage is the sample's page, with its misleading headings.
func (f fakeKube) ServicePage(ctx context.Context, namespace, service string, _ int, _ string) ([]byte, error) {
	if err := f.w.call("kube.ServicePage"); err != nil {
		return nil, err
	}
	producer, err := f.Pod(ctx, namespace, producerPod)
	if err != nil {
		return nil, err
	}
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.w.messages += 2
	if service == consumerService && f.w.released {
		return page("Encrypted", fmt.Sprintf("Msg %d: %s", f.w.messages-1, env(producer, producerPod, "MSG"))), nil
	}
	return page("Unencrypted", ciphertext()), nil
}

func page(heading, text string) []byte {
	return []byte("<html><h1>Welcome</h1><h2> " + heading + " Kafka Message:</h2><p><code className=\"code\">" +
		strings.ReplaceAll(text, "+", "&#43;") + "</code></p></html>")
}

func (f fakeKube) Dial(context.Context, string, string, int) (net.Conn, error) {
	return nil, errors.ErrUnsupported
}
