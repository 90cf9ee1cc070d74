package skr_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/cctui/cctui/skr"
	"github.com/go-jose/go-jose/v4"
)

func TestATokenOfItsAuthorityIsBelieved(t *testing.T) {
	i := newIssuer(t)
	token, err := skr.ParseToken(i.sign(t, i.claims(), nil) + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := i.attester().Verify(t.Context(), token, i.URL); err != nil {
		t.Error(err)
	}
}

func TestTokensAreRefused(t *testing.T) {
	i := newIssuer(t)
	claims := func(change map[string]any) map[string]any {
		c := i.claims()
		maps.Copy(c, change)
		return c
	}
	header := func(key jose.HeaderKey, value any) map[jose.HeaderKey]any { return map[jose.HeaderKey]any{key: value} }
	valid := i.sign(t, i.claims(), nil)
	_, payload, _ := strings.Cut(valid, ".")
	payload, signature, _ := strings.Cut(payload, ".")
	stranger := mustKey()
	twice := `{"iss":"` + i.URL + `","iss":"https://evil.example","exp":4000000000}`
	tests := map[string]struct {
		token string
		want  skr.Refusal
	}{
		"alg none":                {part(`{"alg":"none","kid":"k1"}`) + "." + payload + "." + signature, skr.RefusedAlgorithm},
		"HS256 by the public key": {signWith(t, jose.HS256, publicBytes(t, rsaKey().Public()), i.claims(), header("kid", "k1")), skr.RefusedAlgorithm},
		"another RSA algorithm":   {signWith(t, jose.PS256, rsaKey(), i.claims(), header("kid", "k1")), skr.RefusedAlgorithm},
		"another issuer":          {i.sign(t, claims(map[string]any{"iss": "https://evil.example"}), nil), skr.RefusedIssuer},
		"no issuer":               {i.sign(t, claims(map[string]any{"iss": nil}), nil), skr.RefusedIssuer},
		"a trailing slash":        {i.sign(t, claims(map[string]any{"iss": i.URL + "/"}), nil), skr.RefusedIssuer},
		"keys elsewhere":          {i.sign(t, i.claims(), header("jku", "https://evil.example/certs")), skr.RefusedKeyLocation},
		"keys over plain HTTP":    {i.sign(t, i.claims(), header("jku", "http://"+i.host()+"/certs")), skr.RefusedKeyLocation},
		"expired":                 {i.sign(t, claims(map[string]any{"exp": i.now.Add(-2 * time.Minute).Unix()}), nil), skr.RefusedExpired},
		"not yet valid":           {i.sign(t, claims(map[string]any{"nbf": i.now.Add(2 * time.Minute).Unix()}), nil), skr.RefusedNotYet},
		"never expiring":          {i.sign(t, claims(map[string]any{"exp": nil}), nil), skr.RefusedTimes},
		"an expiry in words":      {i.sign(t, claims(map[string]any{"exp": "tomorrow"}), nil), skr.RefusedTimes},
		"keys in a certificate":   {i.sign(t, i.claims(), header("x5u", "https://evil.example/chain.pem")), skr.RefusedKeyLocation},
		"keys at a user's host":   {i.sign(t, i.claims(), header("jku", "https://"+i.host()+"@evil.example/certs")), skr.RefusedKeyLocation},
		"a location in a list":    {i.sign(t, i.claims(), header("jku", []string{i.URL + "/certs"})), skr.RefusedKeyLocation},
		"its own key":             {signWith(t, jose.RS256, mustKey(), i.claims(), map[jose.HeaderKey]any{"kid": "k1", "jwk": map[string]string{"kty": "RSA", "kid": "k1"}}), skr.RefusedOwnKey},
		"its own certificate":     {signWith(t, jose.RS256, stranger, i.claims(), map[jose.HeaderKey]any{"kid": "k1", "x5c": certified("k1", stranger, i.now)["x5c"]}), skr.RefusedSignature},
		"an unknown extension":    {i.sign(t, i.claims(), map[jose.HeaderKey]any{"crit": []string{"exp"}, "exp": 1}), skr.RefusedExtension},
		"an unencoded payload":    {part(`{"alg":"RS256","kid":"k1","b64":false,"crit":["b64"]}`) + "." + payload + "." + signature, skr.RefusedExtension},
		"a duplicated header":     {part(`{"alg":"RS256","alg":"none","kid":"k1"}`) + "." + payload + "." + signature, skr.RefusedDuplicate},
		"a key id that is a path": {i.sign(t, i.claims(), header("kid", "../../certs?kid=k1")), skr.RefusedKey},
		"a key id in a list":      {i.sign(t, i.claims(), header("kid", []string{"k1"})), skr.RefusedForm},
		"a key id with a NUL":     {i.sign(t, i.claims(), header("kid", "k1\x00")), skr.RefusedKey},
		"another key id":          {i.sign(t, i.claims(), header("kid", "k2")), skr.RefusedKey},
		"no key id":               {i.sign(t, i.claims(), header("kid", "")), skr.RefusedKey},
		"another key's signature": {signWith(t, jose.RS256, mustKey(), i.claims(), header("kid", "k1")), skr.RefusedSignature},
		"claims put in later":     {strings.Replace(valid, payload, part(`{"iss":"`+i.URL+`","exp":4000000000}`), 1), skr.RefusedSignature},
		"duplicate claims":        {i.sign(t, twice, nil), skr.RefusedDuplicate},
		"oversized":               {i.sign(t, claims(map[string]any{"x": strings.Repeat("x", 64<<10)}), nil), skr.RefusedSize},
		"no signature":            {part(`{"alg":"RS256"}`) + "." + payload + ".", skr.RefusedForm},
		"two parts":               {"e30.e30", skr.RefusedForm},
		"four parts":              {valid + ".e30", skr.RefusedForm},
		"payload that is a list":  {i.sign(t, "[]", nil), skr.RefusedForm},
		"nothing":                 {"", skr.RefusedForm},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			token, err := skr.ParseToken(test.token)
			if err == nil {
				err = i.attester().Verify(t.Context(), token, i.URL)
			}
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if !strings.Contains(err.Error(), string(test.want)) {
				t.Errorf("%q does not say that %s", err, test.want)
			}
			if explained := refusedOffline(t, i, test.token); test.token != "" && !strings.Contains(explained, string(test.want)) {
				t.Errorf("explained, it is refused because %q, not because %s", explained, test.want)
			}
		})
	}
}

