// Package attestation is the sandbox's Azure Attestation: it verifies an SEV-SNP report down to AMD's
// root, and states what it found in a signed token. It is as strict as the real service, but for the guest image's own
// endorsement, which only Microsoft can sign: every guest of the sandbox counts as compliant.
// It knows nothing of vaults, and asks nobody to sign in.
package attestation

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/cctui/cctui/sandbox/front"
)

// Options are what the service is made of.
type Options struct {
	// Known tells whether a host is an attestation provider. Hosts come without a port.
	Known func(host string) bool
	// URL is a host's https URL, with port, without a trailing slash: the issuer of its tokens.
	URL func(host string) string
	// Roots are AMD's ASK and ARK in PEM, by which reports are verified.
	Roots func() ([]byte, error)
	// ComplianceStatus is what guests are attested as, e.g. azure-signed-katacc-uvm.
	ComplianceStatus string
	// Now is the clock; nil is the real one.
	Now func() time.Time
}

// Service serves every attestation provider of the sandbox, with one signing key for all.
type Service struct {
	Options
	signer *signer
}

// New begins to make the signing key in the background, and returns at once.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{Options: o, signer: newSigner()}
}

// apiVersions are those of the attest operation that clients are known to use.
var apiVersions = []string{"2020-10-01", "2022-08-01", "2025-06-01"}

// Handler serves the providers' hosts.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", s.configuration)
	mux.HandleFunc("GET /certs", s.certificates)
	mux.HandleFunc("POST /attest/{tee}", s.attest)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.Known(front.HostOf(r)) {
			fail(w, http.StatusNotFound, "NotFound", "There is no attestation provider "+front.HostOf(r)+".")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (s *Service) issuer(r *http.Request) string { return s.URL(front.HostOf(r)) }

func (s *Service) configuration(w http.ResponseWriter, r *http.Request) {
	issuer := s.issuer(r)
	answer(w, http.StatusOK, map[string]any{
		"issuer":                                issuer,
		"jwks_uri":                              issuer + "/certs",
		"response_types_supported":              []string{"token", "none"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (s *Service) certificates(w http.ResponseWriter, r *http.Request) {
	keys, err := s.signer.jwks(s.issuer(r), s.Now())
	if err != nil {
		fail(w, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	answer(w, http.StatusOK, keys)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone
}

// fail answers as Azure Attestation does.
func fail(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}
