package kubernetes

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// tokenLifetime is what a token has when nothing else is asked for.
const tokenLifetime = time.Hour

// podTokenLifetime is that of the token in a pod's kubeconfig, which is not renewed.
const podTokenLifetime = 365 * 24 * time.Hour

// accountPrefix is what the user names of service accounts begin with.
const accountPrefix = "system:serviceaccount:"

// signer signs service account tokens, as the API server with an OIDC issuer does.
type signer struct {
	issuer string // its trailing slash is part of it
	key    *rsa.PrivateKey
	id     string
}

// newSigner names its key by the key's hash, as the API server does.
func newSigner(issuer string) (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make the issuer's key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("make the issuer's key: %w", err)
	}
	sum := sha256.Sum256(der)
	return &signer{issuer: issuer, key: key, id: base64.RawURLEncoding.EncodeToString(sum[:])}, nil
}

// keySet is what others verify tokens with.
func (s *signer) keySet() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{
		Key: &s.key.PublicKey, KeyID: s.id, Algorithm: string(jose.RS256), Use: "sig",
	}}}
}

// accountClaims are what Kubernetes adds to the registered claims.
type accountClaims struct {
	jwt.Claims
	Kubernetes struct {
		Namespace      string    `json:"namespace"`
		ServiceAccount reference `json:"serviceaccount"`
	} `json:"kubernetes.io"`
}

type reference struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
}

// sign makes a token of a service account; no audience is the API server itself.
func (s *signer) sign(account objects.Object, audience []string, lifetime time.Duration) (token string, expires time.Time, err error) {
	key := jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: s.key, KeyID: s.id}}
	sign, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign token: %w", err)
	}
	if len(audience) == 0 {
		audience = []string{s.issuer}
	}
	now := time.Now()
	expires = now.Add(lifetime)
	claims := accountClaims{Claims: jwt.Claims{
		Issuer:    s.issuer,
		Subject:   accountPrefix + account.GetNamespace() + ":" + account.GetName(),
		Audience:  audience,
		IssuedAt:  jwt.NewNumericDate(now),
		NotBefore: jwt.NewNumericDate(now),
		Expiry:    jwt.NewNumericDate(expires),
	}}
	claims.Kubernetes.Namespace = account.GetNamespace()
	claims.Kubernetes.ServiceAccount = reference{account.GetName(), string(account.GetUID())}
	token, err = jwt.Signed(sign).Claims(claims).Serialize()
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign token: %w", err)
	}
	return token, expires, nil
}

// verify finds whose token it is, for the API server itself.
func (s *signer) verify(token string) (accountClaims, error) {
	var claims accountClaims
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return claims, err
	}
	if err := parsed.Claims(&s.key.PublicKey, &claims); err != nil {
		return claims, err
	}
	err = claims.Validate(jwt.Expected{Issuer: s.issuer, Time: time.Now()})
	if err != nil {
		return claims, err
	}
	if !slices.Contains(claims.Audience, s.issuer) || !strings.HasPrefix(claims.Subject, accountPrefix) {
		return claims, errors.New("the token is for another audience")
	}
	return claims, nil
}
