package images

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/cctui/cctui/skr"
)

// releaseRequest is the body of POST /key/release.
type releaseRequest struct {
	AttestationHost string `json:"maa_endpoint"`
	VaultHost       string `json:"akv_endpoint"`
	Key             string `json:"kid"` // name or name/version
	AccessToken     string `json:"access_token"`
}

// release attests, signs in, has the vault release the key and opens it: a JWK.
func (s *sidecar) release(ctx context.Context, r releaseRequest) (string, error) {
	s.log.info("Performing secure key release...")
	wrapping, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", fmt.Errorf("rsa key pair generation failed: %w", err)
	}
	runtimeData, err := keySet(&wrapping.PublicKey)
	if err != nil {
		return "", fmt.Errorf("generating key blob failed: %w", err)
	}
	s.log.info("Attesting...")
	token, err := s.attest(ctx, r.AttestationHost, runtimeData)
	if err != nil {
		return "", fmt.Errorf("attestation failed: %w", err)
	}
	if r.AccessToken == "" {
		if r.AccessToken, err = s.accessToken(ctx, r.VaultHost); err != nil {
			return "", err
		}
	}
	s.log.info("Releasing key %s...", r.Key)
	released, key, err := s.fetchKey(ctx, r, token, wrapping)
	if err != nil {
		s.log.debug("releasing the key %s failed. err: %v", r.Key, err)
		return "", fmt.Errorf("releasing the key %s failed: %w", r.Key, err)
	}
	s.log.debug("Successfully released key with type: %s", released.Type)
	return encodeKey(key, released.Operations)
}

// keySet is the JWKS with the public half of the wrapping key: the vault encrypts to it.
func keySet(public *rsa.PublicKey) ([]byte, error) {
	key := jose.JSONWebKey{Key: public}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	encoded, err := withOperations(key, []string{"encrypt"})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"keys": []json.RawMessage{encoded}})
}

// encodeKey is the released key as a JWK.
func encodeKey(key crypto.PrivateKey, operations []string) (string, error) {
	encoded, err := withOperations(jose.JSONWebKey{Key: key}, operations)
	if err != nil {
		return "", errors.New("could not encode key as JWK")
	}
	return string(encoded), nil
}

// withOperations adds key_ops, which go-jose does not know.
func withOperations(key jose.JSONWebKey, operations []string) (json.RawMessage, error) {
	encoded, err := key.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(encoded, &fields); err != nil {
		return nil, err
	}
	if len(operations) > 0 {
		fields["key_ops"] = operations
	}
	return json.Marshal(fields)
}

// fetchKey has the vault release a key, and opens it.
func (s *sidecar) fetchKey(ctx context.Context, r releaseRequest, token string, wrapping *rsa.PrivateKey) (skr.ReleasedKey, crypto.PrivateKey, error) {
	body, err := json.Marshal(map[string]string{"target": token})
	if err != nil {
		return skr.ReleasedKey{}, nil, err
	}
	endpoint := fmt.Sprintf("https://%s/keys/%s/release?api-version=7.4", r.VaultHost, r.Key)
	answer, err := s.post(ctx, endpoint, r.AccessToken, body)
	if err != nil {
		return skr.ReleasedKey{}, nil, named("AKV post request failed", "pulling AKV response body failed", err)
	}
	var response struct {
		Value string `json:"value"`
	}
	if err := json.Unmarshal(answer, &response); err != nil {
		return skr.ReleasedKey{}, nil, errors.New("unmarshalling http response to releasekey response failed")
	}
	released, err := skr.OpenReleased(response.Value, r.VaultHost, s.roots)
	if err != nil {
		return skr.ReleasedKey{}, nil, err
	}
	key, err := released.Unwrap(wrapping)
	if err != nil {
		return skr.ReleasedKey{}, nil, fmt.Errorf("aes key unwrap failed: %w", err)
	}
	return released, key, nil
}

const signInTimeout = 7 * time.Second

