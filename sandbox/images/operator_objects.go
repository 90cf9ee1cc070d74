package images

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/cctui/cctui/sandbox/pods"
)

const (
	clusterLabel = "strimzi.io/cluster"
	kindLabel    = "strimzi.io/kind"
	// Variables by which the broker pod learns what Strimzi's scripts read from its configuration.
	advertisedVariable = "ADVERTISED_LISTENER"
	clusterVariable    = "KAFKA_CLUSTER_ID"
)

// kafkaCluster is a cluster to be made of a Kafka resource: one broker.
type kafkaCluster struct {
	kafka          *unstructured.Unstructured
	pool           string
	version, image string
}

func (c *kafkaCluster) pod() string              { return c.kafka.GetName() + "-" + c.pool + "-0" }
func (c *kafkaCluster) bootstrapService() string { return c.kafka.GetName() + "-kafka-bootstrap" }
func (c *kafkaCluster) brokersService() string   { return c.kafka.GetName() + "-kafka-brokers" }

// clusterID is 22 characters as Kafka makes them of a UUID; here it follows from the resource's.
func (c *kafkaCluster) clusterID() string {
	return (strings.ReplaceAll(string(c.kafka.GetUID()), "-", "") + strings.Repeat("A", 22))[:22]
}

// selector are the labels by which services find the brokers, and the operator its own.
func (c *kafkaCluster) selector() map[string]any {
	return map[string]any{clusterLabel: c.kafka.GetName(), kindLabel: "Kafka", "strimzi.io/name": c.kafka.GetName() + "-kafka"}
}

func (c *kafkaCluster) objects() []*unstructured.Unstructured {
	client := map[string]any{"name": "tcp-clients", "protocol": "TCP", "port": int64(clientPort), "targetPort": int64(clientPort)}
	control := map[string]any{"name": "tcp-replication", "protocol": "TCP", "port": int64(controlPort), "targetPort": int64(controlPort)}
	return []*unstructured.Unstructured{
		c.object("Service", c.bootstrapService(), map[string]any{
			"type": "ClusterIP", "selector": c.selector(), "ports": []any{control, client},
		}),
		c.object("Service", c.brokersService(), map[string]any{
			"type": "ClusterIP", "clusterIP": "None", "publishNotReadyAddresses": true,
			"selector": c.selector(), "ports": []any{control, client},
		}),
		c.object("Pod", c.pod(), c.podSpec()),
	}
}

// podSpec names the pod and its subdomain, so that the headless service gives it a name of its own:
// the one that it advertises.
func (c *kafkaCluster) podSpec() map[string]any {
	variable := func(name, value string) any { return map[string]any{"name": name, "value": value} }
	address := fmt.Sprintf("%s.%s.%s.svc:%d", c.pod(), c.brokersService(), c.kafka.GetNamespace(), clientPort)
	return map[string]any{
		"hostname":  c.pod(),
		"subdomain": c.brokersService(),
		"containers": []any{map[string]any{
			"name":    "kafka",
			"image":   c.image,
			"command": []any{"/opt/kafka/kafka_run.sh"},
			"env":     []any{variable(advertisedVariable, address), variable(clusterVariable, c.clusterID())},
			"ports": []any{
				map[string]any{"name": "tcp-clients", "containerPort": int64(clientPort), "protocol": "TCP"},
				map[string]any{"name": "tcp-replication", "containerPort": int64(controlPort), "protocol": "TCP"},
			},
		}},
	}
}

func (c *kafkaCluster) object(kind, name string, spec map[string]any) *unstructured.Unstructured {
	labels := c.selector()
	maps.Copy(labels, map[string]any{
		"strimzi.io/component-type": "kafka", "strimzi.io/pool-name": c.pool,
		"app.kubernetes.io/name": "kafka", "app.kubernetes.io/instance": c.kafka.GetName(),
		"app.kubernetes.io/managed-by": "strimzi-cluster-operator",
	})
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       kind,
		"metadata": map[string]any{
			"name": name, "namespace": c.kafka.GetNamespace(), "labels": labels,
			"ownerReferences": []any{map[string]any{
				"apiVersion": c.kafka.GetAPIVersion(), "kind": "Kafka", "name": c.kafka.GetName(),
				"uid": string(c.kafka.GetUID()), "controller": false, "blockOwnerDeletion": false,
			}},
		},
		"spec": spec,
	}}
}

// status is what clients read off a cluster that is ready.
func (c *kafkaCluster) status() map[string]any {
	host := c.bootstrapService() + "." + c.kafka.GetNamespace() + ".svc"
	return map[string]any{
		"clusterId":    c.clusterID(),
		"kafkaVersion": c.version, "kafkaMetadataState": "KRaft",
		"kafkaNodePools": []any{map[string]any{"name": c.pool}},
		"listeners": []any{map[string]any{
			"name":             "plain",
			"bootstrapServers": fmt.Sprintf("%s:%d", host, clientPort),
			"addresses":        []any{map[string]any{"host": host, "port": int64(clientPort)}},
		}},
	}
}

func resourceOf(kind string) schema.GroupVersionResource {
	if kind == "Service" {
		return serviceResource
	}
	return podResource
}

// create makes an object that is not there.
func (o *operator) create(ctx context.Context, object *unstructured.Unstructured) error {
	_, err := o.client.Resource(resourceOf(object.GetKind())).Namespace(o.namespace).Create(ctx, object, metav1.CreateOptions{FieldManager: "strimzi-cluster-operator"})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

// removeOrphans removes what belongs to clusters whose resource is gone.
func (o *operator) removeOrphans(ctx context.Context, clusters map[string]bool) error {
	for _, resource := range []schema.GroupVersionResource{podResource, serviceResource} {
		client := o.client.Resource(resource).Namespace(o.namespace)
		list, err := client.List(ctx, metav1.ListOptions{LabelSelector: kindLabel + "=Kafka"})
		if err != nil {
			return fmt.Errorf("list %s: %w", resource.Resource, err)
		}
		for _, object := range list.Items {
			if clusters[object.GetLabels()[clusterLabel]] || object.GetDeletionTimestamp() != nil {
				continue
			}
			if err := client.Delete(ctx, object.GetName(), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
				return fmt.Errorf("delete %s %s: %w", resource.Resource, object.GetName(), err)
			}
		}
	}
	return nil
}

// kafkaImages are the operator's Kafka versions and their images: what STRIMZI_KAFKA_IMAGES says
// in lines of version=image, else those of 0.45.2.
func kafkaImages(c pods.Container) map[string]string {
	images := map[string]string{}
	for line := range strings.Lines(c.Env["STRIMZI_KAFKA_IMAGES"]) {
		if version, image, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			images[version] = image
		}
	}
	if len(images) > 0 {
		return images
	}
	for _, version := range []string{"3.8.0", "3.8.1", "3.9.0", "3.9.1", "3.9.2"} {
		images[version] = "quay.io/strimzi/kafka:0.45.2-kafka-" + version
	}
	return images
}

func versions(images map[string]string) []string { return slices.Sorted(maps.Keys(images)) }

// newest is the default version; all have one digit a part.
func newest(images map[string]string) string { return versions(images)[len(images)-1] }
