package kubernetes

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// column is a column of `kubectl get`; a wide one shows with -o wide.
type column struct {
	name string
	wide bool
	cell func(objects.Object) any
}

// wantsTable tells whether the client wants a table for people.
func wantsTable(r *request) bool {
	return strings.Contains(r.Header.Get("Accept"), "as=Table")
}

// tableOf is the table of objects of one kind.
func tableOf(r *request, found []objects.Object, version string) *metav1.Table {
	columns := columnsOf(r.kind)
	table := &metav1.Table{TypeMeta: metav1.TypeMeta{Kind: "Table", APIVersion: "meta.k8s.io/v1"}, Rows: []metav1.TableRow{}}
	table.ResourceVersion = version
	for _, c := range columns {
		definition := metav1.TableColumnDefinition{Name: c.name, Type: "string"}
		if c.name == "Name" {
			definition.Format = "name"
		}
		if c.wide {
			definition.Priority = 1
		}
		table.ColumnDefinitions = append(table.ColumnDefinitions, definition)
	}
	for _, object := range found {
		row := metav1.TableRow{Object: runtime.RawExtension{Object: rowObject(r, object)}}
		for _, c := range columns {
			row.Cells = append(row.Cells, c.cell(object))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// rowObject is what a row carries of its object.
func rowObject(r *request, object objects.Object) runtime.Object {
	if r.URL.Query().Get("includeObject") == string(metav1.IncludeObject) {
		return object
	}
	partial := newObject(map[string]any{"metadata": object.Object["metadata"]}).DeepCopy()
	partial.SetAPIVersion("meta.k8s.io/v1")
	partial.SetKind("PartialObjectMetadata")
	partial.SetManagedFields(nil)
	return partial
}

func nameOf(o objects.Object) any { return o.GetName() }

func ageOf(o objects.Object) any { return age(o.GetCreationTimestamp().Time) }

func age(since time.Time) string {
	if since.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(time.Since(since))
}

// textAt is a column that shows a field as it is.
func textAt(path string) func(objects.Object) any {
	return func(o objects.Object) any { return orNone(fieldsOf{o}.Get(path)) }
}

func orNone(text string) string {
	if text == "" {
		return "<none>"
	}
	return text
}

// columnsOf are the columns of a kind.
func columnsOf(k *kind) []column {
	name, age := column{name: "Name", cell: nameOf}, column{name: "Age", cell: ageOf}
	columns := []column{name}
	switch k.key() {
	case podsKey:
		columns = append(columns, podColumns()...)
		return columns
	case servicesKey:
		return append(columns, serviceColumns()...)
	case nodesKey:
		return append(columns, nodeColumns()...)
	case deploymentsKey:
		columns = append(columns, deploymentColumns()...)
	case eventsKey:
		return eventColumns()
	case namespacesKey:
		columns = append(columns, column{name: "Status", cell: textAt("status.phase")})
	case runtimeClassesKey:
		columns = append(columns, column{name: "Handler", cell: textAt("handler")})
	case claimsKey:
		columns = append(columns, column{name: "Status", cell: textAt("status.phase")}, column{name: "Volume", cell: textAt("spec.volumeName")})
	case endpointsKey:
		columns = append(columns, column{name: "Endpoints", cell: endpointsCell})
	case configMapsKey, secretsKey:
		columns = append(columns, column{name: "Data", cell: func(o objects.Object) any { return fmt.Sprint(len(dataOf(o))) }})
	}
	if k.custom && k.status {
		columns = append(columns, column{name: "Ready", cell: readyCell})
	}
	return append(columns, age)
}
