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
	services []string // where its argument does not name one
	tries    int      // of each call that are spoilt before one gets through
	spoil    func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

func httpFaults() []httpFault {
	return []httpFault{
		{"throttle", []string{"management", "vault", "managedhsm"}, 2, throttle},
		{"http-500", services[:1], 1, refuse(http.StatusInternalServerError, "InternalServerError")},
		{"http-503", services[:1], 1, refuse(http.StatusServiceUnavailable, "ServiceUnavailable")},
		{"http-reset", services[:1], 1, reset},
		{"http-stall", services[:1], 1, hang},
		{"http-slow", services[:1], 1, slow},
		{"http-truncated", services[:1], 1, truncate},
	}
}

// spoilt puts the scripted HTTP faults in front of a handler.
func spoilt(next http.Handler, w weather) http.Handler {
	for _, f := range httpFaults() {
		argument, on := w.Has(f.name)
		if !on {
			continue
		}
		if argument != "" {
			f.services = []string{argument}
		}
		next = f.before(next)
	}
	return next
}

func (f httpFault) before(next http.Handler) http.Handler {
	seen := &tries{limit: f.tries, calls: map[string]int{}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(f.services, serviceOf(front.HostOf(r))) && seen.hit(r) {
			f.spoil(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serviceOf is the kind of a host: its name under localhost, without what comes before.
func serviceOf(host string) string {
	labels := strings.Split(strings.TrimSuffix(host, ".localhost"), ".")
	return labels[len(labels)-1]
}

// tries counts how often each call came: a call that was spoilt often enough gets through, so
// that who tries again always arrives.
type tries struct {
	limit int

	mu    sync.Mutex
	calls map[string]int
}

func (t *tries) hit(r *http.Request) bool {
	call := r.Method + " " + front.HostOf(r) + r.URL.Path
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls[call] < t.limit {
		t.calls[call]++
		return true
	}
	delete(t.calls, call)
	return false
}

// throttle asks for a short wait of who can read milliseconds, and a second of everybody else.
func throttle(w http.ResponseWriter, r *http.Request, next http.Handler) {
	w.Header().Set("Retry-After", "1")
	w.Header().Set("retry-after-ms", "20")
	refuse(http.StatusTooManyRequests, "TooManyRequests")(w, r, next)
}

func refuse(status int, code string) func(http.ResponseWriter, *http.Request, http.Handler) {
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
