package kubernetes_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/sandbox/front"
	"github.com/cctui/cctui/sandbox/kubernetes"
)

// cutWatches breaks the connections of the first watches at once.
func cutWatches(door *front.Front, cuts int64) *atomic.Int64 {
	var cut atomic.Int64
	door.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.RawQuery, "watch=true") && cut.Add(1) <= cuts {
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		})
	})
	return &cut
}

func TestAWaitSurvivesBrokenConnectionsInSilence(t *testing.T) {
	said := silence(t)
	var watches *atomic.Int64
	_, client := start(t, func(o *kubernetes.Options) { watches = cutWatches(o.Front, 1) })
	waited := make(chan error, 1)
	go func() {
		_, err := client.WaitPod(t.Context(), "default", "web", nil)
		waited <- err
	}()
	for watches.Load() < 1 { // until the wait has lost its connection
		runtime.Gosched()
	}
	apply(t, client, []byte("{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: default}, spec: {containers: [{name: main, image: web}]}}"))
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	if text := said(); text != "" {
		t.Errorf("written to standard error: %s", text)
	}
}

// silence catches what is written to standard error until it is asked.
func silence(t *testing.T) func() string {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = writer
	t.Cleanup(func() { os.Stderr = stderr })
	return func() string {
		os.Stderr = stderr
		writer.Close()
		text, _ := io.ReadAll(reader)
		return string(text)
	}
}

func TestAServiceAccountMayDoWhatItsRolesSay(t *testing.T) {
	registry, containers := captured()
	var door *front.Front
	_, client := start(t, func(o *kubernetes.Options) { o.Images, door = registry, o.Front })
	apply(t, client, []byte("{apiVersion: v1, kind: Pod, metadata: {name: pod, namespace: default}, spec: {containers: [{name: main, image: idle}]}}"))
	pod, err := kube.Connect(t.Context(), kube.Config{Kubeconfig: (<-containers).Kubeconfig, Dial: door.DialContext})
	if err != nil {
		t.Fatal(err)
	}
	read := func(namespace string) error {
		_, err := pod.List(t.Context(), kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: namespace}, "")
		return err
	}
	if err := read("default"); err == nil || !strings.Contains(err.Error(), `User "system:serviceaccount:default:default" cannot list resource "pods"`) {
		t.Errorf("list = %v, want it forbidden", err)
	}
	apply(t, client, []byte(`
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: default}
rules: [{apiGroups: [""], resources: [pods], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: default, namespace: default}]
`))
	if err := read("default"); err != nil {
		t.Errorf("list = %v, want it allowed by the role", err)
	}
	if err := read("kube-system"); err == nil {
		t.Error("another namespace was listed, where the role is not bound")
	}
}

func TestNobodyIsServedWithoutACredential(t *testing.T) {
	cluster, _ := start(t, nil)
	kubeconfig := strings.ReplaceAll(string(cluster.Kubeconfig()), "token: ", "token: x")
	client, err := kube.Connect(t.Context(), kube.Config{Kubeconfig: []byte(kubeconfig)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Version(t.Context()); err == nil || !strings.Contains(err.Error(), "provide credentials") {
		t.Errorf("version = %v, want it refused for its credentials", err)
	}
}

func TestPodsWaitForANode(t *testing.T) {
	cluster, client := start(t, nil)
	cluster.RemovePool("kata")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	apply(t, client, consumer(policyText(t), "t"))
	waited := make(chan error, 1)
	go func() {
		_, err := client.WaitPod(ctx, "kafka", "consumer", nil)
		waited <- err
	}()
	for !strings.Contains(fmt.Sprint(client.Events(ctx, "kafka", "consumer")), "FailedScheduling") {
		if ctx.Err() != nil {
			t.Fatal("no event says that the pod cannot be scheduled")
		}
	}
	cluster.AddPool("kata", 1, true)
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
}
