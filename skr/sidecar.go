package skr

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

const maxSidecarBytes = 1 << 20

// Sidecar is a client of the SKR sidecar's HTTP interface, which listens inside a pod only.
// Source: microsoft/confidential-sidecar-containers, internal/httpginendpoints.
type Sidecar struct {
	URL  string       // e.g. http://localhost:8080, no trailing slash
	HTTP *http.Client // nil is the default client
}

// Release says which key, from which vault, by which attestation service.
// Hosts are bare: no scheme, no path.
type Release struct {
	AttestationHost string `json:"maa_endpoint"`
	VaultHost       string `json:"akv_endpoint"`
	Key             string `json:"kid"` // name, or name/version; a name is its newest version
	// AccessToken is for the vault; empty: the sidecar signs in with the pod's workload identity.
	AccessToken string `json:"access_token,omitempty"`
}

// Status tells whether the sidecar is ready. The HTTP status says 200 either way.
func (s Sidecar) Status(ctx context.Context) (bool, error) {
	var answer struct {
		Message string `json:"message"`
	}
	if err := s.call(ctx, http.MethodGet, "/status", nil, &answer); err != nil {
		return false, fmt.Errorf("ask the sidecar's status: %w", err)
	}
	return answer.Message == "Status OK", nil
}

// AttestRaw returns an SNP report whose REPORT_DATA is the SHA-256 of the runtime data. Outside
// of a confidential guest the sidecar makes one up, which no verification accepts.
func (s Sidecar) AttestRaw(ctx context.Context, runtimeData []byte) ([]byte, error) {
	request := map[string]string{"runtime_data": base64.StdEncoding.EncodeToString(runtimeData)}
	var answer struct {
		Report string `json:"report"`
	}
	if err := s.call(ctx, http.MethodPost, "/attest/raw", request, &answer); err != nil {
		return nil, fmt.Errorf("have the sidecar attest: %w", err)
	}
	report, err := hex.DecodeString(answer.Report)
	if err != nil {
		return nil, fmt.Errorf("decode the sidecar's report: %w", err)
	}
	return report, nil
}

// AttestMAA returns an attestation token over the runtime data, which must be JSON.
func (s Sidecar) AttestMAA(ctx context.Context, attestationHost string, runtimeData []byte) (Token, error) {
	request := map[string]string{
		"maa_endpoint": attestationHost,
		"runtime_data": base64.StdEncoding.EncodeToString(runtimeData),
	}
	var answer struct {
		Token string `json:"token"`
	}
	if err := s.call(ctx, http.MethodPost, "/attest/maa", request, &answer); err != nil {
		return Token{}, fmt.Errorf("have %s attest: %w", attestationHost, err)
	}
	return ParseToken(answer.Token)
}

// KeyRelease has the sidecar fetch and open a key: a *rsa.PrivateKey, an *ecdsa.PrivateKey or a symmetric []byte.
func (s Sidecar) KeyRelease(ctx context.Context, release Release) (crypto.PrivateKey, error) {
	var answer struct {
		Key string `json:"key"` // a JWK, as a string
	}
	if err := s.call(ctx, http.MethodPost, "/key/release", release, &answer); err != nil {
		return nil, fmt.Errorf("release the key %s: %w", release.Key, err)
	}
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON([]byte(answer.Key)); err != nil {
		// The parser's own words could repeat the key.
		return nil, errors.New("the sidecar's key is not a JSON web key")
	}
	return key.Key, nil
}

// call decodes only the first JSON object of the answer: after an error the sidecar may
// write a second one that looks like success.
func (s Sidecar) call(ctx context.Context, method, path string, body, answer any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := cmp.Or(s.HTTP, http.DefaultClient).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := readBounded(response, maxSidecarBytes)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return parseSidecarFailure(response.StatusCode, data)
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(answer); err != nil {
		return errors.New("the sidecar's answer is not JSON")
	}
	return nil
}

// parseSidecarFailure reads {"error": text}; some paths put plain text or an object there.
func parseSidecarFailure(status int, data []byte) *SidecarError {
	var failure struct {
		Error string `json:"error"`
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&failure); err != nil || failure.Error == "" {
		return ParseSidecarError(status, string(data))
	}
	return ParseSidecarError(status, failure.Error)
}
