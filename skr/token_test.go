package skr_test

import (
	"context"
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
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
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
