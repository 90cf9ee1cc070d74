package front

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func listen(t *testing.T) *Front {
	t.Helper()
	f, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func say(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", text, r.Proto)
	})
}

func get(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestHostsAreRoutedByName(t *testing.T) {
	f := listen(t)
	f.Handle("management.localhost", say("arm"))
	f.Handle("*.vault.localhost", say("vault"))
	f.Handle("special.vault.localhost", say("special"))
	tests := map[string]string{
		"management.localhost":    "arm",
		"kv-1.vault.localhost":    "vault",
		"a.b.vault.localhost":     "vault",
		"special.vault.localhost": "special",
		"KV-1.vault.localhost":    "vault",
	}
	for host, want := range tests {
		t.Run(host, func(t *testing.T) {
			status, body := get(t, f.Client(), f.URL(host))
			if status != http.StatusOK || body != want+" HTTP/2.0" {
				t.Errorf("got %d %q, want %q over HTTP/2", status, body, want)
			}
		})
	}
}

func TestUnknownHostIsToldWhatIsServed(t *testing.T) {
	f := listen(t)
	f.Handle("management.localhost", say("arm"))
	status, body := get(t, f.Client(), f.URL("vault.localhost"))
	var answer struct {
		Error struct {
			Code  string
			Hosts []string
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	if status != http.StatusNotFound || answer.Error.Code != "HostNotFound" || len(answer.Error.Hosts) != 1 {
		t.Errorf("got %d %s", status, body)
	}
}

func TestRemovedHostIsGone(t *testing.T) {
	f := listen(t)
	f.Handle("a.k8s.localhost", say("api"))
	f.Remove("a.k8s.localhost")
	if status, _ := get(t, f.Client(), f.URL("a.k8s.localhost")); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
}

// kubectl does so with `server: https://127.0.0.1:PORT` and `tls-server-name`.
func TestServerNameChoosesTheHostWhenDialledByAddress(t *testing.T) {
	f := listen(t)
	f.Handle("a.k8s.localhost", say("api"))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(f.CA())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "a.k8s.localhost"}}
	defer transport.CloseIdleConnections()
	_, body := get(t, &http.Client{Transport: transport}, f.URL("127.0.0.1"))
	if !strings.HasPrefix(body, "api ") {
		t.Errorf("got %q", body)
	}
}

func TestClientRefusesTheRestOfTheWorld(t *testing.T) {
	f := listen(t)
	for _, url := range []string{
		"https://management.azure.com/",
		"https://localhost.example.com/",
		"https://10.0.0.1/",
		"http://169.254.169.254/metadata",
		"https://management.localhost:1/",
	} {
		if resp, err := f.Client().Get(url); err == nil {
			resp.Body.Close()
			t.Errorf("%s was reached", url)
		} else if !strings.Contains(err.Error(), "only the sandbox") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestListenRefusesOtherInterfaces(t *testing.T) {
	if f, err := Listen("0.0.0.0:0"); err == nil {
		f.Close()
		t.Error("listening on every interface")
	}
}

func TestMiddlewaresWrapEveryHost(t *testing.T) {
	f := listen(t)
	f.Handle("management.localhost", say("arm"))
	f.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if HostOf(r) == "management.localhost" {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	if status, _ := get(t, f.Client(), f.URL("management.localhost")); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
}

func TestCloseEndsUpgradedConnections(t *testing.T) {
	f, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.Handle("a.k8s.localhost", http.HandlerFunc(upgrade))
	conn := dialTLS(t, f, "a.k8s.localhost")
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: a.k8s.localhost\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
	answer := bufio.NewReader(conn)
	if line, err := answer.ReadString('\n'); err != nil || !strings.Contains(line, "101") {
		t.Fatalf("upgrade: %q, %v", line, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	conn.SetReadDeadline(time.Now().Add(closePatience))
	if _, err := io.Copy(io.Discard, answer); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the upgraded connection is still open")
	}
}

// upgrade keeps the connection until the other side goes.
func upgrade(w http.ResponseWriter, _ *http.Request) {
	conn, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
	rw.Flush()
	_, _ = io.Copy(io.Discard, conn)
}

func dialTLS(t *testing.T, f *Front, name string) net.Conn {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(f.CA())
	conn, err := tls.Dial("tcp", f.Host("127.0.0.1"), &tls.Config{RootCAs: roots, ServerName: name})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestCertificateAuthorityVouchesForLoopbackOnly(t *testing.T) {
	f := listen(t)
	if got := f.authority.certificateAuthority.PermittedDNSDomains; len(got) != 1 || got[0] != "localhost" {
		t.Errorf("permitted domains %v", got)
	}
	for i := range maxLeaves + 2 {
		name := fmt.Sprintf("h%d.localhost", i)
		if _, err := f.Certificate(name); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(f.authority.leaves); n > maxLeaves {
		t.Errorf("%d leaves are kept", n)
	}
}
