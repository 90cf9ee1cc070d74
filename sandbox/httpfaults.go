package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cctui/cctui/sandbox/front"
)

// services are the kinds of hosts whose answers can be spoilt.
var services = []string{"management", "login", "vault", "managedhsm", "attest", "k8s"}

const servicesHelp = "one service: management, login, vault, managedhsm, attest, k8s; else management"

const (
	// stallTime is how long a hanging call hangs, if its client does not give up earlier.
	stallTime = time.Second
	// dribble is the pause before each part of a slow answer.
	dribble = 100 * time.Millisecond
	// breakOff is how much of a truncated answer arrives, in bytes.
	breakOff = 20
)

// httpFault spoils the answers of some services.
type httpFault struct {
	name     string
	services []string  // where its argument does not name one
	spoils   []spoiler // the first tries of each call, one after another; the next one gets through
	// once: a call that got through is never spoilt again. Who cannot try a single call again, but only
	// all that it was part of, would otherwise not get to the end of it.
	once bool
}

// spoiler answers in place of the next handler, or makes something else of its answer.
type spoiler func(w http.ResponseWriter, r *http.Request, next http.Handler)

func httpFaults() []httpFault {
	management := services[:1]
	return []httpFault{
		{name: "throttle", services: []string{"management", "vault", "managedhsm"}, spoils: []spoiler{throttle, throttle}},
		{name: "http-500", services: management, spoils: []spoiler{refuse(http.StatusInternalServerError, "InternalServerError")}},
		{name: "http-503", services: management, spoils: []spoiler{refuse(http.StatusServiceUnavailable, "ServiceUnavailable")}},
		{name: "http-reset", services: management, spoils: []spoiler{reset}},
		{name: "http-stall", services: management, spoils: []spoiler{hang}},
		{name: "http-slow", services: management, spoils: []spoiler{slow}},
		{name: "http-truncated", services: management, spoils: []spoiler{truncate}},
		{name: "http-malformed", services: management, spoils: []spoiler{nonsense("text/html", captivePortal), nonsense("application/json", otherTypes)}, once: true},
	}
}

// spoilt puts the HTTP faults in front of a handler.
func spoilt(next http.Handler, w weather) http.Handler {
	for _, f := range httpFaults() {
		next = f.before(next, w)
	}
	return next
}

// before spoils while the fault is scripted.
func (f httpFault) before(next http.Handler, w weather) http.Handler {
	seen := &tries{fault: f, calls: map[string]int{}}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		argument, on := w.Has(f.name)
		if on && f.strikes(serviceOf(front.HostOf(r)), argument) {
			if spoil, hit := seen.next(r); hit {
				spoil(rw, r, next)
				return
			}
		}
		next.ServeHTTP(rw, r)
	})
}

// strikes tells whether a service is the one that was asked for.
func (f httpFault) strikes(service, argument string) bool {
	return service == argument || argument == "" && slices.Contains(f.services, service)
}

// serviceOf is the kind of a host: its name under localhost, without what comes before.
func serviceOf(host string) string {
	labels := strings.Split(strings.TrimSuffix(host, ".localhost"), ".")
	return labels[len(labels)-1]
}

// tries counts how often each call came: a call that was spoilt often enough gets through, so
// that who tries again always arrives.
type tries struct {
	fault httpFault

	mu    sync.Mutex
	calls map[string]int
}

func (t *tries) next(r *http.Request) (spoil spoiler, hit bool) {
	call := r.Method + " " + front.HostOf(r) + r.URL.Path
	t.mu.Lock()
	defer t.mu.Unlock()
	try := t.calls[call]
	if try < len(t.fault.spoils) {
		t.calls[call]++
		return t.fault.spoils[try], true
	}
	if !t.fault.once {
		delete(t.calls, call)
	}
	return nil, false
}

// throttle asks for a short wait of who can read milliseconds, and a second of everybody else.
func throttle(w http.ResponseWriter, r *http.Request, next http.Handler) {
	w.Header().Set("Retry-After", "1")
	w.Header().Set("retry-after-ms", "20")
	refuse(http.StatusTooManyRequests, "TooManyRequests")(w, r, next)
}

func refuse(status int, code string) spoiler {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{
			"code": code, "message": "The sandbox refuses this call, as its faults ask for.",
		}})
	}
}

// reset ends the connection, or the stream of it, without an answer.
func reset(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }

func hang(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if pause(r, stallTime) {
		refuse(http.StatusGatewayTimeout, "GatewayTimeout")(w, r, next)
	}
}

// pause is false where the client went away meanwhile.
func pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func slow(w http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(&slowWriter{ResponseWriter: w, request: r}, r)
}

// slowWriter pauses before each part. Unwrap keeps flushing and taking over possible.
type slowWriter struct {
	http.ResponseWriter
	request *http.Request
}

func (s *slowWriter) Write(part []byte) (int, error) {
	pause(s.request, dribble)
	return s.ResponseWriter.Write(part)
}

func (s *slowWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func truncate(w http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(&shortWriter{ResponseWriter: w, left: breakOff}, r)
}

// shortWriter breaks the answer off once it has let some bytes through.
type shortWriter struct {
	http.ResponseWriter
	left int
}

func (s *shortWriter) Write(part []byte) (int, error) {
	if len(part) <= s.left {
		s.left -= len(part)
		return s.ResponseWriter.Write(part)
	}
	_, _ = s.ResponseWriter.Write(part[:s.left])
	_ = http.NewResponseController(s.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func (s *shortWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// What stands where an answer should: the page of a hotel's network, and JSON of which nothing has the
// type it should have.
const (
	captivePortal = "<!DOCTYPE html><html><body>Please accept our terms of use.</body></html>"
	otherTypes    = `{"id":7,"name":[],"kind":{},"apiVersion":1,"metadata":"none","items":5,"status":true,"value":{"token":1},` +
		`"properties":"none","token":{},"access_token":7,"key":"none","keys":3,"issuer":[],"jwks_uri":2,"gitVersion":{},"resources":0,"kubeconfigs":"none"}`
)

// nonsense answers 200, though nothing was done.
func nonsense(contentType, body string) spoiler {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write([]byte(body))
	}
}
