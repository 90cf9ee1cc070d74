package contract

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cctui/cctui/kube"
)

func (t *trial) versionIsTold() {
	version, err := t.Client.Version(t.ctx)
	t.must(err)
	if !strings.HasPrefix(version, "v") { // v0.0.0-master, where somebody built it for himself
		t.Errorf("version = %q, want v…", version)
	}
}

func (t *trial) documentsAreApplied() {
	t.apply(`# a comment alone is no document
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: account, namespace: NS, annotations: {who: me}}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: one, namespace: NS}, data: {text: first}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: two, namespace: NS}}
`)
	found, err := t.Client.Get(t.ctx, t.configMap("one"))
	t.must(err)
	if data, _ := found["data"].(map[string]any); data["text"] != "first" {
		t.Errorf("data = %v, want text: first", found["data"])
	}
	_, err = t.Client.Get(t.ctx, kube.Ref{APIVersion: "v1", Kind: "ServiceAccount", Namespace: t.namespace, Name: "account"})
	t.must(err)
}

func (t *trial) applyingAgainChangesNothing() {
	manifest := "{apiVersion: v1, kind: ConfigMap, metadata: {name: map, namespace: NS}, data: {a: b}}"
	t.apply(manifest)
	before := t.version("map")
	t.apply(manifest)
	if after := t.version("map"); after != before {
		t.Errorf("resource version went from %s to %s, want no change", before, after)
	}
}

func (t *trial) version(name string) string {
	t.Helper()
	found, err := t.Client.Get(t.ctx, t.configMap(name))
	t.must(err)
	metadata, _ := found["metadata"].(map[string]any)
	return fmt.Sprint(metadata["resourceVersion"])
}

func (t *trial) fieldsGoWhenNotApplied() {
	t.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: shared, namespace: NS}, data: {owner: first, dropped: it}}")
	t.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: shared, namespace: NS}, data: {owner: second}}")
	found, err := t.Client.Get(t.ctx, t.configMap("shared"))
	t.must(err)
	data, _ := found["data"].(map[string]any)
	if data["owner"] != "second" || len(data) != 1 {
		t.Errorf("data = %v, want owner: second alone", data)
	}
}

func (t *trial) manifestsAreChecked() {
	for _, manifest := range []string{"{", "kind: ConfigMap", "apiVersion: v1\nkind: ConfigMap", "a: [", "- 1"} {
		if err := t.tryApply(manifest); err == nil {
			t.Errorf("%q was applied, want an error", manifest)
		}
	}
	if _, err := t.Client.Get(t.ctx, t.configMap("none")); !kube.IsNotFound(err) {
		t.Errorf("get = %v, want not found", err)
	}
}

