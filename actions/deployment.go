package actions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cctui/cctui/kube"
)

// The names the article gives.
const (
	consumerPod      = "kafka-golang-consumer"
	consumerService  = "consumer"
	sidecarContainer = "skr"
	producerPod      = "kafka-producer"
	pagePort         = 80
)

func consumer() Step {
	return Step{
		ID: "consumer", Screen: ScreenDeployment, Title: "Start the confidential consumer",
		Why:     "Its sidecar proves to the vault what runs here, and gets the key for it.",
		Needs:   []string{"key", "policy", "runtime-class", "service-account", "federated-credential", "kafka"},
		Reads:   []string{"expose"},
		Typical: time.Minute,
		Commands: func(in Inputs) []string {
			return []string{
				heredoc("consumer-service.yaml", string(render("consumer-service.yaml", shellValues(in)))),
				"kubectl apply --server-side -f consumer-service.yaml",
				"kubectl apply --server-side -f consumer.yaml",
				sh("kubectl", "wait", "pod/"+consumerPod, "--for=condition=Ready", "--timeout=600s", "--namespace", in.Namespace),
				sh("kubectl", "get", "svc", consumerService, "-n", in.Namespace),
			}
		},
		Probe:  probeConsumer,
		Run:    runConsumer,
		Renews: "the consumer's pod is replaced",
		Undo: func(ctx context.Context, r *Run) error {
			if err := endExperiment(ctx, r); err != nil {
				return err
			}
			return removeObjects(ctx, r, podRef(r, consumerPod), serviceRef(r, consumerService))
		},
		UndoCommands: func(in Inputs) []string {
			return []string{
				sh("kubectl", "delete", "pod", consumerPod, "--namespace", in.Namespace),
				sh("kubectl", "delete", "service", consumerService, "--namespace", in.Namespace),
			}
		},
	}
}

// probeConsumer takes no consumer that an experiment was done on, and none that asks for the key
// elsewhere, or not at all.
func probeConsumer(ctx context.Context, r *Run) (bool, error) {
	if r.w.Experiment() != "" {
		return false, nil
	}
	k, err := r.Kube(ctx)
	if err != nil {
		return false, err
	}
	service, err := k.Get(ctx, serviceRef(r, consumerService))
	if kube.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for the consumer's service: %w", err)
	}
	if !exposedAs(service, r.Inputs().Expose) || r.Inputs().Expose != ExposeCluster && r.Outputs().Address == "" {
		return false, nil
	}
	return runs(ctx, r, k, consumerPod, wantedConsumer(r))
}

// wantedConsumer tells whether a consumer's pod is the one whose policy was measured.
func wantedConsumer(r *Run) func(kube.Pod) bool {
	return func(pod kube.Pod) bool {
		wanted, err := readManifest([]byte(r.Outputs().ConsumerManifest), r.Profile().PolicyAnnotation)
		found := &world{in: r.Inputs(), out: r.Outputs(), consumer: pod}
		return err == nil && pod.Annotations[r.Profile().PolicyAnnotation] == wanted.annotation &&
			checkSidecar(found) == nil && checkEndpoints(found) == nil
	}
}

const internalAnnotation = "service.beta.kubernetes.io/azure-load-balancer-internal"

func exposedAs(service kube.Object, expose string) bool {
	spec, _ := service["spec"].(map[string]any)
	if expose == ExposeCluster {
		return spec["type"] == "ClusterIP"
	}
	return spec["type"] == "LoadBalancer" && (annotation(service, internalAnnotation) == "true") == (expose == ExposeInternal)
}

// runs tells whether a pod of the run's is ready and as it should be.
func runs(ctx context.Context, r *Run, k Kube, name string, asWanted func(kube.Pod) bool) (bool, error) {
	pod, err := k.Pod(ctx, r.Inputs().Namespace, name)
	if kube.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for pod %s: %w", name, err)
	}
	return pod.Ready && !pod.Deleting && r.Owns(object(podRef(r, name))) && asWanted(pod), nil
}

// runConsumer asks for the address first: a load balancer takes as long as a pod.
func runConsumer(ctx context.Context, r *Run) error {
	k, err := r.Kube(ctx)
	if err != nil {
		return err
	}
	if r.Inputs().Expose == ExposePublic {
		r.Logf("The consumer's page will be on a public address over plain HTTP: whoever finds it reads the decrypted messages")
	}
	v := newValues(r.Inputs(), r.Profile(), r.Outputs())
	if err := claim(ctx, r, k, serviceRef(r, consumerService), render("consumer-service.yaml", v)); err != nil {
		return err
	}
	if r.w.Experiment() != "" {
		err = restore(ctx, r, k)
	} else {
		err = resume(ctx, r, k, consumerPod, []byte(r.Outputs().ConsumerManifest), wantedConsumer(r))
	}
	if err != nil {
		return err
	}
	return recordAddress(ctx, r, k)
}

func startConsumer(ctx context.Context, r *Run, k Kube) error {
	return start(ctx, r, k, consumerPod, []byte(r.Outputs().ConsumerManifest))
}

func recordAddress(ctx context.Context, r *Run, k Kube) error {
	var address string
	if r.Inputs().Expose != ExposeCluster {
		err := within(ctx, 10*time.Minute, func(ctx context.Context) (err error) {
			address, err = k.ServiceAddress(ctx, r.Inputs().Namespace, consumerService, func(text string) {
				r.Progress(Sanitize(text, maxLine), -1)
			})
			return err
		})
		if err != nil {
			return fmt.Errorf("wait for the address of the consumer's service: %w", err)
		}
	}
	return r.Update(func(o *Outputs) { o.Address = address })
}

