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

func TestAKubeconfigHoldsEverythingItself(t *testing.T) {
	entra := func(context.Context) (string, error) { return "entra", nil }
	for name, user := range map[string]string{
		"a token file":      "{tokenFile: /etc/hostname}",
		"a certificate":     "{client-certificate: /etc/hostname, client-key: /etc/hostname}",
		"a key of its cert": "{client-certificate-data: AAAA, client-key: /etc/hostname}",
	} {
		_, err := Connect(t.Context(), Config{Kubeconfig: kubeconfig("https://127.0.0.1:1", user), Token: entra})
		if err == nil || !strings.Contains(err.Error(), "refers to a file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoPluginIsRunBesideAToken(t *testing.T) {
	client, err := Connect(t.Context(), Config{
		Kubeconfig: kubeconfig("https://127.0.0.1:1", "{token: own, exec: {apiVersion: client.authentication.k8s.io/v1, command: touch, interactiveMode: Never}}"),
		Token:      func(context.Context) (string, error) { return "entra", nil },
	})
	if err != nil || client.config.ExecProvider != nil {
		t.Errorf("plugin %v, error %v", client.config.ExecProvider, err)
	}
}

// Whatever a kubeconfig holds, reading it runs no command and names no file, and an error shows no
// credential.
func FuzzKubeconfig(f *testing.F) {
	for _, user := range []string{
		"{}", "{token: t}", "{username: u, password: p}", "{client-certificate-data: AAAA, client-key-data: AAAA}",
		"{tokenFile: /etc/passwd}", "{exec: {command: touch, args: [x]}}", "{auth-provider: {name: oidc}}",
	} {
		f.Add(kubeconfig("https://127.0.0.1:1", user))
	}
	f.Add([]byte(`{"kind": "Config", "users": [{"user": "text"}]}`))
	f.Add([]byte("a: &a [*a]"))
	entra := func(context.Context) (string, error) { return "entra", nil }
	f.Fuzz(func(t *testing.T, data []byte) {
		client, err := Connect(t.Context(), Config{Kubeconfig: data, Token: entra})
		if err == nil {
			if c := client.config; c.ExecProvider != nil || c.AuthProvider != nil || c.BearerTokenFile+c.CertFile+c.KeyFile+c.CAFile != "" {
				t.Errorf("%q runs or reads something", data)
			}
		}
		fields := []string{"token", "password", "client-certificate-data", "client-key-data", "unknown"}
		field, credential := fields[len(data)%len(fields)], fmt.Sprintf("canary-%x", data[:min(len(data), 64)])
		user := fmt.Sprintf("{username: u, %s: %q, %q: 1}", field, credential, data)
		if _, err := Connect(t.Context(), Config{Kubeconfig: kubeconfig("https://127.0.0.1:1", user), Token: entra}); err != nil && strings.Contains(err.Error(), credential) {
			t.Errorf("the error shows the %s: %v", field, err)
		}
	})
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
		client.pauses.Steps = 0
		if version, err := client.Version(t.Context()); err == nil {
			t.Errorf("%q was taken for version %q", answer, version)
		}
		server.Close()
	}
}
