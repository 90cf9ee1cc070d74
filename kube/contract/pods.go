package contract

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/cctui/cctui/kube"
)

// web is a pod of the web image, behind a service of the same name at port 80.
func (t *trial) web(name, serviceType string) {
	t.Helper()
	t.needsPods()
	t.pod(name, t.WebImage)
	t.apply(fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %[1]s, namespace: NS}
spec: {type: %[2]s, selector: {app: %[1]s}, ports: [{port: 80, targetPort: 8080}]}
`, name, serviceType))
	_, err := t.Client.WaitPod(t.ctx, t.namespace, name, nil)
	t.must(err)
}

func (t *trial) pod(name, image string) {
	t.Helper()
	t.apply(fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: %[1]s, namespace: NS, labels: {app: %[1]s}}
spec: {containers: [{name: main, image: %[2]s, env: [{name: WHO, value: me}]}]}
`, name, image))
}

func (t *trial) podBecomesReady() {
	t.needsPods()
	waited := make(chan error, 1)
	go func() {
		_, err := t.Client.WaitPod(t.ctx, t.namespace, "web", nil)
		waited <- err
	}()
	t.web("web", "ClusterIP")
	t.must(<-waited)
	pod, err := t.Client.Pod(t.ctx, t.namespace, "web")
	t.must(err)
	container := pod.Containers[0]
	if !pod.Ready || pod.IP == "" || pod.Node == "" || container.State != "running" || container.Env["WHO"] != "me" {
		t.Errorf("pod = %+v, want it ready with address, node, running container and environment", pod)
	}
}

func (t *trial) logsAreRead() {
	t.web("web", "ClusterIP")
	followed, err := t.Client.FollowLogs(t.ctx, t.namespace, "web", "main")
	t.must(err)
	defer followed.Close()
	lines := bufio.NewScanner(followed)
	if !lines.Scan() || lines.Text() != "serving" {
		t.Fatalf("first line = %q, %v; want serving", lines.Text(), lines.Err())
	}
	t.page("web", "/later")
	if !lines.Scan() || lines.Text() != "page /later" {
		t.Fatalf("next line = %q, %v; want page /later", lines.Text(), lines.Err())
	}
	whole, err := t.Client.Logs(t.ctx, t.namespace, "web", "main", 1<<10)
	t.must(err)
	if string(whole) != "serving\npage /later\n" {
		t.Errorf("log = %q, want both lines", whole)
	}
	end, err := t.Client.Logs(t.ctx, t.namespace, "web", "main", 7)
	t.must(err)
	if string(end) != "/later\n" {
		t.Errorf("last 7 bytes = %q, want /later", end)
	}
	if _, err := t.Client.Logs(t.ctx, t.namespace, "absent", "main", 1<<10); !kube.IsNotFound(err) {
		t.Errorf("log of an absent pod: %v, want not found", err)
	}
}

func (t *trial) page(service, path string) string {
	t.Helper()
	// The service's endpoints follow the pod's readiness a moment later.
	for {
		page, err := t.Client.ServicePage(t.ctx, t.namespace, service, 80, path)
		if err == nil {
			return string(page)
		}
		if t.ctx.Err() != nil || !strings.Contains(err.Error(), "no endpoints available") {
			t.Fatal(err)
		}
	}
}

func (t *trial) portIsForwarded() {
	t.web("web", "ClusterIP")
	conn, err := t.Client.Dial(t.ctx, t.namespace, "web", 8080)
	t.must(err)
	defer conn.Close()
	t.must(conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read = %v, want the deadline to pass", err)
	}
	t.must(conn.SetReadDeadline(time.Time{}))
	fmt.Fprint(conn, "GET /forwarded HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	t.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	t.must(err)
	if string(body) != "page /forwarded" {
		t.Errorf("body = %q, want page /forwarded", body)
	}
}

func (t *trial) closedPortSaysSo() {
	t.web("web", "ClusterIP")
	conn, err := t.Client.Dial(t.ctx, t.namespace, "web", 9)
	t.must(err)
	defer conn.Close()
	if _, err = io.ReadAll(conn); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("read = %v, want: connection refused", err)
	}
	if _, err := t.Client.Dial(t.ctx, t.namespace, "absent", 80); err == nil {
		t.Error("a pod that does not exist was dialled")
	}
}

func (t *trial) pageIsRead() {
	t.web("web", "ClusterIP")
	if page := t.page("web", "/some/path"); page != "page /some/path" {
		t.Errorf("page = %q, want page /some/path", page)
	}
	if _, err := t.Client.ServicePage(t.ctx, t.namespace, "absent", 80, "/"); !kube.IsNotFound(err) {
		t.Errorf("page of an absent service: %v, want not found", err)
	}
}

func (t *trial) addressIsWaitedFor() {
	t.web("web", "LoadBalancer")
	address, err := t.Client.ServiceAddress(t.ctx, t.namespace, "web", func(string) {})
	t.must(err)
	if address == "" {
		t.Error("no address, want one")
	}
}

func (t *trial) crashLoopIsAnError() {
	t.needsPods()
	t.pod("crash", t.CrashImage)
	_, err := t.Client.WaitPod(t.ctx, t.namespace, "crash", nil)
	for err == nil { // it was seen between its start and its end, when it is ready
		_, err = t.Client.WaitPod(t.ctx, t.namespace, "crash", nil)
	}
	t.wantPodError(err, "CrashLoopBackOff")
}

func (t *trial) missingImageIsAnError() {
	t.needsPods()
	t.pod("missing", t.MissingImage)
	_, err := t.Client.WaitPod(t.ctx, t.namespace, "missing", nil)
	t.wantPodError(err, "ErrImagePull", "ImagePullBackOff")
}

func (t *trial) wantPodError(err error, reasons ...string) {
	t.Helper()
	failed, ok := errors.AsType[*kube.PodError](err)
	if !ok {
		t.Fatalf("wait = %v, want a PodError", err)
	}
	if !strings.Contains(strings.Join(reasons, " "), failed.Reason) || failed.Reason == "" {
		t.Errorf("reason = %q, want one of %v", failed.Reason, reasons)
	}
	if len(failed.Events) == 0 {
		t.Error("the error has no events")
	}
}

func (t *trial) replacedPodIsJudgedAnew() {
	t.needsPods()
	t.pod("pod", t.MissingImage)
	_, err := t.Client.WaitPod(t.ctx, t.namespace, "pod", nil)
	t.wantPodError(err, "ErrImagePull", "ImagePullBackOff")
	t.must(t.Client.Delete(t.ctx, kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: t.namespace, Name: "pod"}))
	t.pod("pod", t.WebImage)
	pod, err := t.Client.WaitPod(t.ctx, t.namespace, "pod", nil)
	t.must(err)
	events, err := t.Client.Events(t.ctx, t.namespace, "pod")
	t.must(err)
	if !pod.Ready || len(events) == 0 {
		t.Errorf("ready = %v with %d events, want it ready, and the events of both", pod.Ready, len(events))
	}
}

func (t *trial) nodesAreWaitedFor() {
	t.needsPods()
	nodes, err := t.Client.WaitNodes(t.ctx, "kubernetes.io/os=linux", 1, nil)
	t.must(err)
	if len(nodes) == 0 || !nodes[0].Ready || nodes[0].Version == "" {
		t.Errorf("nodes = %+v, want a ready one with its version", nodes)
	}
	none, err := t.Client.Nodes(t.ctx, "no-such-label")
	if err != nil || len(none) != 0 {
		t.Errorf("nodes without label = %v, %v; want none", none, err)
	}
}
