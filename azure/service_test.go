package azure

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

var testCloud = Cloud{
	Authority:        "https://login.localhost",
	ResourceManager:  "https://management.localhost",
	VaultSuffix:      "vault.localhost",
	ManagedHSMSuffix: "managedhsm.localhost",
}

var testGroup = Group{Subscription: "5e1f0000-0000-4000-8000-000000000001", Name: "rg"}

// service is a small Azure: routes to be filled in, and a record of what was asked.
type service struct {
	*http.ServeMux
	http *http.Client

	mu       sync.Mutex
	requests []string // "PUT /path"
	hosts    []string
	tokens   []string // authorization headers
}

func newService(t *testing.T) *service {
	s := &service{ServeMux: http.NewServeMux()}
	server := httptest.NewTLSServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	// Every name leads to the one listener, whose certificate is for example.com.
	transport := server.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.ServerName = "example.com"
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}
	s.http = &http.Client{Transport: transport}
	return s
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	s.hosts = append(s.hosts, r.Host)
	s.tokens = append(s.tokens, r.Header.Get("Authorization"))
	s.mu.Unlock()
	s.ServeMux.ServeHTTP(w, r)
}

// asked is how often a request was made.
func (s *service) asked(request string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := 0
	for _, seen := range s.requests {
		if seen == request {
			count++
		}
	}
	return count
}

func (s *service) askedAnything() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests) > 0
}

// client is a signed-in client of the service.
func (s *service) client(t *testing.T) *Client {
	t.Helper()
	client, err := New(Config{Cloud: testCloud, Credential: &Credential{source: staticToken("secret-token")}, HTTP: s.http})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

type staticToken string

func (token staticToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(token), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// answers replies with each of the answers in turn, and with the last for ever.
func answers(replies ...func(http.ResponseWriter)) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		reply := replies[0]
		if len(replies) > 1 {
			replies = replies[1:]
		}
		mu.Unlock()
		reply(w)
	}
}

// reply is an answer with pairs of headers.
func reply(status int, body string, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for pair := range slices.Chunk(headers, 2) {
			w.Header().Set(pair[0], pair[1])
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// bodyOf decodes a request's JSON.
func bodyOf(t *testing.T, r *http.Request) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		t.Errorf("%s %s: body: %v", r.Method, r.URL.Path, err)
	}
	return body
}
