package kubernetes_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cctui/cctui/sandbox/kubernetes"
)

const kubectlManifest = `
{apiVersion: v1, kind: Namespace, metadata: {name: kafka}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: kafka, labels: {app: web}}, spec: {containers: [{name: main, image: web, ports: [{containerPort: 8080}]}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: kafka}, spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
`

// kubectl runs the real program against a cluster of its own.
type kubectl struct {
	*testing.T
	path, kubeconfig string
}

func newKubectl(t *testing.T) kubectl {
	t.Helper()
	path, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("NOT RUN: kubectl is not on PATH, so that the sandbox was not tried with it")
	}
	// Some kubectls run another one, by the server's version, and old ones take what begins with a brace for JSON.
	cluster, _ := start(t, func(o *kubernetes.Options) { o.Version = "" })
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, cluster.Kubeconfig(), 0o600); err != nil {
		t.Fatal(err)
	}
	return kubectl{t, path, kubeconfig}
}

func (k kubectl) command(ctx context.Context, stdin string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, k.path, append([]string{"--kubeconfig", k.kubeconfig, "--namespace", "kafka"}, args...)...)
	command.Stdin = strings.NewReader(stdin)
	// Its caches go where the test's other files are.
	command.Env = append(os.Environ(), "HOME="+filepath.Dir(k.kubeconfig), "KUBECACHEDIR="+filepath.Dir(k.kubeconfig))
	return command
}

// says runs kubectl and demands every text in its output.
func (k kubectl) says(stdin string, args []string, texts ...string) {
	k.Helper()
	ctx, cancel := context.WithTimeout(k.Context(), time.Minute)
	defer cancel()
	output, err := k.command(ctx, stdin, args...).CombinedOutput()
	if err != nil && ctx.Err() != nil {
		k.Fatalf("kubectl %v did not end: %s", args, output)
	}
	for _, text := range texts {
		if !strings.Contains(string(output), text) {
			k.Errorf("kubectl %v says %q, want %q in it", args, output, text)
		}
	}
}

func TestKubectlTakesTheSandboxForACluster(t *testing.T) {
	k := newKubectl(t)
	words := strings.Fields
	k.says("", words("version"), "Server Version: v1.")
	k.says("", words("get nodes"), "NAME", "STATUS", "aks-kata-", "Ready")
	k.says(kubectlManifest, words("apply -f -"), "namespace/kafka created", "pod/web created", "service/web created")
	k.says(kubectlManifest, words("apply -f -"), "pod/web unchanged")
	k.says(kubectlManifest, words("apply --server-side -f -"), "pod/web serverside-applied")
	k.says("", words("wait pod/web --for=condition=Ready --timeout=30s"), "condition met")
	k.says("", words("get pods -o wide"), "1/1", "Running", "10.244.")
	k.says("", words("get service web"), "LoadBalancer", "203.0.113.", "80/TCP")
	k.says("", words("logs web"), "serving")
	k.says("", words("describe pod web"), "Scheduled", "Successfully assigned kafka/web", "Ready")
	k.says("", words("describe service web"), "LoadBalancer Ingress", ":8080")
	k.says("", words("get --raw /api/v1/namespaces/kafka/services/web:80/proxy/raw"), "page /raw")
	k.says("", words("create token default"), "eyJ")
	k.says("", words("exec web -- ls"), "no shell")
	k.says("", words("auth can-i list pods --as system:serviceaccount:kafka:default"), "no")
	k.says("", words("create configmap map --from-literal=a=b"), "configmap/map created")
	k.says("", words("create configmap map --from-literal=a=b"), "already exists")
	map2 := "{apiVersion: v1, kind: ConfigMap, metadata: {name: map}, data: {a: c}}"
	k.says(map2, words("apply --server-side --field-manager=me -f -"), `conflict with "kubectl-create"`)
	k.says(map2, words("apply --server-side --field-manager=me --force-conflicts -f -"), "serverside-applied")
	k.says("{apiVersion: v1, kind: ConfigMap, metadata: {name: odd}, dat: {}}", words("apply -f -"), `unknown field "dat"`)
	k.says("", words("create deployment web --image=web"), "created")
	k.says("", words("rollout status deployment/web --timeout=30s"), "successfully rolled out")
	k.says("", words("delete namespace kafka"), "deleted")
	k.says("", words("get pods"), "No resources found")
}

func TestKubectlForwardsPorts(t *testing.T) {
	k := newKubectl(t)
	k.says(kubectlManifest, []string{"apply", "-f", "-"}, "created")
	k.says("", strings.Fields("wait pod/web --for=condition=Ready --timeout=30s"), "condition met")
	for _, websockets := range []string{"true", "false"} {
		t.Run("websockets="+websockets, func(t *testing.T) {
			forward := k.command(t.Context(), "", "port-forward", "pod/web", ":8080")
			forward.Env = append(forward.Env, "KUBECTL_PORT_FORWARD_WEBSOCKETS="+websockets)
			output, err := forward.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := forward.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { forward.Process.Kill(); forward.Wait() })
			line, err := bufio.NewReader(output).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
			response, err := http.Get("http://" + address + "/forwarded")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if body, _ := io.ReadAll(response.Body); string(body) != "page /forwarded" {
				t.Errorf("body = %q, want page /forwarded", body)
			}
		})
	}
}
