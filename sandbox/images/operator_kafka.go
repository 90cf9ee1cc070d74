package images

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// refusal is a Kafka resource that the operator will not make a cluster of; its reason is the name
// of Strimzi's exception.
type refusal struct{ reason, message string }

func (r *refusal) Error() string { return r.reason + ": " + r.message }

// errStarting is a broker that does not answer yet: no change will tell when it does.
var errStarting = errors.New("broker is starting")

// reconcile brings the namespace to what its custom resources say.
func (o *operator) reconcile(ctx context.Context) error {
	kafkas, err := o.client.Resource(kafkaResource).Namespace(o.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list Kafka resources: %w", err)
	}
	names := map[string]bool{}
	for i := range kafkas.Items {
		kafka := &kafkas.Items[i]
		if kafka.GetDeletionTimestamp() != nil {
			continue
		}
		names[kafka.GetName()] = true
		if err := o.reconcileKafka(ctx, kafka); err != nil {
			return fmt.Errorf("Kafka %s: %w", kafka.GetName(), err)
		}
	}
	return o.removeOrphans(ctx, names)
}

// reconcileKafka makes a cluster, or says in the resource's status why not.
func (o *operator) reconcileKafka(ctx context.Context, kafka *unstructured.Unstructured) error {
	cluster, err := o.plan(ctx, kafka)
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		return o.setStatus(ctx, kafka, map[string]any{}, condition("NotReady", refused.reason, refused.message))
	}
	if err != nil {
		return err
	}
	for _, object := range cluster.objects() {
		if err := o.create(ctx, object); err != nil {
			return err
		}
	}
	ready, err := o.brokersReady(ctx, cluster)
	if err != nil {
		return err
	}
	if !ready {
		return nil // the pod's next change calls again; until then the status stays as it was
	}
	return o.setStatus(ctx, kafka, cluster.status(), condition("Ready", "", ""))
}

// plan reads what is wanted, and refuses what Strimzi 0.45 refuses.
// Source: strimzi-kafka-operator 0.45.2, KafkaAssemblyOperator, KRaftUtils, NodePoolUtils, KafkaVersion.
func (o *operator) plan(ctx context.Context, kafka *unstructured.Unstructured) (*kafkaCluster, error) {
	annotations := kafka.GetAnnotations()
	kraft, nodePools := annotations["strimzi.io/kraft"] == "enabled", annotations["strimzi.io/node-pools"] == "enabled"
	switch _, zookeeper, _ := unstructured.NestedMap(kafka.Object, "spec", "zookeeper"); {
	case kraft && !nodePools:
		return nil, &refusal{"InvalidConfigurationException", "KRaft can only be used with a Kafka cluster that uses KafkaNodePool resources."}
	case !kraft && !zookeeper:
		return nil, &refusal{"InvalidResourceException", "Kafka configuration is not valid: [The .spec.zookeeper section of the Kafka custom resource is missing. This section is required for a ZooKeeper-based cluster.]"}
	case !kraft:
		return nil, &refusal{"InvalidResourceException", "The sandbox has no ZooKeeper: annotate the Kafka resource with strimzi.io/kraft: enabled."}
	}
	images := kafkaImages(o.container)
	version, _, _ := unstructured.NestedString(kafka.Object, "spec", "kafka", "version")
	version = cmp.Or(version, newest(images))
	if images[version] == "" {
		return nil, &refusal{"UnsupportedKafkaVersionException", fmt.Sprintf("Unsupported Kafka.spec.kafka.version: %s. Supported versions are: [%s]",
			version, strings.Join(versions(images), ", "))}
	}
	pool, err := o.nodePool(ctx, kafka.GetName())
	if err != nil {
		return nil, err
	}
	return &kafkaCluster{kafka: kafka, pool: pool, version: version, image: images[version]}, nil
}

