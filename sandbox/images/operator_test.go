package images

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"

	"github.com/cctui/cctui/sandbox/pods"
)

const kafkaManifest = `
apiVersion: kafka.strimzi.io/v1beta2
kind: Kafka
metadata:
  name: my-cluster
  namespace: kafka
  uid: 0f6b1c0e-9d0e-4a51-8d6b-5a6d0c9a8b7e
  annotations: {strimzi.io/kraft: enabled, strimzi.io/node-pools: enabled}
spec:
  kafka: {version: 3.9.2}
`

const poolManifest = `
apiVersion: kafka.strimzi.io/v1beta2
kind: KafkaNodePool
metadata:
  name: dual-role
  namespace: kafka
  labels: {strimzi.io/cluster: my-cluster}
spec:
  replicas: 1
  roles: [controller, broker]
`

func read(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	var object unstructured.Unstructured
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatal(err)
	}
	return &object
}

// operatorOn is an operator of a cluster that holds those objects, on a network.
func operatorOn(t *testing.T, n *node, manifests ...string) *operator {
	t.Helper()
	var objects []runtime.Object
	for _, m := range manifests {
		objects = append(objects, read(t, m))
	}
	return &operator{
		container: pods.Container{Network: podNetwork{n, n.host("operator")}},
		namespace: "kafka",
		client: fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
			kafkaResource: "KafkaList", nodePoolResource: "KafkaNodePoolList", podResource: "PodList", serviceResource: "ServiceList",
		}, objects...),
		log: t.Logf,
	}
}

func (o *operator) get(t *testing.T, resource schema.GroupVersionResource, name string) *unstructured.Unstructured {
	t.Helper()
	object, err := o.client.Resource(resource).Namespace("kafka").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// onlyCondition is the single condition of the Kafka resource.
func (o *operator) onlyCondition(t *testing.T) map[string]any {
	t.Helper()
	conditions, _, _ := unstructured.NestedSlice(o.get(t, kafkaResource, "my-cluster").Object, "status", "conditions")
	if len(conditions) != 1 {
		t.Fatalf("conditions %v", conditions)
	}
	return conditions[0].(map[string]any)
}

// makeReady does what the kubelet does for the broker pod, and runs its image.
func (o *operator) makeReady(t *testing.T, n *node) {
	t.Helper()
	startKafka(t, n, New(Options{Conditions: instant{}}))
	pod := o.get(t, podResource, brokerPod)
	pod.Object["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "True"}}}
	if _, err := o.client.Resource(podResource).Namespace("kafka").UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestOperatorMakesAClusterAndSaysWhenItIsReady(t *testing.T) {
	n := newNode()
	o := operatorOn(t, n, kafkaManifest, poolManifest)
	if err := o.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, reported := o.get(t, kafkaResource, "my-cluster").Object["status"]; reported {
		t.Error("there is a status before the broker is ready")
	}
	pod := o.get(t, podResource, brokerPod)
	containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
	if image := containers[0].(map[string]any)["image"]; image != "quay.io/strimzi/kafka:0.45.2-kafka-3.9.2" {
		t.Errorf("broker runs %v", image)
	}
	headless, _, _ := unstructured.NestedString(o.get(t, serviceResource, "my-cluster-kafka-brokers").Object, "spec", "clusterIP")
	if headless != "None" {
		t.Errorf("the brokers' service has the address %q", headless)
	}
	o.makeReady(t, n)
	if err := o.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := o.onlyCondition(t); c["type"] != "Ready" || c["status"] != "True" {
		t.Errorf("condition %v", c)
	}
	listeners, _, _ := unstructured.NestedSlice(o.get(t, kafkaResource, "my-cluster").Object, "status", "listeners")
	if bootstrap := listeners[0].(map[string]any)["bootstrapServers"]; bootstrap != "my-cluster-kafka-bootstrap.kafka.svc:9092" {
		t.Errorf("bootstrap servers %v", bootstrap)
	}
}

func TestSecondReconciliationChangesNothing(t *testing.T) {
	n := newNode()
	o := operatorOn(t, n, kafkaManifest, poolManifest)
	if err := o.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.makeReady(t, n)
	if err := o.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := o.get(t, kafkaResource, "my-cluster")
	if err := o.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.Object, o.get(t, kafkaResource, "my-cluster").Object); diff != "" {
		t.Error(diff)
	}
}

func TestOperatorRefusesWhatStrimziRefuses(t *testing.T) {
	replace := strings.NewReplacer
	for name, test := range map[string]struct {
		edit   *strings.Replacer
		pools  []string
		reason string
		says   string
	}{
		"no node pools":         {replace("strimzi.io/node-pools: enabled", ""), []string{poolManifest}, "InvalidConfigurationException", "KafkaNodePool"},
		"no KRaft":              {replace("strimzi.io/kraft: enabled, ", ""), []string{poolManifest}, "InvalidResourceException", "zookeeper"},
		"Kafka 4":               {replace("3.9.2", "4.0.0"), []string{poolManifest}, "UnsupportedKafkaVersionException", "Supported versions are: [3.8.0, 3.8.1, 3.9.0, 3.9.1, 3.9.2]"},
		"no pool":               {replace(), nil, "InvalidConfigurationException", "no KafkaNodePools found"},
		"no controller":         {replace(), []string{strings.Replace(poolManifest, "controller, ", "", 1)}, "InvalidResourceException", "controller role"},
		"more than one replica": {replace(), []string{strings.Replace(poolManifest, "replicas: 1", "replicas: 3", 1)}, "InvalidResourceException", "one replica"},
	} {
		t.Run(name, func(t *testing.T) {
			o := operatorOn(t, newNode(), append(slices.Clone(test.pools), test.edit.Replace(kafkaManifest))...)
			if err := o.reconcile(t.Context()); err != nil {
				t.Fatal(err)
			}
			c := o.onlyCondition(t)
			message, _ := c["message"].(string)
			if c["type"] != "NotReady" || c["reason"] != test.reason || !strings.Contains(message, test.says) {
				t.Errorf("condition %v", c)
			}
		})
	}
}

func TestClusterGoesWithItsResource(t *testing.T) {
	o := operatorOn(t, newNode(), kafkaManifest, poolManifest)
	if err := o.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := o.client.Resource(kafkaResource).Namespace("kafka").Delete(t.Context(), "my-cluster", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := o.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	for resource, name := range map[schema.GroupVersionResource]string{
		podResource: brokerPod, serviceResource: "my-cluster-kafka-bootstrap",
	} {
		if _, err := o.client.Resource(resource).Namespace("kafka").Get(t.Context(), name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
}

func TestChangesLeadToAReconciliation(t *testing.T) {
	o := operatorOn(t, newNode(), kafkaManifest, poolManifest)
	source := watch.NewFake()
	o.client.(*fake.FakeDynamicClient).PrependWatchReactor("kafkas", clienttesting.DefaultWatchReactor(source, nil))
	made, err := o.client.Resource(podResource).Namespace("kafka").Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	changed, ended := make(chan struct{}, 1), make(chan error, 2)
	go func() { ended <- o.watch(ctx, kafkaResource, changed) }()
	go func() { ended <- o.reconcileOn(ctx, changed) }()
	source.Add(read(t, kafkaManifest))
	if event := <-made.ResultChan(); event.Type != watch.Added {
		t.Errorf("event %v", event)
	}
	cancel()
	for range 2 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	}
}
