package actions

import (
	"context"
	"fmt"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kube"
)

// Where Strimzi puts the one broker of my-cluster.
const (
	kafkaCluster    = "my-cluster"
	bootstrapServer = "my-cluster-kafka-bootstrap:9092"
	brokerPod       = "my-cluster-dual-role-0"
)

const definitionKind = "apiextensions.k8s.io/v1"

func strimzi() Step {
	return Step{
		ID: "strimzi", Screen: ScreenDeployment, Title: "Install the Strimzi operator",
		Why:     "It runs Kafka in the cluster; pinned, because newer ones run only a Kafka that the sample's consumer does not understand.",
		Needs:   []string{"service-account"},
		Reads:   []string{"namespace"},
		Typical: time.Minute,
		Commands: func(in Inputs) []string {
			release := "https://github.com/strimzi/strimzi-kafka-operator/releases/download/" + strimziVersion + "/strimzi-cluster-operator-" + strimziVersion + ".yaml"
			return []string{
				"curl -fsSL " + release + " | sed " + sh("s/namespace: .*/namespace: "+in.Namespace+"/") + " | kubectl apply --server-side --force-conflicts -f - " + sh("--namespace", in.Namespace),
				sh("kubectl", "wait", "deployment/strimzi-cluster-operator", "--for=condition=Available", "--timeout=300s", "--namespace", in.Namespace),
			}
		},
		Probe: probeStrimzi,
		Run:   runStrimzi,
		Undo:  undoStrimzi,
		UndoCommands: func(in Inputs) []string {
			return []string{
				sh("kubectl", "delete", "deployment,serviceaccount,rolebinding,configmap", "--selector", "app=strimzi", "--namespace", in.Namespace),
				"# Only where nobody else in the cluster uses Strimzi:",
				sh("kubectl", "delete", "clusterrolebinding,clusterrole,customresourcedefinition", "--selector", "app=strimzi"),
			}
		},
	}
}

func strimziResource(r *Run) Resource {
	return Resource{Kind: "Strimzi operator", Name: r.Inputs().Namespace + "/strimzi-cluster-operator", In: clusterKind}
}

func operatorRef(r *Run) kube.Ref {
	return kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: r.Inputs().Namespace, Name: "strimzi-cluster-operator"}
}

func probeStrimzi(ctx context.Context, r *Run) (bool, error) {
	k, err := r.Kube(ctx)
	if err != nil {
		return false, err
	}
	found, err := k.Get(ctx, operatorRef(r))
	if err != nil && !kube.IsNotFound(err) {
		return false, fmt.Errorf("look for the Strimzi operator: %w", err)
	}
	if err != nil || !r.Owns(strimziResource(r)) {
		return false, refuseForeignStrimzi(ctx, k)
	}
	return conditionTrue(found, "Available"), nil
}

// refuseForeignStrimzi protects whoever runs another version: the definitions of Strimzi's kinds exist
// once in a cluster.
func refuseForeignStrimzi(ctx context.Context, k Kube) error {
	found, err := k.Get(ctx, kube.Ref{APIVersion: definitionKind, Kind: "CustomResourceDefinition", Name: "kafkas.kafka.strimzi.io"})
	if kube.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for Strimzi: %w", err)
	}
	metadata, _ := found["metadata"].(map[string]any)
	labels, _ := metadata["labels"].(map[string]any)
	if labels["app.kubernetes.io/managed-by"] == "cctui" {
		return nil
	}
	return &Problem{
		ID: "strimzi-exists", Title: "This cluster has a Strimzi of its own",
		Why:      "The walkthrough needs version " + strimziVersion + ", and a cluster can hold only one set of Strimzi's definitions.",
		Remedy:   []string{"Use a cluster without Strimzi, or let cctui make one: leave --existing-cluster away."},
		Commands: []string{"kubectl get customresourcedefinition --selector app=strimzi", "kubectl get kafka --all-namespaces"},
	}
}

func runStrimzi(ctx context.Context, r *Run) error {
	k, err := r.Kube(ctx)
	if err != nil {
		return err
	}
	return r.Create(ctx, strimziResource(r), func(azure.LRO) error {
		if err := k.Apply(ctx, StrimziManifest(r.Inputs().Namespace)); err != nil {
			return fmt.Errorf("install Strimzi %s: %w", strimziVersion, err)
		}
		return awaitCondition(ctx, r, k, operatorRef(r), "Available")
	})
}

// awaitCondition waits for a condition of an object, and shows what the object says meanwhile.
func awaitCondition(ctx context.Context, r *Run, k Kube, ref kube.Ref, condition string) error {
	err := within(ctx, 15*time.Minute, func(ctx context.Context) error {
		return k.WaitCondition(ctx, ref, condition, func(c kube.Condition) {
			r.Progress(Sanitize(fmt.Sprintf("%s: %s %s %s", ref.Name, c.Type, c.Status, c.Reason), maxLine), -1)
		})
	})
	if err != nil {
		return fmt.Errorf("wait for %s to be %s: %w", object(ref), condition, err)
	}
	return nil
}

// conditionTrue reads status.conditions of any object.
func conditionTrue(o kube.Object, name string) bool {
	status, _ := o["status"].(map[string]any)
	conditions, _ := status["conditions"].([]any)
	for _, c := range conditions {
		entry, _ := c.(map[string]any)
		if entry["type"] == name {
			return entry["status"] == "True"
		}
	}
	return false
}

