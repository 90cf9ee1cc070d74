package kubernetes_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/sandbox/kubernetes"
	"github.com/cctui/cctui/sandbox/pods"
	"github.com/cctui/cctui/sandbox/policy"
)

const (
	consumerImage = "mcr.microsoft.com/acc/samples/kafka/consumer:1.0"
	sidecarImage  = "mcr.microsoft.com/aci/skr:2.12"
	clientID      = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
)

// policyText is the policy of the consumer pod, as the generator makes it.
func policyText(t *testing.T) string {
	t.Helper()
	request := policy.Request{Namespace: "kafka", Pod: "consumer", Name: "consumer", Image: consumerImage, Env: map[string]string{"TOPIC": "t"}}
	sidecar := policy.Request{Namespace: "kafka", Pod: "consumer", Name: "skr", Image: sidecarImage, Command: []string{"/skr.sh"}}
	document, err := policy.Generate([]policy.Request{request, sidecar})
	if err != nil {
		t.Fatal(err)
	}
	text, err := document.Rego()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// consumer is the manifest of a confidential pod with this policy and topic.
func consumer(policy, topic string) []byte {
	return fmt.Appendf(nil, `
apiVersion: v1
kind: Namespace
metadata: {name: kafka}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: account, namespace: kafka, annotations: {azure.workload.identity/client-id: %s}}
---
apiVersion: v1
kind: Pod
metadata:
  name: consumer
  namespace: kafka
  labels: {azure.workload.identity/use: "true"}
  annotations: {io.katacontainers.config.agent.policy: %s}
spec:
  serviceAccountName: account
  runtimeClassName: kata-cc-isolation
  containers:
  - {name: consumer, image: %q, env: [{name: TOPIC, value: %s}]}
  - {name: skr, image: %q, command: [/skr.sh]}
`, clientID, base64.StdEncoding.EncodeToString([]byte(policy)), consumerImage, topic, sidecarImage)
}

// guest is a TEE that reports its host data.
type guest [32]byte

func (g guest) Report(context.Context, [64]byte) ([]byte, error) { return g[:], nil }

// captured hands out the container of the first consumer that runs.
func captured() (pods.Registry, <-chan pods.Container) {
	containers := make(chan pods.Container, 1)
	idle := func(ctx context.Context, c pods.Container) error {
		if c.Name != "skr" {
			containers <- c
		}
		<-ctx.Done()
		return nil
	}
	return func(string) (pods.Image, bool) { return idle, true }, containers
}

func withFaults(registry pods.Registry, faults ...string) func(*kubernetes.Options) {
	return func(o *kubernetes.Options) {
		on := conditionsOf{}
		for _, fault := range faults {
			on[fault] = true
		}
		o.Conditions, o.Images = on, registry
		o.TEE = func(hostData [32]byte) pods.TEE { return guest(hostData) }
	}
}

func apply(t *testing.T, client *kube.Client, manifest []byte) {
	t.Helper()
	if err := client.Apply(t.Context(), manifest); err != nil {
		t.Fatal(err)
	}
}

func ready(t *testing.T, client *kube.Client, name string) kube.Pod {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	pod, err := client.WaitPod(ctx, "kafka", name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

func TestAConfidentialPodIsMeasuredAndHasAnIdentity(t *testing.T) {
	registry, containers := captured()
	cluster, client := start(t, withFaults(registry))
	text := policyText(t)
	apply(t, client, consumer(text, "t"))
	pod := ready(t, client, "consumer")
	container := <-containers

	if !strings.HasPrefix(pod.Node, "aks-kata-") {
		t.Errorf("node = %s, want one of the confidential pool", pod.Node)
	}
	report, err := container.TEE.Report(t.Context(), [64]byte{})
	if want := sha256.Sum256([]byte(text)); err != nil || string(report) != string(want[:]) {
		t.Errorf("host data = %x, %v; want the policy's hash %x", report, err, want)
	}
	if got := container.Env["AZURE_CLIENT_ID"]; got != clientID {
		t.Errorf("AZURE_CLIENT_ID = %q, want %s", got, clientID)
	}
	assertion, err := container.ReadFile(container.Env["AZURE_FEDERATED_TOKEN_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.ParseSigned(string(assertion), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		t.Fatal(err)
	}
	wanted := jwt.Expected{
		Issuer: cluster.Issuer(), Subject: "system:serviceaccount:kafka:account",
		AnyAudience: jwt.Audience{"api://AzureADTokenExchange"}, Time: time.Now(),
	}
	if err := claims.Validate(wanted); err != nil {
		t.Errorf("claims = %+v: %v", claims, err)
	}
	apply(t, client, consumer(text, "t")) // what admission injected stays, so that nothing changes
}

func TestAPodThatIsNotAsItsPolicySaysIsBlocked(t *testing.T) {
	text := policyText(t)
	for name, manifest := range map[string][]byte{
		"another environment":   consumer(text, "edited"),
		"another policy format": consumer("package other", "t"),
		"no policy":             consumer("", "t"),
	} {
		t.Run(name, func(t *testing.T) {
			registry, _ := captured()
			_, client := start(t, withFaults(registry))
			apply(t, client, manifest)
			_, err := client.WaitPod(t.Context(), "kafka", "consumer", nil)
			failed, ok := errors.AsType[*kube.PodError](err)
			if !ok {
				t.Fatalf("wait = %v, want a PodError", err)
			}
			said := fmt.Sprint(failed.Events)
			if !strings.Contains(said, "blocked by policy") && !strings.Contains(said, "SetPolicyRequest") {
				t.Errorf("events = %s, want the policy named", said)
			}
		})
	}
}

func TestAConfidentialPodsPortsAreForwardedToNobody(t *testing.T) {
	_, client := start(t, nil)
	apply(t, client, consumer(policyText(t), "t"))
	ready(t, client, "consumer")
	conn, err := client.Dial(t.Context(), "kafka", "consumer", 8080)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.ReadAll(conn); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("read = %v, want: connection refused", err)
	}
}

func TestScriptedFaultsChangePodsAtAdmission(t *testing.T) {
	text := policyText(t)
	for fault, changed := range map[string]func(kube.Pod) bool{
		"policy-drift": func(p kube.Pod) bool {
			return p.Annotations["io.katacontainers.config.agent.policy"] != base64.StdEncoding.EncodeToString([]byte(text))
		},
		"no-sidecar": func(p kube.Pod) bool { return len(p.Containers) == 1 },
	} {
		t.Run(fault, func(t *testing.T) {
			registry, _ := captured()
			_, client := start(t, withFaults(registry, fault))
			apply(t, client, consumer(text, "t"))
			if pod := ready(t, client, "consumer"); !changed(pod) {
				t.Errorf("pod = %+v, want it changed by %s", pod, fault)
			}
		})
	}
	t.Run("topic-mismatch", func(t *testing.T) {
		registry, containers := captured()
		_, client := start(t, withFaults(registry, "topic-mismatch"))
		apply(t, client, []byte("{apiVersion: v1, kind: Pod, metadata: {name: producer, namespace: default}, spec: {containers: [{name: p, image: x/producer:1, env: [{name: TOPIC, value: t}]}]}}"))
		if container := <-containers; container.Env["TOPIC"] == "t" {
			t.Error("the producer's topic is as it was applied, want another")
		}
	})
	t.Run("a new version", func(t *testing.T) {
		registry, _ := captured()
		_, client := start(t, func(o *kubernetes.Options) { withFaults(registry)(o); o.Version = "1.32.9" })
		err := client.Apply(t.Context(), consumer(text, "t"))
		if err == nil || !strings.Contains(err.Error(), `RuntimeClass "kata-cc-isolation" not found`) {
			t.Errorf("apply = %v, want the runtime class missing", err)
		}
	})
	t.Run("runtime-class-missing", func(t *testing.T) {
		registry, _ := captured()
		_, client := start(t, withFaults(registry, "runtime-class-missing"))
		err := client.Apply(t.Context(), consumer(text, "t"))
		if err == nil || !strings.Contains(err.Error(), `RuntimeClass "kata-cc-isolation" not found`) {
			t.Errorf("apply = %v, want the runtime class missing", err)
		}
	})
}
