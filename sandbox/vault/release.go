package vault

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"net/http"
	"slices"

	"github.com/cctui/cctui/skr"
)

// The two refusals of a release. The real service says no more: details would help whoever probes it.
const (
	notVerified = "Target environment attestation statement cannot be verified."
	notMet      = "Target environment attestation does not meet key release policy requirements."
)

// releaseRequest is the body of release. Its nonce is left aside: no client here sends one.
// Source: Key Vault REST API, KeyReleaseParameters.
type releaseRequest struct {
	Target    string `json:"target"` // attestation token
	Algorithm string `json:"enc"`
}

// release lets a key go to where the attestation token came from, wrapped for the key the token carries.
func (s *Service) release(c *call) (any, error) {
	var request releaseRequest
	if err := decodeBody(c, &request); err != nil {
		return nil, err
	}
	algorithm := cmp.Or(request.Algorithm, skr.WrapCKM)
	if !slices.Contains([]string{skr.WrapCKM, skr.Wrap256, skr.Wrap384}, algorithm) {
		return nil, badParameter("The key encryption algorithm " + algorithm + " is not supported.")
	}
	if err := s.rotateStale(c); err != nil {
		return nil, err
	}
	key, private, err := s.releasable(c)
	if err != nil {
		return nil, err
	}
	to, err := s.attested(c.Request.Context(), request.Target, key.Policy)
	if err != nil {
		return nil, err
	}
	key.APIVersion, key.Algorithm = c.APIVersion, algorithm
	envelope, err := s.seal(c, key, private, to)
	if err != nil {
		return nil, err
	}
	return map[string]string{"value": envelope}, nil
}

// releasable takes a copy of what is needed, so that the store is not locked while the attestation service is asked.
func (s *Service) releasable(c *call) (released skr.ReleasedKey, private *rsa.PrivateKey, err error) {
	_, err = c.store.with(c, func(k *key, v *version) (any, error) {
		switch {
		case !k.exportable || k.policy == nil:
			return nil, badParameter("The key is not exportable, and cannot be released.")
		case !v.enabled:
			return nil, &failure{http.StatusForbidden, "Forbidden", "KeyDisabled", "Operation release is not allowed on a disabled key."}
		}
		private = v.private
		released = skr.ReleasedKey{
			ID:         c.URL + "/keys/" + k.name + "/" + v.id,
			Type:       k.kty,
			Operations: slices.Clone(v.operations),
			Policy:     k.policy.raw,
		}
		return nil, nil
	})
	return released, private, err
}

// attested checks the token against its issuer and the policy. Who is not named by the policy is not even asked.
func (s *Service) attested(ctx context.Context, target string, rawPolicy []byte) (*rsa.PublicKey, error) {
	policy, err := skr.ParseReleasePolicy(rawPolicy)
	if err != nil {
		return nil, err
	}
	token, err := skr.ParseToken(target)
	if err != nil {
		return nil, failed(http.StatusForbidden, "Forbidden", notVerified)
	}
	issuer := token.Issuer()
	named := func(a skr.Authority) bool { return a.Trusts(issuer) }
	if !slices.ContainsFunc(policy.AnyOf, named) {
		return nil, failed(http.StatusForbidden, "Forbidden", notMet)
	}
	if err := (skr.Attester{HTTP: s.Trust, Now: s.Now}).Verify(ctx, token, issuer); err != nil {
		return nil, notBelieved(issuer, err)
	}
	if !policy.Explain(issuer, token.Claims).Released {
		return nil, failed(http.StatusForbidden, "Forbidden", notMet)
	}
	to, err := skr.ReleaseTarget(token.Claims)
	if err != nil {
		return nil, failed(http.StatusForbidden, "Forbidden", notVerified)
	}
	return to, nil
}

// notBelieved tells a refused token from an attestation service that does not answer. Of the latter the
// real service's words are not known, so they carry no code.
func notBelieved(issuer string, err error) *failure {
	if refusal := skr.Refusal(""); errors.As(err, &refusal) {
		return failed(http.StatusForbidden, "Forbidden", notVerified)
	}
	return badParameter("The specified attestation service " + issuer + " cannot be reached.")
}

// seal wraps the private key for the guest, and signs the answer as the vault of that host.
func (s *Service) seal(c *call, key skr.ReleasedKey, private *rsa.PrivateKey, to *rsa.PublicKey) (string, error) {
	material, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", err
	}
	defer clear(material)
	if key.Wrapped, err = skr.Wrap(key.Algorithm, to, material); err != nil {
		return "", err
	}
	certificate, err := s.Certificate(c.Host)
	if err != nil {
		return "", err
	}
	return key.Seal(certificate)
}
