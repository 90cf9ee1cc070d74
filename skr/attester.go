package skr

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const maxMetadataBytes = 1 << 20

// Attester reads what an attestation service says of itself, and checks its tokens.
// Azure Attestation's metadata needs no sign-in.
type Attester struct {
	// HTTP must trust the service's certificate; nil is the default client. Redirects are not followed.
	HTTP *http.Client
	// Now is the clock tokens are checked by; nil is the real one.
	Now func() time.Time
}

// Metadata reads openid-configuration and signing keys of https://<host>. The issuer must be that very URL,
// because release policies and tokens are compared with it character by character.
func (a Attester) Metadata(ctx context.Context, host string) (Metadata, error) {
	authority := "https://" + host
	keys, err := a.keys(ctx, authority)
	if err != nil {
		return Metadata{}, fmt.Errorf("read the metadata of %s: %w", authority, err)
	}
	meta := Metadata{Issuer: authority}
	for _, key := range keys {
		meta.KeyIDs = append(meta.KeyIDs, key.ID)
	}
	return meta, nil
}

// keys reads an authority's signing keys by way of its openid-configuration.
func (a Attester) keys(ctx context.Context, authority string) ([]signingKey, error) {
	var configuration struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	data, err := a.read(ctx, authority+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	if err := decodeStrict(data, &configuration); err != nil {
		return nil, fmt.Errorf("decode the openid-configuration: %w", err)
	}
	if configuration.Issuer != authority {
		return nil, fmt.Errorf("the issuer is %q, not %q", configuration.Issuer, authority)
	}
	if !sameHost(configuration.JWKSURI, authority) {
		return nil, fmt.Errorf("the keys are elsewhere: %q", configuration.JWKSURI)
	}
	data, err = a.read(ctx, configuration.JWKSURI)
	if err != nil {
		return nil, err
	}
	keys, err := parseJWKS(data)
	if err == nil && len(keys) == 0 {
		err = errors.New("there are no RSA signing keys")
	}
	return keys, err
}

// StatusError is an attestation service's answer other than 200.
type StatusError struct {
	URL    string
	Status int
	after  time.Duration // how long the service wants to be left alone
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("GET %s: %d %s", e.URL, e.Status, http.StatusText(e.Status))
}

// metadataTime bounds one read of metadata, which is a few kilobytes from a cache, with all its tries.
const metadataTime = 30 * time.Second

// The tries of one read, and the pause after the first of them; each pause is three times the one before.
const (
	metadataTries = 5
	metadataPause = 50 * time.Millisecond
)

// read gets a document, and again where the service has trouble, or somebody in between answers.
func (a Attester) read(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataTime)
	defer cancel()
	pause := metadataPause
	for try := 1; ; try++ {
		data, err := a.get(ctx, address)
		if err == nil || try == metadataTries || !passes(err) {
			return data, err
		}
		select {
		case <-time.After(max(pause, retryAfter(err))):
		case <-ctx.Done():
			return nil, err
		}
		pause *= 3
	}
}

// passes tells whether the same read may succeed a little later. A name that is not in DNS yet will not so soon, and a
// certificate that is not trusted never.
func passes(err error) bool {
	if answer, ok := errors.AsType[*StatusError](err); ok {
		return answer.Status >= http.StatusInternalServerError || answer.Status == http.StatusTooManyRequests
	}
	if lookup, ok := errors.AsType[*net.DNSError](err); ok && lookup.IsNotFound {
		return false
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return !untrusted && !errors.Is(err, errLarger)
}

func retryAfter(err error) time.Duration {
	if answer, ok := errors.AsType[*StatusError](err); ok {
		return answer.after
	}
	return 0
}

func (a Attester) get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	client := *cmp.Or(a.HTTP, http.DefaultClient)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // absent, or a date: as soon as we like
		return nil, &StatusError{URL: address, Status: response.StatusCode, after: time.Duration(seconds) * time.Second}
	}
	if kind := response.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/html") {
		return nil, fmt.Errorf("GET %s: somebody else answered, with a web page", address)
	}
	return readBounded(response, maxMetadataBytes)
}

// sameHost tells whether both are https URLs of one host and port.
func sameHost(a, b string) bool {
	left, err := url.Parse(a)
	if err != nil {
		return false
	}
	right, err := url.Parse(b)
	if err != nil {
		return false
	}
	return left.Scheme == "https" && right.Scheme == "https" && left.Host == right.Host && left.User == nil
}
