package kubernetes

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/cctui/cctui/sandbox/front"
)

// issuerHost is where the clusters' token issuers are found.
const issuerHost = "oic.localhost"

// Issuers serves the metadata by which others verify service account tokens. The clusters of a
// sandbox share its host, each at a path of its own.
type Issuers struct {
	base string
	mu   sync.RWMutex
	all  map[string]*signer // by path, which begins and ends with a slash
}

// NewIssuers serves issuers at their host of the front.
func NewIssuers(f *front.Front) *Issuers {
	i := &Issuers{base: f.URL(issuerHost), all: map[string]*signer{}}
	f.Handle(issuerHost, i)
	return i
}

func (i *Issuers) add(s *signer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.all[pathOf(s.issuer)] = s
}

func (i *Issuers) remove(s *signer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.all, pathOf(s.issuer))
}

// pathOf is what tells issuers of one host apart.
func pathOf(issuer string) string {
	parsed, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	return parsed.Path
}

// ServeHTTP answers for an issuer's discovery document and its keys. They are public, as AKS's are.
func (i *Issuers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, isConfiguration := strings.CutSuffix(r.URL.Path, ".well-known/openid-configuration")
	path, isKeys := strings.CutSuffix(path, "openid/v1/jwks")
	i.mu.RLock()
	s := i.all[path]
	i.mu.RUnlock()
	switch {
	case s == nil || r.Method != http.MethodGet:
		http.NotFound(w, r)
	case isConfiguration:
		writeJSON(w, http.StatusOK, map[string]any{
			"issuer":                                s.issuer,
			"jwks_uri":                              s.issuer + "openid/v1/jwks",
			"response_types_supported":              []string{"id_token"},
			"subject_types_supported":               []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	case isKeys:
		writeJSON(w, http.StatusOK, s.keySet())
	default:
		http.NotFound(w, r)
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
}