// claim applies an object, unless somebody else's has its name.
func claim(ctx context.Context, r *Run, k Kube, ref kube.Ref, manifest []byte) error {
	_, err := k.Get(ctx, ref)
	if err != nil && !kube.IsNotFound(err) {
		return fmt.Errorf("look for %s: %w", object(ref), err)
	}
	if err == nil && !r.Owns(object(ref)) {
		return nameTaken(object(ref), "namespace", "The walkthrough uses the article's names, and would replace it.")
	}
	return apply(ctx, r, k, ref, manifest)
}

// start makes a pod anew and waits until it is ready. Most of a pod cannot be changed, so one that
// is there already is deleted first.
func start(ctx context.Context, r *Run, k Kube, name string, manifest []byte) error {
	return resume(ctx, r, k, name, manifest, func(kube.Pod) bool { return false })
}

// resume is start, except for a pod that an earlier process began and that is as it should be: it is
// waited for, not made anew.
func resume(ctx context.Context, r *Run, k Kube, name string, manifest []byte, asWanted func(kube.Pod) bool) error {
	ref := podRef(r, name)
	found, err := k.Pod(ctx, ref.Namespace, name)
	if err != nil && !kube.IsNotFound(err) {
		return fmt.Errorf("look for pod %s: %w", name, err)
	}
	if err == nil && r.Owns(object(ref)) && (r.Again() || !unharmed(found) || !asWanted(found)) {
		r.Progress("removing the old pod "+name, -1)
		if err := k.Delete(ctx, ref); err != nil {
			return fmt.Errorf("delete pod %s: %w", name, err)
		}
	}
	if err := claim(ctx, r, k, ref, manifest); err != nil {
		return err
	}
	err = within(ctx, 15*time.Minute, func(ctx context.Context) error {
		_, err := k.WaitPod(ctx, ref.Namespace, name, func(pod kube.Pod) { r.Progress(podProgress(pod), -1) })
		return err
	})
	if err != nil {
		return fmt.Errorf("start pod %s: %w", name, err)
	}
	return nil
}

// toleratedCrashes is how often a container may be restarted before its pod is given up: a consumer
// that asked before its sidecar listened is cured by that.
const toleratedCrashes = 2

// unharmed tells whether a pod is ready, or may well become so by itself.
func unharmed(pod kube.Pod) bool {
	passing := []string{"", "ContainerCreating", "PodInitializing", "CrashLoopBackOff"}
	return !pod.Deleting && pod.Phase != "Failed" && !slices.ContainsFunc(pod.Containers, func(c kube.Container) bool {
		return c.Restarts > toleratedCrashes || c.State == "waiting" && !slices.Contains(passing, c.Reason)
	})
}

// podProgress says how far a pod is, container by container.
func podProgress(pod kube.Pod) string {
	parts := []string{pod.Name + ": " + pod.Phase}
	for _, c := range pod.Containers {
		state := c.State
		if c.Reason != "" {
			state = c.Reason
		}
		parts = append(parts, c.Name+" "+state)
	}
	return Sanitize(strings.Join(parts, ", "), maxLine)
}

func producer() Step {
	return Step{
		ID: "producer", Screen: ScreenDeployment, Title: "Start the producer",
		Why:     "It encrypts each message with the public key before Kafka sees it.",
		Needs:   []string{"public-key", "kafka"},
		Reads:   []string{"topic", "message", "producer-image"},
		Typical: 30 * time.Second,
		Commands: func(in Inputs) []string {
			return []string{
				heredoc("producer.yaml", string(render("producer.yaml", shellValues(in)))),
				"kubectl apply --server-side -f producer.yaml",
				sh("kubectl", "wait", "pod/"+producerPod, "--for=condition=Ready", "--timeout=300s", "--namespace", in.Namespace),
			}
		},
		Probe:  probeProducer,
		Renews: "the producer's pod is replaced",
		Run: func(ctx context.Context, r *Run) error {
			k, err := r.Kube(ctx)
			if err != nil {
				return err
			}
			return resume(ctx, r, k, producerPod, render("producer.yaml", newValues(r.Inputs(), r.Profile(), r.Outputs())), wantedProducer(r))
		},
		Undo: func(ctx context.Context, r *Run) error { return removeObjects(ctx, r, podRef(r, producerPod)) },
		UndoCommands: func(in Inputs) []string {
			return []string{sh("kubectl", "delete", "pod", producerPod, "--namespace", in.Namespace)}
		},
	}
}

func probeProducer(ctx context.Context, r *Run) (bool, error) {
	k, err := r.Kube(ctx)
	if err != nil {
		return false, err
	}
	return runs(ctx, r, k, producerPod, wantedProducer(r))
}

func wantedProducer(r *Run) func(kube.Pod) bool {
	in, out := r.Inputs(), r.Outputs()
	return func(pod kube.Pod) bool {
		c, ok := container(pod, producerPod)
		return ok && c.Image == in.ProducerImage && c.Env["TOPIC"] == in.Topic && c.Env["MSG"] == literal(in.Message) && samePEM(c.Env["PUBKEY"], out.PublicKey)
	}
}

// container finds a container of a pod by name.
func container(pod kube.Pod, name string) (kube.Container, bool) {
	for _, c := range pod.Containers {
		if c.Name == name {
			return c, true
		}
	}
	return kube.Container{}, false
}

// samePEM compares keys, not the white space around them.
func samePEM(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}
