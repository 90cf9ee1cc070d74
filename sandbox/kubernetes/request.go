package kubernetes

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// request is a request for a resource.
type request struct {
	*http.Request
	user            user
	group, version  string
	resource        string
	namespace, name string
	subresource     string
	path            string // behind the subresource, with its slash; of a proxy
	kind            *kind  // nil until it is known to be served
}

// parse reads /api/v1/… and /apis/<group>/<version>/…; false: it is no resource's path.
//
//	[namespaces/<namespace>/]<resource>[/<name>[/<subresource>[/<path>]]]
func parse(r *http.Request) (*request, bool) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	parsed := &request{Request: r}
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parsed.version, parts = parts[1], parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		parsed.group, parsed.version, parts = parts[1], parts[2], parts[3:]
	default:
		return nil, false
	}
	if parts[0] == "namespaces" && len(parts) > 2 && !slices.Contains([]string{"status", "finalize"}, parts[2]) {
		parsed.namespace, parts = parts[1], parts[2:]
	}
	for i, field := range []*string{&parsed.resource, &parsed.name, &parsed.subresource} {
		if i < len(parts) {
			*field = parts[i]
		}
	}
	if len(parts) > 3 {
		parsed.path = "/" + strings.Join(parts[3:], "/")
	}
	return parsed, parsed.resource != ""
}

// verb is what the request does, in the words of RBAC.
func (r *request) verb() string {
	switch {
	case r.Method == http.MethodGet && r.watches():
		return "watch"
	case r.Method == http.MethodGet && r.name == "":
		return "list"
	case r.Method == http.MethodDelete && r.name == "":
		return "deletecollection"
	}
	return map[string]string{
		http.MethodGet: "get", http.MethodHead: "get", http.MethodPost: "create", http.MethodPut: "update",
		http.MethodPatch: "patch", http.MethodDelete: "delete",
	}[r.Method]
}

// watches tells a watch from a list.
func (r *request) watches() bool {
	watch := r.URL.Query().Get("watch")
	return r.name == "" && (watch == "true" || watch == "1")
}

func (r *request) resourcePath() string {
	if r.subresource == "" {
		return r.resource
	}
	return r.resource + "/" + r.subresource
}

func (r *request) groupResource() schema.GroupResource {
	return schema.GroupResource{Group: r.group, Resource: r.resource}
}

func (r *request) gvk() schema.GroupVersionKind { return r.kind.gvk(r.version) }

func (r *request) notFound() error { return apierrors.NewNotFound(r.groupResource(), r.name) }

// forbidden words a refusal as the API server's RBAC authorizer does.
func (r *request) forbidden() error {
	where := "at the cluster scope"
	if r.namespace != "" {
		where = fmt.Sprintf("in the namespace %q", r.namespace)
	}
	return apierrors.NewForbidden(r.groupResource(), r.name, fmt.Errorf("User %q cannot %s resource %q in API group %q %s",
		r.user.name, r.verb(), r.resourcePath(), r.group, where))
}

// dryRun tells whether everything is to be done but the last: storing it.
func (r *request) dryRun() bool { return r.URL.Query().Get("dryRun") == "All" }

// manager is the name under which the sender owns the fields it writes.
func (r *request) manager() string {
	if manager := r.URL.Query().Get("fieldManager"); manager != "" {
		return manager
	}
	product, _, _ := strings.Cut(r.UserAgent(), "/")
	return product
}