// nodePool finds the pool of a cluster: one node that is controller and broker.
func (o *operator) nodePool(ctx context.Context, cluster string) (string, error) {
	pools, err := o.client.Resource(nodePoolResource).Namespace(o.namespace).List(ctx, metav1.ListOptions{LabelSelector: clusterLabel + "=" + cluster})
	if err != nil {
		return "", fmt.Errorf("list node pools: %w", err)
	}
	if len(pools.Items) == 0 {
		return "", &refusal{"InvalidConfigurationException", "KafkaNodePools are enabled, but no KafkaNodePools found for Kafka cluster " + cluster}
	}
	for _, role := range []string{"broker", "controller"} {
		if !slices.ContainsFunc(pools.Items, func(p unstructured.Unstructured) bool { return hasRole(p, role) }) {
			return "", &refusal{"InvalidResourceException", fmt.Sprintf(
				"The Kafka cluster %s is invalid: [At least one KafkaNodePool with the %s role and at least one replica is required when KRaft mode is enabled]", cluster, role)}
		}
	}
	for _, pool := range pools.Items {
		if replicas, _, _ := unstructured.NestedInt64(pool.Object, "spec", "replicas"); replicas == 1 && len(pools.Items) == 1 {
			return pool.GetName(), nil
		}
	}
	return "", &refusal{"InvalidResourceException", "The sandbox runs one broker: use one KafkaNodePool with one replica."}
}

// hasRole counts pools without replicas as not there.
func hasRole(pool unstructured.Unstructured, role string) bool {
	roles, _, _ := unstructured.NestedStringSlice(pool.Object, "spec", "roles")
	replicas, _, _ := unstructured.NestedInt64(pool.Object, "spec", "replicas")
	return replicas > 0 && slices.Contains(roles, role)
}

// brokersReady tells whether the broker pod is ready and answers on its control port.
func (o *operator) brokersReady(ctx context.Context, c *kafkaCluster) (bool, error) {
	pod, err := o.client.Resource(podResource).Namespace(o.namespace).Get(ctx, c.pod(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read broker pod: %w", err)
	}
	conditions, _, _ := unstructured.NestedSlice(pod.Object, "status", "conditions")
	ready := slices.ContainsFunc(conditions, func(c any) bool {
		fields, _ := c.(map[string]any)
		return fields["type"] == "Ready" && fields["status"] == "True"
	})
	if !ready {
		return false, nil
	}
	address := fmt.Sprintf("%s.%s.%s.svc:%d", c.pod(), c.brokersService(), o.namespace, controlPort)
	conn, err := o.container.Network.DialContext(ctx, "tcp", address)
	if err != nil {
		return false, errStarting
	}
	return true, conn.Close()
}

func condition(kind, reason, message string) map[string]any {
	c := map[string]any{"type": kind, "status": "True"}
	if reason != "" {
		c["reason"], c["message"] = reason, message
	}
	return c
}

// setStatus writes the status where it says something new; its time of transition alone does not.
func (o *operator) setStatus(ctx context.Context, kafka *unstructured.Unstructured, status, condition map[string]any) error {
	status["observedGeneration"] = kafka.GetGeneration()
	before, _, _ := unstructured.NestedMap(kafka.Object, "status")
	status["conditions"] = before["conditions"]
	if sameCondition(before["conditions"], condition) && reflect.DeepEqual(before, status) {
		return nil
	}
	condition["lastTransitionTime"] = time.Now().UTC().Format(time.RFC3339Nano)
	status["conditions"] = []any{condition}
	updated := kafka.DeepCopy()
	updated.Object["status"] = status
	_, err := o.client.Resource(kafkaResource).Namespace(o.namespace).UpdateStatus(ctx, updated, metav1.UpdateOptions{})
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil // changed or gone meanwhile, which calls again
	}
	if err != nil {
		return fmt.Errorf("update status: %w", err)
	}
	o.log("INFO  KafkaAssemblyOperator: Reconciliation of Kafka %s/%s: %s %v", o.namespace, kafka.GetName(), condition["type"], cmp.Or[any](condition["message"], ""))
	return nil
}

// sameCondition leaves the time of transition aside: it would change the status each time, and the
// change would call again.
func sameCondition(conditions any, want map[string]any) bool {
	list, _ := conditions.([]any)
	if len(list) != 1 {
		return false
	}
	have, _ := list[0].(map[string]any)
	return have["type"] == want["type"] && have["reason"] == want["reason"] && have["message"] == want["message"]
}
