package kubernetes_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/sandbox/kubernetes"
	"github.com/cctui/cctui/sandbox/pods"
)

// neighbours runs a web server behind services of every sort, and hands out a pod beside it.
func neighbours(t *testing.T) (*kubernetes.Cluster, *kube.Client, pods.Container) {
	registry, containers := captured()
	cluster, client := start(t, func(o *kubernetes.Options) {
		o.Images = func(reference string) (pods.Image, bool) {
			if reference == "web" {
				return web, true
			}
			return registry(reference)
		}
		o.Metadata = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "metadata") })
		o.Outside = func(ctx context.Context, network, _ string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				fmt.Fprint(far, "outside")
				far.Close()
			}()
			return near, nil
		}
	})
	apply(t, client, []byte(`
{apiVersion: v1, kind: Namespace, metadata: {name: kafka}}
---
apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: kafka, labels: {app: web}}
spec: {hostname: web-0, subdomain: headless, containers: [{name: main, image: web, ports: [{name: http, containerPort: 8080}]}]}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: kafka}, spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: http}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: headless, namespace: kafka}, spec: {clusterIP: None, selector: {app: web}, ports: [{port: 8080}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: other, namespace: kafka}, spec: {containers: [{name: main, image: idle}]}}
`))
	ready(t, client, "web-0")
	ready(t, client, "other")
	return cluster, client, <-containers
}

func TestAPodReachesTheClusterByNameAndNothingElse(t *testing.T) {
	_, client, pod := neighbours(t)
	web := ready(t, client, "web-0")
	for address, want := range map[string]string{
		"web:80":                         "page /",
		"web.kafka:80":                   "page /",
		"web.kafka.svc:80":               "page /",
		"web.kafka.svc.cluster.local:80": "page /",
		"headless:8080":                  "page /",
		"web-0.headless.kafka.svc:8080":  "page /",
		"web-0.headless.kafka.svc.cluster.local:8080": "page /",
		net.JoinHostPort(web.IP, "8080"):              "page /",
		"169.254.169.254:80":                          "metadata",
	} {
		if got, err := get(t, pod, address); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", address, got, err, want)
		}
	}
	for address, want := range map[string]error{
		"web:81":          syscall.ECONNREFUSED,
		"localhost:1":     syscall.ECONNREFUSED,
		"127.0.0.1:1":     syscall.ECONNREFUSED,
		"198.51.100.1:80": syscall.ECONNREFUSED,
	} {
		if _, err := pod.Network.DialContext(t.Context(), "tcp", address); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
	for _, name := range []string{"absent:80", "example.com:443", "web.other:80", "web-1.headless.kafka.svc:8080"} {
		_, err := pod.Network.DialContext(t.Context(), "tcp", name)
		if unknown, ok := errors.AsType[*net.DNSError](err); !ok || !unknown.IsNotFound {
			t.Errorf("%s: %v, want: no such host", name, err)
		}
	}
	conn, err := pod.Network.DialContext(t.Context(), "tcp", "some.vault.localhost:443")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err != nil || string(got) != "outside" {
		t.Errorf("outside: %q, %v", got, err)
	}
}

func get(t *testing.T, pod pods.Container, address string) (string, error) {
	t.Helper()
	response, err := pod.Network.Client().Get("http://" + address + "/")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestALoadBalancerIsReachedByItsAddressAlone(t *testing.T) {
	cluster, client, _ := neighbours(t)
	address, err := client.ServiceAddress(t.Context(), "kafka", "web", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(address, "203.0.113.") {
		t.Errorf("address = %s, want one of 203.0.113.0/24", address)
	}
	browser := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
		return cluster.DialLoadBalancer(ctx, address)
	}}}
	response, err := browser.Get("http://" + address + "/hello")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); string(body) != "page /hello" {
		t.Errorf("page = %q, want page /hello", body)
	}
	pod := ready(t, client, "web-0")
	if _, err := cluster.DialLoadBalancer(t.Context(), net.JoinHostPort(pod.IP, "8080")); err == nil {
		t.Error("a pod's own address was reached from outside of the cluster")
	}
}

func TestDeletingAPodCutsItsConnections(t *testing.T) {
	_, client, pod := neighbours(t)
	conn, err := pod.Network.DialContext(t.Context(), "tcp", "web:80")
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Delete(t.Context(), kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "kafka", Name: "web-0"}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("read = %v, want the end", err)
	}
}
