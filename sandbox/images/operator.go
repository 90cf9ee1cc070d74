package images

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/cctui/cctui/sandbox/pods"
)

// operator is one run of quay.io/strimzi/operator, the Strimzi cluster operator: it makes Kafka
// clusters of custom resources. Of the many things that the real one makes, it makes those that a
// client of the cluster meets: services, broker pods and the resources' status.
type operator struct {
	container pods.Container
	namespace string
	client    dynamic.Interface
	log       func(format string, args ...any)
}

// Resources that the operator watches and makes.
var (
	kafkaResource    = schema.GroupVersionResource{Group: "kafka.strimzi.io", Version: "v1beta2", Resource: "kafkas"}
	nodePoolResource = schema.GroupVersionResource{Group: "kafka.strimzi.io", Version: "v1beta2", Resource: "kafkanodepools"}
	podResource      = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	serviceResource  = schema.GroupVersionResource{Version: "v1", Resource: "services"}
)

const (
	operatorPort = 8080
	// watchRetry is how long the operator waits where the API server does not answer or does not
	// know a resource yet.
	watchRetry = 100 * time.Millisecond
)

func (l *library) operator(ctx context.Context, c pods.Container) error {
	o, err := newOperator(c)
	if err != nil {
		return err
	}
	if err := l.Conditions.Take(ctx, "strimzi.install"); err != nil {
		return ended(ctx, err)
	}
	o.log("INFO  Main: Cluster Operator verticle started in namespace %s", o.namespace)

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return o.serveHealth(ctx) })
	changed := make(chan struct{}, 1)
	for _, resource := range []schema.GroupVersionResource{kafkaResource, nodePoolResource, podResource} {
		group.Go(func() error { return o.watch(ctx, resource, changed) })
	}
	group.Go(func() error { return o.reconcileOn(ctx, changed) })
	return ended(ctx, group.Wait())
}

func newOperator(c pods.Container) (*operator, error) {
	config, err := clientcmd.RESTConfigFromKubeConfig(c.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	config.Dial = c.Network.DialContext
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return patient{next} })
	config.QPS = -1 // one client of an API server in the same process
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make API client: %w", err)
	}
	return &operator{
		container: c,
		namespace: c.Getenv("STRIMZI_NAMESPACE", c.Namespace),
		client:    client,
		log: func(format string, args ...any) {
			_, _ = fmt.Fprintf(c.Log, time.Now().UTC().Format("2006-01-02 15:04:05 ")+format+"\n", args...)
		},
	}, nil
}

// serveHealth answers the deployment's probes.
func (o *operator) serveHealth(ctx context.Context) error {
	listener, err := o.container.Network.Listen(operatorPort)
	if err != nil {
		return fmt.Errorf("listen on port %d: %w", operatorPort, err)
	}
	return serveHTTP(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
}

// watch tells of every change of a resource, until ctx ends. A watch without a resource version
// begins with everything there is, so that nothing is missed between two of them.
func (o *operator) watch(ctx context.Context, resource schema.GroupVersionResource, changed chan<- struct{}) error {
	for {
		watcher, err := o.client.Resource(resource).Namespace(o.namespace).Watch(ctx, metav1.ListOptions{})
		if err == nil {
			stop := context.AfterFunc(ctx, watcher.Stop)
			for range watcher.ResultChan() {
				signal(changed)
			}
			stop()
		}
		if err := pause(ctx, watchRetry); err != nil {
			return err
		}
	}
}

// signal asks for one reconciliation, however often it is called before that begins.
func signal(changed chan<- struct{}) {
	select {
	case changed <- struct{}{}:
	default:
	}
}

func (o *operator) reconcileOn(ctx context.Context, changed chan struct{}) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
		err := o.reconcile(ctx)
		if err == nil {
			continue
		}
		if !errors.Is(err, errStarting) && ctx.Err() == nil {
			o.log("ERROR AbstractOperator: Reconciliation failed: %v", err)
		}
		if err := pause(ctx, watchRetry); err != nil {
			return err
		}
		signal(changed)
	}
}
