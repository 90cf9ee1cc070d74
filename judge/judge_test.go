package judge

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/kube/contract"
)

// The test binary is its own API server: started again with this variable, it serves.
const serveIn = "JUDGE_SERVE_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveIn); dir != "" {
		port, err := strconv.Atoi(os.Getenv(serveIn + "_PORT"))
		if err == nil {
			err = Serve(context.Background(), dir, port)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// startAPIServer runs the judge in a process of its own and returns a kubeconfig of its administrator.
func startAPIServer(t *testing.T) []byte {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	log, err := os.Create(filepath.Join(dir, "apiserver.log"))
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), serveIn+"="+dir, serveIn+"_PORT="+strconv.Itoa(port))
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	// Namespaces never finish deleting without a controller manager, so a graceful stop would wait for them.
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	kubeconfig := kubeconfigFor(port)
	awaitReady(t, port, log.Name())
	return kubeconfig
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func kubeconfigFor(port int) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: judge
contexts: [{name: judge, context: {cluster: judge, user: judge}}]
clusters: [{name: judge, cluster: {server: "https://127.0.0.1:%d", insecure-skip-tls-verify: true}}]
users: [{name: judge, user: {token: %q}}]
`, port, Token)
}

func awaitReady(t *testing.T, port int, log string) {
	t.Helper()
	client := insecureClient()
	deadline := time.Now().Add(2 * time.Minute)
	for time.Now().Before(deadline) {
		request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d/readyz", port), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+Token)
		if response, err := client.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(100 * time.Millisecond) // another process's readiness has no event to wait for
	}
	text, _ := os.ReadFile(log)
	t.Fatalf("the API server did not become ready:\n%s", text[max(0, len(text)-4000):])
}

func TestRealAPIServerKeepsThePromises(t *testing.T) {
	contract.Run(t, func(t *testing.T) contract.Target {
		client, err := kube.Connect(t.Context(), kube.Config{Kubeconfig: startAPIServer(t)})
		if err != nil {
			t.Fatal(err)
		}
		return contract.Target{Client: client}
	})
}

// The sandbox checks no schema; a real API server refuses what is misspelt.
func TestRealAPIServerTakesStrimziAndItsKafka(t *testing.T) {
	client, err := kube.Connect(t.Context(), kube.Config{Kubeconfig: startAPIServer(t)})
	if err != nil {
		t.Fatal(err)
	}
	namespace := []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: kafka}\n")
	for _, manifest := range [][]byte{namespace, actions.StrimziManifest("kafka"), actions.KafkaManifest("kafka")} {
		for range 2 { // applied again, it changes nothing and is not refused
			if err := client.Apply(t.Context(), manifest); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// insecureClient does not verify: the server made its certificate for itself a moment ago.
func insecureClient() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}
