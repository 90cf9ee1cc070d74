package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// kubeconfig is an access to a server as this user.
func kubeconfig(server, user string) []byte {
	return fmt.Appendf(nil, `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: u, user: %s}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`, server, user)
}

func TestATokenStandsInForAPluginOnly(t *testing.T) {
	var seen string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Get("Authorization")
		fmt.Fprint(w, `{"gitVersion": "v1.33.2"}`)
	}))
	defer server.Close()
	for name, test := range map[string]struct{ user, want string }{
		"a plugin":            {"{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, interactiveMode: Never}}", "Bearer entra"},
		"no credential":       {"{}", "Bearer entra"},
		"a token of its own":  {"{token: own}", "Bearer own"},
		"a password (legacy)": {"{username: u, password: p}", "Basic dTpw"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := Connect(t.Context(), Config{
				Kubeconfig: kubeconfig(server.URL, test.user),
				Token:      func(context.Context) (string, error) { return "entra", nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Version(t.Context()); err != nil {
				t.Fatal(err)
			}
			if seen != test.want {
				t.Errorf("Authorization = %q, want %q", seen, test.want)
			}
		})
	}
}

func TestATokenThatCannotBeHadIsSaid(t *testing.T) {
	expired := errors.New("sign in again")
	client, err := Connect(t.Context(), Config{
		Kubeconfig: kubeconfig("https://127.0.0.1:1", "{}"),
		Token:      func(context.Context) (string, error) { return "", expired },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Version(t.Context()); !errors.Is(err, expired) {
		t.Errorf("version = %v, want the token's error", err)
	}
}

func TestAKubeconfigThatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{"", "{", "current-context: nowhere"} {
		if _, err := Connect(t.Context(), Config{Kubeconfig: []byte(text)}); err == nil || !strings.Contains(err.Error(), "kubeconfig") {
			t.Errorf("%q: %v, want the kubeconfig named", text, err)
		}
	}
}

func TestAnAnswerThatIsNoVersionIsRefused(t *testing.T) {
	for _, answer := range []string{"", "<html>", "{}"} {
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
		client, err := Connect(t.Context(), Config{Kubeconfig: kubeconfig(server.URL, "{}")})
		if err != nil {
			t.Fatal(err)
		}
		if version, err := client.Version(t.Context()); err == nil {
			t.Errorf("%q was taken for version %q", answer, version)
		}
		server.Close()
	}
}
