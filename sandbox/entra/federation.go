package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// maxDocument bounds what is read of an issuer's documents.
const maxDocument = 1 << 20

// federated signs in an identity by another issuer's assertion. The issuer is compared first,
// so that keys are fetched only from issuers the identity trusts; nothing else of the
// assertion is believed before its signature is verified.
func (d *Directory) federated(ctx context.Context, clientID, assertion string) (Principal, *refusal) {
	identity, federations, ok := d.Federations(clientID)
	if !ok {
		return Principal{}, errApplication.with(clientID)
	}
	token, err := jwt.ParseSigned(assertion, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		return Principal{}, errAssertion.with()
	}
	var claims jwt.Claims
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return Principal{}, errAssertion.with()
	}
	trusted, refused := trusting(federations, claims)
	if refused != nil {
		return Principal{}, refused
	}
	if refused := d.verify(ctx, token, claims.Issuer); refused != nil {
		return Principal{}, refused
	}
	if refused := valid(claims, time.Now()); refused != nil {
		return Principal{}, refused
	}
	if refused := match(trusted, claims); refused != nil {
		return Principal{}, refused
	}
	return identity, nil
}

// trusting are the federations in effect with the assertion's issuer.
func trusting(all []Federation, claims jwt.Claims) ([]Federation, *refusal) {
	now := time.Now()
	effective := slices.DeleteFunc(slices.Clone(all), func(f Federation) bool { return now.Before(f.Effective) })
	if len(effective) == 0 {
		return nil, errNoneMatches.with(claims.Issuer, claims.Subject, strings.Join(claims.Audience, ", "))
	}
	trusted := slices.DeleteFunc(effective, func(f Federation) bool { return f.Issuer != claims.Issuer })
	if len(trusted) == 0 {
		return nil, errIssuer.with(claims.Issuer)
	}
	return trusted, nil
}

// match compares subject and audience, both exactly; it says which of them differs.
func match(federations []Federation, claims jwt.Claims) *refusal {
	subject, folded := false, false
	for _, f := range federations {
		if f.Subject == claims.Subject && claims.Audience.Contains(f.Audience) {
			return nil
		}
		subject = subject || f.Subject == claims.Subject
		folded = folded || strings.EqualFold(f.Subject, claims.Subject)
	}
	switch {
	case subject:
		return errAudience.with(strings.Join(claims.Audience, ", "))
	case folded:
		return errSubjectCase.with(claims.Subject)
	default:
		return errSubject.with(claims.Subject)
	}
}

// valid demands an expiry: an assertion without one would be good for ever.
func valid(claims jwt.Claims, now time.Time) *refusal {
	err := claims.ValidateWithLeeway(jwt.Expected{Time: now}, time.Minute)
	if err == nil && claims.Expiry != nil {
		return nil
	}
	return errExpired.with(now.UTC().Format(time.RFC3339), claims.NotBefore.Time().UTC().Format(time.RFC3339), claims.Expiry.Time().UTC().Format(time.RFC3339))
}

// verify checks the signature with the keys the issuer publishes now.
func (d *Directory) verify(ctx context.Context, token *jwt.JSONWebToken, issuer string) *refusal {
	var configuration struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := d.fetch(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", &configuration); err != nil {
		return errDiscovery.with(err)
	}
	if configuration.Issuer != issuer {
		return errDiscovery.with("its openid-configuration names another issuer, " + configuration.Issuer)
	}
	var keys jose.JSONWebKeySet
	if err := d.fetch(ctx, configuration.JWKSURI, &keys); err != nil {
		return errDiscovery.with(err)
	}
	if err := token.Claims(keys, &jwt.Claims{}); err != nil {
		return errSignature.with()
	}
	return nil
}

// fetch reads one bounded JSON document of an issuer.
func (d *Directory) fetch(ctx context.Context, url string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := d.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return json.NewDecoder(io.LimitReader(response.Body, maxDocument)).Decode(into)
}
