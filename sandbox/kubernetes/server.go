package kubernetes

import (
	"errors"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// bodyLimit bounds what a request may send, in bytes, as etcd's limit does.
const bodyLimit = 3 << 20

// ServeHTTP is the API server.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := c.serve(w, r); err != nil {
		writeError(w, err)
	}
}

func (c *Cluster) serve(w http.ResponseWriter, r *http.Request) error {
	sender, err := c.sender(r)
	if err != nil {
		return err
	}
	parsed, ok := parse(r)
	if !ok {
		return c.serveMeta(w, r)
	}
	parsed.user = sender
	if isReview(parsed) {
		return c.review(w, parsed)
	}
	if err := c.authorize(parsed); err != nil {
		return err
	}
	parsed.kind = c.kinds.find(parsed.group, parsed.version, parsed.resource)
	if parsed.kind == nil {
		return noSuchPath()
	}
	r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
	if parsed.subresource != "" && parsed.subresource != "status" {
		return c.serveSubresource(w, parsed)
	}
	return c.serveResource(w, parsed)
}

func (c *Cluster) serveResource(w http.ResponseWriter, r *request) error {
	if r.subresource == "status" && !r.kind.status {
		return noSuchPath()
	}
	switch r.verb() {
	case "get":
		return c.get(w, r)
	case "list":
		return c.list(w, r)
	case "watch":
		return c.watch(w, r)
	case "create":
		return c.create(w, r)
	case "update":
		return c.update(w, r)
	case "patch":
		return c.patch(w, r)
	case "delete":
		return c.delete(w, r)
	case "deletecollection":
		return c.deleteCollection(w, r)
	default:
		return apierrors.NewMethodNotSupported(r.groupResource(), r.Method)
	}
}

// serveSubresource serves what is not an object of its own.
func (c *Cluster) serveSubresource(w http.ResponseWriter, r *request) error {
	switch r.resourcePath() {
	case "pods/log":
		return c.podLog(w, r)
	case "pods/portforward":
		return c.portForward(w, r)
	case "pods/exec", "pods/attach":
		return c.exec(r)
	case "pods/proxy", "services/proxy":
		return c.proxy(w, r)
	case "serviceaccounts/token":
		return c.requestToken(w, r)
	default:
		return noSuchPath()
	}
}

// noSuchPath has no details: clients tell by that a missing kind from a missing object.
func noSuchPath() error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound,
		Message: "the server could not find the requested resource", Details: &metav1.StatusDetails{},
	}}
}

// writeError answers with a Status object, as every failure of the API server is one.
func writeError(w http.ResponseWriter, err error) {
	var known apierrors.APIStatus
	if !errors.As(err, &known) {
		known = apierrors.NewInternalError(err)
	}
	status := known.Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	writeJSON(w, int(status.Code), status)
}
