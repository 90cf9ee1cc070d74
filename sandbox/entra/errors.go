package entra

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// refusal is an OAuth error with Entra's own code.
// Source: learn.microsoft.com, Microsoft Entra authentication and authorization error codes.
type refusal struct {
	status int
	kind   string // OAuth 2.0 error
	code   int    // AADSTS number
	text   string // with the verbs for with
}

func (e refusal) Error() string { return fmt.Sprintf("AADSTS%d: %s", e.code, e.text) }

// with fills in what the refusal is about.
func (e refusal) with(args ...any) *refusal {
	e.text = fmt.Sprintf(e.text, args...)
	return &e
}

const checkFederation = " Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"

// What can go wrong, in the order a token request meets it.
var (
	errEndpoint    = refusal{http.StatusNotFound, "invalid_request", 900561, "The endpoint %s is not served here."}
	errTenant      = refusal{http.StatusBadRequest, "invalid_request", 90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."}
	errForm        = refusal{http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: '%s'."}
	errGrant       = refusal{http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'."}
	errApplication = refusal{http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '%s' was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant."}
	errResource    = refusal{http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named %s was not found in the tenant. This can happen if the application has not been installed by the administrator of the tenant."}
	errSecret      = refusal{http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'."}
	errNoProof     = refusal{http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}

	errAssertion   = refusal{http.StatusUnauthorized, "invalid_client", 50027, "JWT token is invalid or malformed."}
	errNoneMatches = refusal{http.StatusUnauthorized, "invalid_client", 70021, "No matching federated identity record found for presented assertion. Assertion Issuer: '%s'. Assertion Subject: '%s'. Assertion Audience: '%s'." + checkFederation}
	errIssuer      = refusal{http.StatusUnauthorized, "invalid_client", 700211, "No matching federated identity record found for presented assertion issuer '%s'." + checkFederation}
	errAudience    = refusal{http.StatusUnauthorized, "invalid_client", 700212, "No matching federated identity record found for presented assertion audience '%s'." + checkFederation}
	errSubject     = refusal{http.StatusUnauthorized, "invalid_client", 700213, "No matching federated identity record found for presented assertion subject '%s'." + checkFederation}
	errSubjectCase = refusal{http.StatusUnauthorized, "invalid_client", 7002138, "No matching federated identity record found for presented assertion subject '%s'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison." + checkFederation}
	errDiscovery   = refusal{http.StatusBadRequest, "invalid_request", 90061, "Request to External OIDC endpoint failed: %s"}
	errSignature   = refusal{http.StatusUnauthorized, "invalid_client", 700027, "Client assertion failed signature validation."}
	errExpired     = refusal{http.StatusUnauthorized, "invalid_client", 700024, "Client assertion is not within its valid time range. Current time: %s, assertion valid from %s, expiry time of assertion %s."}

	errPending    = refusal{http.StatusBadRequest, "authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling."}
	errDeviceCode = refusal{http.StatusBadRequest, "expired_token", 70019, "The verification code expired or was already used."}
	errRefresh    = refusal{http.StatusBadRequest, "invalid_grant", 9002313, "Invalid request. The refresh token is malformed or was not issued here."}
)

// refuse answers with the body every Entra endpoint refuses with.
func refuse(w http.ResponseWriter, r *http.Request, e *refusal) {
	correlation := r.Header.Get("client-request-id")
	if uuid.Validate(correlation) != nil {
		correlation = uuid.NewString()
	}
	trace, at := uuid.NewString(), time.Now().UTC().Format("2006-01-02 15:04:05Z")
	writeJSON(w, e.status, map[string]any{
		"error": e.kind,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			e.code, e.text, trace, correlation, at),
		"error_codes":    []int{e.code},
		"timestamp":      at,
		"trace_id":       trace,
		"correlation_id": correlation,
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone
}
