package kubernetes_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/kube/contract"
	"github.com/cctui/cctui/sandbox/front"
	"github.com/cctui/cctui/sandbox/kubernetes"
	"github.com/cctui/cctui/sandbox/pods"
)

// conditionsOf is a sandbox without latency, with these faults on.
type conditionsOf map[string]bool

func (conditionsOf) Take(ctx context.Context, _ string) error { return ctx.Err() }
func (conditionsOf) Duration(string) time.Duration            { return 0 }
func (c conditionsOf) Has(fault string) (string, bool)        { return "", c[fault] }

// images are programs for tests. Their references are ones that a policy can be made for.
func images(reference string) (pods.Image, bool) {
	programs := map[string]pods.Image{
		"web":   web,
		"crash": func(context.Context, pods.Container) error { return errors.New("crashed") },
		"mcr.microsoft.com/acc/samples/kafka/consumer:1.0": web,
		"mcr.microsoft.com/aci/skr:2.12":                   idle,
	}
	program, ok := programs[reference]
	return program, ok
}

func idle(ctx context.Context, _ pods.Container) error {
	<-ctx.Done()
	return nil
}

// web serves its pages, and logs them.
func web(ctx context.Context, c pods.Container) error {
	listener, err := c.Network.Listen(8080)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.Log, "serving")
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(c.Log, "page", r.URL.Path)
		fmt.Fprint(w, "page "+r.URL.Path)
	})}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// confidentialVersion is one whose nodes can be confidential.
const confidentialVersion = "1.31.13"

// start starts a cluster with a pool of each kind, and connects to it.
func start(t testing.TB, edit func(*kubernetes.Options)) (*kubernetes.Cluster, *kube.Client) {
	t.Helper()
	door, err := front.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { door.Close() })
	options := kubernetes.Options{
		Front: door, Name: "test", Version: confidentialVersion, Tenant: "11111111-2222-3333-4444-555555555555",
		Conditions: conditionsOf{}, Images: images,
	}
	if edit != nil {
		edit(&options)
	}
	cluster, err := kubernetes.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Close() })
	cluster.AddPool("system", 1, false)
	cluster.AddPool("kata", 2, true)
	client, err := kube.Connect(t.Context(), kube.Config{Kubeconfig: cluster.Kubeconfig()})
	if err != nil {
		t.Fatal(err)
	}
	return cluster, client
}

func TestTheSandboxKeepsTheContract(t *testing.T) {
	contract.Run(t, func(t *testing.T) contract.Target {
		_, client := start(t, nil)
		return contract.Target{Client: client, Runs: true, WebImage: "web", CrashImage: "crash", MissingImage: "registry.invalid/missing:1"}
	})
}
