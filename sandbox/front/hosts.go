package front

import (
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Handle serves a host: "management.localhost", or "*.vault.localhost" for any name of one or
// more labels under vault.localhost. The most specific pattern wins; a second call for the
// same pattern replaces the first.
func (f *Front) Handle(pattern string, h http.Handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hosts[pattern] = h
}

// Remove stops serving a pattern.
func (f *Front) Remove(pattern string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.hosts, pattern)
}

// Use puts a middleware around everything that is served; the last one is the outermost.
func (f *Front) Use(middleware func(http.Handler) http.Handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handler = middleware(f.handler)
}

// HostOf is the name a request is for, without port, in lower case. The TLS server name comes
// first, so that a client which dials 127.0.0.1 can still say whom it means.
func HostOf(r *http.Request) string {
	if r.TLS != nil && r.TLS.ServerName != "" {
		return strings.ToLower(r.TLS.ServerName)
	}
	return strings.ToLower(hostname(r.Host))
}

func hostname(hostport string) string {
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		return name
	}
	return hostport
}

// ServeHTTP counts the request, so that Close can wait for it, and hands it on.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.RLock()
	handler, closed := f.handler, f.closed
	if !closed {
		f.requests.Add(1)
	}
	f.mu.RUnlock()
	if closed {
		return
	}
	defer f.requests.Done()
	handler.ServeHTTP(w, r)
}

// route refuses what a web page made a browser send: from a page of elsewhere, or to a name of
// elsewhere that was made to lead here.
func (f *Front) route(w http.ResponseWriter, r *http.Request) {
	if !loopbackName(hostname(r.Host)) {
		refuse(w, http.StatusMisdirectedRequest, "HostNotServed", "The cctui sandbox answers to names under localhost alone.")
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && !f.own(origin) {
		refuse(w, http.StatusForbidden, "OriginNotAllowed", "The cctui sandbox answers no request from a web page of elsewhere.")
		return
	}
	if h, ok := f.lookup(HostOf(r)); ok {
		h.ServeHTTP(w, r)
		return
	}
	f.unknownHost(w, HostOf(r))
}

// own tells whether a page's origin is the sandbox itself.
func (f *Front) own(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Scheme == "https" && loopbackName(u.Hostname()) && u.Port() == strconv.Itoa(f.port)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": code, "message": message}})
}

func (f *Front) lookup(host string) (http.Handler, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if h, ok := f.hosts[host]; ok {
		return h, true
	}
	for _, rest, found := strings.Cut(host, "."); found; _, rest, found = strings.Cut(rest, ".") {
		if h, ok := f.hosts["*."+rest]; ok {
			return h, true
		}
	}
	return nil, false
}

func (f *Front) unknownHost(w http.ResponseWriter, host string) {
	f.mu.RLock()
	known := slices.Sorted(maps.Keys(f.hosts))
	f.mu.RUnlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"code":    "HostNotFound",
		"message": "The cctui sandbox serves no host " + host + ". Use one of the hosts below, by TLS server name or Host header.",
		"hosts":   known,
	}})
}
