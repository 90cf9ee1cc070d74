package skr

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// clockSkew is how far this machine's clock may differ from the attestation service's.
const clockSkew = time.Minute

// Verify checks that the authority (https://<host>) made this token and that it is valid now.
// A refusal is one of the Refused reasons; other errors say that the authority could not be asked.
func (a Attester) Verify(ctx context.Context, token Token, authority string) error {
	if err := a.checkStatements(token, authority); err != nil {
		return err
	}
	keys, err := a.keys(ctx, authority)
	if err != nil {
		return fmt.Errorf("read the signing keys of %s: %w", authority, err)
	}
	return checkSignature(token, keys)
}

// checkStatements checks what can be refused without asking anybody.
func (a Attester) checkStatements(token Token, authority string) error {
	if algorithm, _ := token.Header["alg"].(string); algorithm != string(jose.RS256) {
		return refuse(RefusedAlgorithm, fmt.Errorf("alg is %q", algorithm))
	}
	if demanded, given := token.Header["crit"]; given {
		return refuse(RefusedExtension, fmt.Errorf("crit is %s", compactJSON(demanded))) // RFC 7515, section 4.1.11
	}
	if issuer := token.Issuer(); issuer != authority {
		return refuse(RefusedIssuer, fmt.Errorf("%q, not %q", issuer, authority))
	}
	if err := checkKeySource(token.Header, authority); err != nil {
		return err
	}
	return a.checkTimes(token)
}

// checkKeySource refuses a header that would have its reader take a key from anywhere but the
// authority. No such key is ever used; saying so tells an attack from a mistake.
func checkKeySource(header map[string]any, authority string) error {
	for _, name := range []string{"jku", "x5u"} {
		location, given := header[name]
		if text, _ := location.(string); given && !sameHost(text, authority) {
			return refuse(RefusedKeyLocation, fmt.Errorf("%s is %q", name, location))
		}
	}
	if _, given := header["jwk"]; given {
		return RefusedOwnKey
	}
	return nil
}

func (a Attester) checkTimes(token Token) error {
	now := time.Now()
	if a.Now != nil {
		now = a.Now()
	}
	expires, ok := claimTime(token.Claims["exp"])
	if !ok {
		return RefusedTimes
	}
	if now.After(expires.Add(clockSkew)) {
		return refuse(RefusedExpired, fmt.Errorf("at %s", expires.UTC().Format(time.RFC3339)))
	}
	if begins, given := token.Claims["nbf"]; given {
		from, ok := claimTime(begins)
		if !ok {
			return RefusedTimes
		}
		if now.Before(from.Add(-clockSkew)) {
			return refuse(RefusedNotYet, fmt.Errorf("only from %s", from.UTC().Format(time.RFC3339)))
		}
	}
	return nil
}

// checkSignature uses the key the token names, and no other: trying all would hide a forged kid.
func checkSignature(token Token, keys []signingKey) error {
	signed, err := jose.ParseSignedCompact(token.Raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return refuse(RefusedForm, err)
	}
	id, _ := token.Header["kid"].(string)
	for _, key := range keys {
		if key.ID != id || id == "" {
			continue
		}
		if _, err := signed.Verify(key.Public); err != nil {
			return RefusedSignature
		}
		return nil
	}
	return refuse(RefusedKey, fmt.Errorf("kid is %q", id))
}

// claimTime reads a NumericDate: seconds since 1970, within what a time can hold.
func claimTime(value any) (time.Time, bool) {
	seconds, ok := value.(float64)
	if !ok || math.IsNaN(seconds) || seconds < 0 || seconds > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}