// accessToken is for the vault's domain: by workload identity where the pod has one, else by the
// machine's managed identity.
func (s *sidecar) accessToken(ctx context.Context, vaultHost string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, signInTimeout)
	defer cancel()
	resource := vaultResource(vaultHost)
	s.log.info("Requesting token from %s", url.QueryEscape(resource))
	s.log.info("Retrieving Azure authentication token...")
	env := s.container.Env
	if env["AZURE_CLIENT_ID"] == "" || env["AZURE_TENANT_ID"] == "" || env["AZURE_FEDERATED_TOKEN_FILE"] == "" {
		token, err := s.managedIdentity(ctx, resource)
		if err != nil {
			return "", fmt.Errorf("retrieving authentication token failed: %w", err)
		}
		return token, nil
	}
	s.log.info("Requesting token for using workload identity.")
	token, err := s.workloadIdentity(ctx, resource)
	if err != nil {
		return "", fmt.Errorf("retrieving authentication token using workload identity failed: %w", err)
	}
	return token, nil
}

// vaultResource is the vault's host without its own name and port: https://vault.azure.net for
// Azure's vaults.
func vaultResource(vaultHost string) string {
	if name, _, err := net.SplitHostPort(vaultHost); err == nil {
		vaultHost = name
	}
	_, domain, _ := strings.Cut(vaultHost, ".")
	return "https://" + domain
}

// workloadIdentity exchanges the service account's token. The real sidecar knows Azure's public
// cloud only; this one signs in where the webhook says.
func (s *sidecar) workloadIdentity(ctx context.Context, resource string) (string, error) {
	env := s.container.Env
	assertion, err := s.container.ReadFile(env["AZURE_FEDERATED_TOKEN_FILE"])
	if err != nil {
		return "", fmt.Errorf("failed to acquire access token: %w", err)
	}
	authority := strings.TrimSuffix(s.container.Getenv("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/"), "/")
	endpoint := authority + "/" + env["AZURE_TENANT_ID"] + "/oauth2/v2.0/token"
	form := url.Values{
		"client_id":             {env["AZURE_CLIENT_ID"]},
		"scope":                 {resource + "/.default"},
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {string(assertion)},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("failed to acquire access token: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, err := s.do(request)
	if refused := (*statusError)(nil); errors.As(err, &refused) {
		return "", fmt.Errorf("failed to acquire access token: http call(%s)(POST) error: reply status code was %d:\n%s", endpoint, refused.code, refused.body)
	}
	if err != nil {
		return "", fmt.Errorf("failed to acquire access token: %w", err)
	}
	return tokenOf(body)
}

func (s *sidecar) managedIdentity(ctx context.Context, resource string) (string, error) {
	query := "api-version=2018-02-01&resource=" + url.QueryEscape(resource)
	if id := s.options.azure.Identity.ClientID; id != "" {
		query += "&client_id=" + url.QueryEscape(id)
	}
	endpoint := "http://169.254.169.254/metadata/identity/oauth2/token?" + query
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Metadata", "true")
	body, err := s.do(request)
	if err != nil {
		return "", named("http get authentication token failed for "+endpoint, "pulling http get authentication token response failed", err)
	}
	return tokenOf(body)
}

func tokenOf(body []byte) (string, error) {
	var response struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &response); err != nil || response.AccessToken == "" {
		return "", errors.New("unmarshalling authentication token response failed")
	}
	return response.AccessToken, nil
}

// statusError is an answer that is not 2xx, in the sidecar's words.
type statusError struct {
	code         int
	status, body string
}

func (e *statusError) Error() string {
	return e.body + ": http response status equal to " + e.status
}

// named tells an answer that says no apart from no answer.
func named(unanswered, refused string, err error) error {
	if status := (*statusError)(nil); errors.As(err, &status) {
		return fmt.Errorf("%s: %w", refused, err)
	}
	return fmt.Errorf("%s: %w", unanswered, err)
}

func (s *sidecar) post(ctx context.Context, endpoint, bearer string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	return s.do(request)
}

const maxAnswer = 1 << 20

// do returns the body of a 2xx answer; any other is a *statusError.
func (s *sidecar) do(request *http.Request) ([]byte, error) {
	response, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("HTTP GET failed: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if response.StatusCode < 200 || response.StatusCode > 207 {
		return nil, &statusError{response.StatusCode, response.Status, string(body)}
	}
	return body, nil
}