// refusedOffline is why Explain would not have a token believed, given the issuer's keys and a key's
// policy, whose authority nobody else is.
func refusedOffline(t *testing.T, i *issuer, token string) (reasons string) {
	t.Helper()
	keys, err := json.Marshal(map[string]any{"keys": i.keys})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := skr.NewReleasePolicy(i.URL, skr.Equals(skr.ClaimHostData, "5c1e")).JSON()
	if err != nil {
		t.Fatal(err)
	}
	report, err := skr.Explain([]byte(token), skr.ExplainOptions{Policy: policy, Keys: keys, Trust: skr.SNPTrust{Now: i.now}})
	if err != nil {
		return err.Error()
	}
	reasons = report.Refused
	if !report.Verdict.Checks[0].OK {
		reasons += string(skr.RefusedIssuer)
	}
	return reasons
}

func TestARedactedTokenIsNeverVerified(t *testing.T) {
	i := newIssuer(t)
	raw := i.sign(t, i.claims(), nil)
	token, err := skr.ParseRedacted(raw[:strings.LastIndex(raw, ".")] + ".***")
	if err != nil {
		t.Fatal(err)
	}
	if token.Claims[skr.ClaimHostData] != "5c1e" || token.Raw != "" {
		t.Errorf("%+v", token)
	}
	if err := i.attester().Verify(t.Context(), token, i.URL); !errors.Is(err, skr.RefusedForm) {
		t.Errorf("verified without a signature: %v", err)
	}
}

func TestLastLoggedFindsTheNewestToken(t *testing.T) {
	line := func(host string) string {
		return "level=debug msg=\"MAA Token (signature redacted): " + part(`{"alg":"RS256"}`) + "." + part(`{"iss":"`+host+`"}`) + ".***\"\n"
	}
	log := "level=info msg=\"Attesting...\"\n" + line("old") + line("new") +
		"level=debug msg=\"MAA Token (signature redacted): <redacted invalid token: not a JWT>\"\nmore\n"
	token, ok := skr.LastLogged([]byte(log))
	if !ok || token.Issuer() != "new" {
		t.Errorf("found %t, issuer %q", ok, token.Issuer())
	}
	if _, ok := skr.LastLogged([]byte("nothing to see")); ok {
		t.Error("found a token where there is none")
	}
}

func TestAnAuthorityThatDoesNotAnswerIsNoRefusal(t *testing.T) {
	i := newIssuer(t)
	token, err := skr.ParseToken(i.sign(t, i.claims(), nil))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = i.attester().Verify(ctx, token, i.URL)
	if refusal := skr.Refusal(""); err == nil || errors.As(err, &refusal) {
		t.Errorf("got %v", err)
	}
}