// definition defines a kind of the trial's own, without a status subresource, so that a status
// can be applied.
func (t *trial) definition(group string) string {
	return fmt.Sprintf(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.%[1]s}
spec:
  group: %[1]s
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`, group)
}

func (t *trial) customResourceWaits() {
	t.apply(t.definition("waits.example.com") + `---
apiVersion: waits.example.com/v1
kind: Widget
metadata: {name: first, namespace: NS}
spec: {size: 3}
`)
	widgets, err := t.Client.List(t.ctx, kube.Ref{APIVersion: "waits.example.com/v1", Kind: "Widget", Namespace: t.namespace}, "")
	t.must(err)
	if len(widgets) != 1 {
		t.Errorf("%d widgets, want 1", len(widgets))
	}
}

func (t *trial) unknownKindIsNotFound() {
	kind := kube.Ref{APIVersion: "unknown.example.com/v1", Kind: "Nothing", Namespace: t.namespace, Name: "x"}
	found, err := t.Client.List(t.ctx, kind, "")
	if err != nil || len(found) != 0 {
		t.Errorf("list = %v, %v; want none", found, err)
	}
	if _, err := t.Client.Get(t.ctx, kind); !kube.IsNotFound(err) {
		t.Errorf("get = %v, want not found", err)
	}
	if err := t.Client.Delete(t.ctx, kind); err != nil {
		t.Errorf("delete = %v, want nil", err)
	}
	if err := t.tryApply("{apiVersion: unknown.example.com/v1, kind: Nothing, metadata: {name: x, namespace: NS}}"); !kube.IsNotFound(err) {
		t.Errorf("apply = %v, want not found", err)
	}
}

func (t *trial) listsAreSelected() {
	for _, name := range []string{"one", "two", "three"} {
		t.apply(fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, namespace: NS, labels: {has-e: %q}}}", name, fmt.Sprint(strings.Contains(name, "e"))))
	}
	found, err := t.Client.List(t.ctx, t.configMap(""), "has-e=true")
	t.must(err)
	if len(found) != 2 {
		t.Errorf("%d found, want 2", len(found))
	}
}

func (t *trial) absentIsNotFound() {
	if _, err := t.Client.Get(t.ctx, t.configMap("absent")); !kube.IsNotFound(err) {
		t.Errorf("get = %v, want not found", err)
	}
	t.must(t.Client.Delete(t.ctx, t.configMap("absent")))
}

func (t *trial) deleteReturnsWhenGone() {
	t.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: held, namespace: NS, finalizers: [example.com/hold]}}")
	deleted := make(chan error, 1)
	go func() { deleted <- t.Client.Delete(t.ctx, t.configMap("held")) }()
	for t.deletionTimestamp("held") == nil {
		select {
		case err := <-deleted:
			t.Fatalf("delete returned (%v) while a finalizer held the object", err)
		default:
		}
	}
	t.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: held, namespace: NS}}") // lets go
	t.must(<-deleted)
	if _, err := t.Client.Get(t.ctx, t.configMap("held")); !kube.IsNotFound(err) {
		t.Errorf("get = %v, want not found", err)
	}
}

func (t *trial) deletionTimestamp(name string) any {
	t.Helper()
	found, err := t.Client.Get(t.ctx, t.configMap(name))
	t.must(err)
	metadata, _ := found["metadata"].(map[string]any)
	return metadata["deletionTimestamp"]
}

func (t *trial) conditionIsWaitedFor() {
	t.apply(t.definition("conditions.example.com"))
	widget := kube.Ref{APIVersion: "conditions.example.com/v1", Kind: "Widget", Namespace: t.namespace, Name: "slow"}
	manifest := `
apiVersion: conditions.example.com/v1
kind: Widget
metadata: {name: slow, namespace: NS}
status: {conditions: [{type: Ready, status: "%s", reason: Because, message: soon}]}
`
	t.apply(fmt.Sprintf(manifest, "False"))
	var seen []string
	err := t.Client.WaitCondition(t.ctx, widget, "Ready", func(c kube.Condition) {
		seen = append(seen, c.Status+" "+c.Message)
		if c.Status == "False" {
			t.apply(fmt.Sprintf(manifest, "True"))
		}
	})
	t.must(err)
	if got := strings.Join(seen, ", "); got != "False soon, True soon" {
		t.Errorf("progress = %q, want False soon, True soon", got)
	}
}

func (t *trial) waitEndsWithContext() {
	ctx, cancel := context.WithTimeout(t.ctx, 100*time.Millisecond)
	defer cancel()
	_, err := t.Client.WaitPod(ctx, t.namespace, "never", nil)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("wait = %v, want the context's error", err)
	}
}

func (t *trial) missingRuntimeClassIsNamed() {
	err := t.tryApply(`
apiVersion: v1
kind: Pod
metadata: {name: pod, namespace: NS}
spec: {runtimeClassName: no-such-class, automountServiceAccountToken: false, containers: [{name: web, image: web}]}
`)
	if err == nil || !strings.Contains(err.Error(), `RuntimeClass "no-such-class" not found`) {
		t.Errorf("apply = %v, want the runtime class named", err)
	}
}

func (t *trial) annotationsHaveALimit() {
	err := t.tryApply("{apiVersion: v1, kind: ConfigMap, metadata: {name: big, namespace: NS, annotations: {big: " + strings.Repeat("x", 256<<10) + "}}}")
	if err == nil || !strings.Contains(err.Error(), "Too long") {
		t.Errorf("apply = %.200v, want: Too long", err)
	}
}

func (t *trial) namespaceMustExist() {
	err := t.tryApply("{apiVersion: v1, kind: ConfigMap, metadata: {name: lost, namespace: no-such-namespace}}")
	if !kube.IsNotFound(err) {
		t.Errorf("apply = %v, want not found", err)
	}
}
