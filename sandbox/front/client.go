package front

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// Dialer reaches names under localhost at one port of 127.0.0.1, without asking any resolver.
type Dialer int

// DialContext refuses every address that is not the sandbox's.
func (d Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || !loopbackName(host) || port != strconv.Itoa(int(d)) {
		return nil, fmt.Errorf("the sandbox's client reaches only the sandbox (*.localhost:%d), not %s", d, address)
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
}

func loopbackName(host string) bool {
	host = strings.ToLower(host)
	return host == "127.0.0.1" || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// NewClient is a client of the sandbox that listens at port with the CA (PEM). It ignores
// proxies and dials nothing else.
func NewClient(ca []byte, port int) (*http.Client, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("the sandbox's CA is not a PEM certificate")
	}
	return &http.Client{Transport: &http.Transport{
		DialContext:         Dialer(port).DialContext,
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 16,
	}}, nil
}