// undoStrimzi takes the definitions away last, and only where nobody has come to use them.
func undoStrimzi(ctx context.Context, r *Run) error {
	return r.Remove(ctx, strimziResource(r), func(azure.LRO) error {
		return withStayingCluster(ctx, r, func(k Kube) error {
			namespace := r.Inputs().Namespace
			for _, ref := range []kube.Ref{
				operatorRef(r),
				{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "RoleBinding", Namespace: namespace, Name: "strimzi-cluster-operator"},
				{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role", Namespace: namespace, Name: "strimzi-cluster-operator"},
				{APIVersion: "v1", Kind: "ConfigMap", Namespace: namespace, Name: "strimzi-cluster-operator"},
				{APIVersion: "v1", Kind: "ServiceAccount", Namespace: namespace, Name: "strimzi-cluster-operator"},
			} {
				if err := k.Delete(ctx, ref); err != nil {
					return fmt.Errorf("delete %s: %w", object(ref), err)
				}
			}
			return deleteDefinitions(ctx, r, k)
		})
	})
}

func deleteDefinitions(ctx context.Context, r *Run, k Kube) error {
	others, err := k.List(ctx, kube.Ref{APIVersion: "kafka.strimzi.io/v1beta2", Kind: "Kafka"}, "")
	if err != nil {
		return fmt.Errorf("look for other Kafka clusters: %w", err)
	}
	if len(others) > 0 {
		r.Keep(strimziResource(r), "its definitions are used by other Kafka clusters")
		return nil
	}
	for _, d := range definitions() {
		ref := kube.Ref{APIVersion: definitionKind, Kind: "CustomResourceDefinition", Name: d.name()}
		if err := k.Delete(ctx, ref); err != nil {
			return fmt.Errorf("delete %s: %w", object(ref), err)
		}
	}
	return nil
}

func kafkaStep() Step {
	return Step{
		ID: "kafka", Screen: ScreenDeployment, Title: "Create the Kafka cluster",
		Why:     "One node, with Kafka 3.9: what carries the messages sees only ciphertext.",
		Needs:   []string{"strimzi"},
		Typical: 2 * time.Minute,
		Commands: func(in Inputs) []string {
			return []string{
				heredoc("kafka.yaml", string(KafkaManifest(in.Namespace))),
				"kubectl apply --server-side -f kafka.yaml",
				sh("kubectl", "wait", "kafka/"+kafkaCluster, "--for=condition=Ready", "--timeout=600s", "--namespace", in.Namespace),
			}
		},
		Probe: probeKafka,
		Run:   runKafka,
		Undo:  undoKafka,
		UndoCommands: func(in Inputs) []string {
			return []string{
				sh("kubectl", "delete", "kafka/"+kafkaCluster, "kafkanodepool/dual-role", "--namespace", in.Namespace),
				sh("kubectl", "delete", "persistentvolumeclaim", "--selector", "strimzi.io/cluster="+kafkaCluster, "--namespace", in.Namespace),
			}
		},
	}
}

func probeKafka(ctx context.Context, r *Run) (bool, error) {
	k, err := r.Kube(ctx)
	if err != nil {
		return false, err
	}
	found, err := k.Get(ctx, kafkaRef(r))
	switch {
	case kube.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for Kafka: %w", err)
	case !conditionTrue(found, "Ready") || !r.Owns(object(kafkaRef(r))):
		return false, nil
	}
	return true, recordKafka(r)
}

func runKafka(ctx context.Context, r *Run) error {
	k, err := r.Kube(ctx)
	if err != nil {
		return err
	}
	manifest := KafkaManifest(r.Inputs().Namespace)
	if err := claim(ctx, r, k, kafkaRef(r), manifest); err != nil {
		return err
	}
	if err := awaitCondition(ctx, r, k, kafkaRef(r), "Ready"); err != nil {
		return err
	}
	return recordKafka(r)
}

func kafkaRef(r *Run) kube.Ref {
	return kube.Ref{APIVersion: "kafka.strimzi.io/v1beta2", Kind: "Kafka", Namespace: r.Inputs().Namespace, Name: kafkaCluster}
}

func recordKafka(r *Run) error {
	return r.Update(func(o *Outputs) {
		o.BootstrapServer, o.BrokerPod = bootstrapServer, brokerPod
		if server := r.Profile().BootstrapServer; server != "" {
			o.BootstrapServer = server
		}
	})
}

// undoKafka removes the cluster before its operator, and the disks that would go on costing.
func undoKafka(ctx context.Context, r *Run) error {
	return r.Remove(ctx, object(kafkaRef(r)), func(azure.LRO) error {
		return withStayingCluster(ctx, r, func(k Kube) error {
			pool := kafkaRef(r)
			pool.Kind, pool.Name = "KafkaNodePool", "dual-role"
			refs := []kube.Ref{kafkaRef(r), pool}
			claim := kube.Ref{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: pool.Namespace}
			claims, err := k.List(ctx, claim, "strimzi.io/cluster="+kafkaCluster)
			if err != nil {
				return fmt.Errorf("look for Kafka's disks: %w", err)
			}
			for _, found := range claims {
				metadata, _ := found["metadata"].(map[string]any)
				claim.Name, _ = metadata["name"].(string)
				refs = append(refs, claim)
			}
			for _, ref := range refs {
				if err := k.Delete(ctx, ref); err != nil {
					return fmt.Errorf("delete %s: %w", object(ref), err)
				}
			}
			return nil
		})
	})
}
