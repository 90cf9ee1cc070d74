package arm

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cctui/cctui/sandbox/entra"
)

// maxBody bounds a request, in bytes; Resource Manager's own limit is 4 MB.
const maxBody = 4 << 20

// call is one request that passed the gate.
type call struct {
	*http.Request
	principal entra.Principal
	body      []byte
	scope     string // of an extension resource: the resource id it is about
}

// answer is what a handler replies. With an operation it carries the headers to follow it.
type answer struct {
	status    int
	body      any
	operation *operation
}

// handler answers a call; an error that is no *fault is an internal one.
type handler func(*call) (answer, error)

// Handler serves the Resource Manager host.
func (m *Manager) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range m.routes() {
		mux.Handle(r.method+" "+strings.ToLower(r.pattern), m.serve(r))
	}
	mux.Handle("/", m.serve(route{handle: func(c *call) (answer, error) {
		return answer{}, notFound("NotFound", "The sandbox's Resource Manager does not serve %s %s.", c.Method, c.URL.Path)
	}}))
	return lowerCase(mux)
}

// serve is the way of every request: names, gate, handler, answer.
func (m *Manager) serve(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		sent := pathOf(request.Context())
		sent.restore(request, strings.ToLower(r.pattern))
		c := &call{Request: request, scope: sent.scope}
		status, body, op := m.answer(c, r)
		m.write(w, request, status, body, op)
	})
}

// answer runs a route's handler, and encodes what it says while nothing can change it.
func (m *Manager) answer(c *call, r route) (status int, body []byte, op *operation) {
	if err := m.admit(c, r); err != nil {
		return encode(refusal(err))
	}
	if !r.unlocked {
		m.mu.Lock()
		defer m.mu.Unlock()
	}
	a, err := r.handle(c)
	if err != nil {
		a = refusal(err)
	}
	return encode(a)
}

func encode(a answer) (status int, body []byte, op *operation) {
	if a.body == nil {
		return a.status, nil, a.operation
	}
	body, err := json.Marshal(a.body)
	if err != nil {
		return http.StatusInternalServerError, nil, nil
	}
	return a.status, body, a.operation
}

func refusal(err error) answer {
	f := asFault(err)
	return answer{status: f.status, body: f.body()}
}

func asFault(err error) *fault {
	if f := (*fault)(nil); errors.As(err, &f) {
		return f
	}
	return refuse(http.StatusInternalServerError, "InternalServerError", "%s", err)
}

// admit is the gate: who asks, for which version, of which subscription, and with what body. An
// answer that takes its time is waited for here, where nothing is locked.
func (m *Manager) admit(c *call, r route) (err error) {
	if r.public {
		return nil
	}
	if c.principal, err = m.Authenticate(c.Request); err != nil {
		return refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is missing or invalid: %s.", err)
	}
	version := c.URL.Query().Get("api-version")
	if version == "" {
		return badRequest("MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	}
	if date, _, _ := strings.Cut(version, "-preview"); !isDate(date) {
		return badRequest("InvalidApiVersionParameter", "The api-version '%s' is invalid. It has the form yyyy-MM-dd, with -preview after it or not.", version)
	}
	if err := m.ours(c); err != nil {
		return err
	}
	if !m.isOwner(c.principal.ObjectID) {
		return m.unauthorized(c)
	}
	if c.body, err = io.ReadAll(io.LimitReader(c.Body, maxBody)); err != nil || r.takes == "" {
		return err
	}
	return m.Conditions.Take(c.Context(), r.takes)
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// ours refuses other subscriptions, in the path or in an extension resource's scope.
func (m *Manager) ours(c *call) error {
	id := c.PathValue("subscription")
	if rest, ok := strings.CutPrefix(strings.ToLower(c.scope), "/subscriptions/"); ok {
		id, _, _ = strings.Cut(rest, "/")
	}
	if id != "" && !strings.EqualFold(id, m.Subscription) {
		return notFound("SubscriptionNotFound", "The subscription '%s' could not be found.", id)
	}
	return nil
}

// unauthorized names who may not do what, where: tools take oid and action from it.
func (m *Manager) unauthorized(c *call) *fault {
	return refuse(http.StatusForbidden, "AuthorizationFailed",
		"The client '%s' with object id '%s' does not have authorization to perform action '%s %s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
		c.principal.AppID, c.principal.ObjectID, c.Method, c.URL.Path, c.scope+strings.Join(pathOf(c.Context()).segments, "/"))
}

// decode reads the body of a call.
func (c *call) decode(into any) error {
	if err := json.Unmarshal(c.body, into); err != nil {
		return badRequest("InvalidRequestContent", "The request content was invalid and could not be deserialized: '%s'.", err)
	}
	return nil
}

// write adds the headers every answer of Resource Manager has.
func (m *Manager) write(w http.ResponseWriter, r *http.Request, status int, body []byte, op *operation) {
	header := w.Header()
	header.Set("x-ms-request-id", uuid.NewString())
	if id := r.Header.Get("x-ms-client-request-id"); id != "" {
		header.Set("x-ms-client-request-id", id)
	}
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer authorization_uri="`+m.URL("login.localhost")+"/"+m.Tenant+`", error="invalid_token"`)
	}
	if op != nil {
		m.announce(header, op)
	}
	if body != nil {
		header.Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone
}
