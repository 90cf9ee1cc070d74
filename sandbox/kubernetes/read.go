package kubernetes

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

func newObject(fields map[string]any) objects.Object {
	return &unstructured.Unstructured{Object: fields}
}

func (c *Cluster) get(w http.ResponseWriter, r *request) error {
	found := c.store.Get(r.kind.key(), r.namespace, r.name)
	if found == nil {
		return r.notFound()
	}
	c.respond(w, r, http.StatusOK, found)
	return nil
}

// respond answers with an object, as a table where the client wants one.
func (c *Cluster) respond(w http.ResponseWriter, r *request, status int, object objects.Object) {
	if wantsTable(r) {
		writeJSON(w, status, tableOf(r, []objects.Object{object}, object.GetResourceVersion()))
		return
	}
	writeJSON(w, status, r.inVersion(object))
}

// inVersion is the object in the version asked for. All versions of a kind have the same fields.
func (r *request) inVersion(object objects.Object) objects.Object {
	if object.GetAPIVersion() == r.gvk().GroupVersion().String() {
		return object
	}
	converted := object.DeepCopy()
	converted.SetGroupVersionKind(r.gvk())
	return converted
}

func (c *Cluster) list(w http.ResponseWriter, r *request) error {
	selected, err := selectorOf(r)
	if err != nil {
		return err
	}
	all, revision := c.store.List(r.kind.key(), r.namespace)
	found := slices.DeleteFunc(all, func(o objects.Object) bool { return !selected(o) })
	version := strconv.FormatUint(revision, 10)
	if wantsTable(r) {
		writeJSON(w, http.StatusOK, tableOf(r, found, version))
		return nil
	}
	items := make([]any, len(found))
	for i, object := range found {
		items[i] = r.inVersion(object).Object
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"kind": r.kind.name + "List", "apiVersion": r.gvk().GroupVersion().String(),
		"metadata": map[string]any{"resourceVersion": version},
		"items":    items,
	})
	return nil
}

// selectable are the fields by which the API server selects, beside metadata.
func selectable(key objects.Kind) []string {
	switch key {
	case podsKey:
		return []string{"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase", "status.podIP"}
	case eventsKey:
		return []string{
			"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
			"involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
			"reason", "reportingComponent", "source", "type",
		}
	case servicesKey:
		return []string{"spec.clusterIP", "spec.type"}
	case namespacesKey:
		return []string{"status.phase"}
	case nodesKey:
		return []string{"spec.unschedulable"}
	case secretsKey:
		return []string{"type"}
	default:
		return nil
	}
}

// selectorOf is what a list or watch is limited to.
func selectorOf(r *request) (func(objects.Object) bool, error) {
	query := r.URL.Query()
	byLabel, err := labels.Parse(query.Get("labelSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	byField, err := fields.ParseSelector(query.Get("fieldSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	known := append([]string{"metadata.name", "metadata.namespace"}, selectable(r.kind.key())...)
	for _, requirement := range byField.Requirements() {
		if !slices.Contains(known, requirement.Field) {
			return nil, apierrors.NewBadRequest("field label not supported: " + requirement.Field)
		}
	}
	return func(o objects.Object) bool {
		return byLabel.Matches(labels.Set(o.GetLabels())) && byField.Matches(fieldsOf{o})
	}, nil
}

// fieldsOf looks up an object's fields by their path.
type fieldsOf struct{ object objects.Object }

func (f fieldsOf) Has(path string) bool { return f.Get(path) != "" }

func (f fieldsOf) Get(path string) string {
	value, _, _ := unstructured.NestedString(f.object.Object, strings.Split(path, ".")...)
	return value
}
