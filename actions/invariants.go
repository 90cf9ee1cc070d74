package actions

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kafka"
	"github.com/cctui/cctui/kube"
)

func invariants() Step {
	return Step{
		ID: "invariants", Screen: ScreenDeployment, Title: "Check that everything fits together",
		Why:     "Most failures of this walkthrough are two values that should be equal and are not.",
		Needs:   []string{"consumer", "producer"},
		Typical: 5 * time.Second,
		Commands: func(in Inputs) []string {
			annotation := `{.metadata.annotations.io\.katacontainers\.config\.agent\.policy}`
			return []string{
				`echo "measurement of the manifest: ${WORKLOAD_MEASUREMENT}"`,
				sh("kubectl", "get", "pod", consumerPod, "--namespace", in.Namespace, "--output", "jsonpath="+annotation) + " | base64 -d | sha256sum",
				sh(append([]string{"az", "keyvault", "key", "show", "--name", in.Key, "--query", "releasePolicy"}, vaultFlag(in)...)...),
				sh("curl", "--silent", "https://"+variable("MAA_ENDPOINT")+"/.well-known/openid-configuration"),
				sh("az", "identity", "federated-credential", "show", "--resource-group", in.ResourceGroup, "--identity-name", in.Identity, "--name", in.FederatedCredential),
			}
		},
		Run: func(ctx context.Context, r *Run) error { return CheckInvariants(ctx, r) },
	}
}

// CheckInvariants holds against each other what must be equal for the key to be released and the
// message to be read. A mismatch is a *Problem that names both values; other errors say that
// something could not be read.
func CheckInvariants(ctx context.Context, r *Run) error {
	w, err := observe(ctx, r)
	if err != nil {
		return err
	}
	for _, check := range []func(*world) error{
		checkMessageLength,
		checkTopics,
		checkSidecar,
		checkHashes,
		checkKeyPolicy,
		checkEndpoints,
		checkPublicKey,
	} {
		if err := check(w); err != nil {
			return err
		}
	}
	if err := checkAuthority(ctx, r); err != nil {
		return err
	}
	if err := checkFederation(ctx, r); err != nil {
		return err
	}
	return checkPodRoles(ctx, r)
}

// world is what stands at the moment, next to what the run wanted.
type world struct {
	in                 Inputs
	out                Outputs
	profile            Profile
	demands            demands
	consumer, producer kube.Pod
	key                azure.Key
}

func observe(ctx context.Context, r *Run) (*world, error) {
	k, err := r.Kube(ctx)
	if err != nil {
		return nil, err
	}
	w := &world{in: r.Inputs(), out: r.Outputs(), profile: r.Profile(), demands: releasePolicy(r)}
	if w.consumer, err = k.Pod(ctx, w.in.Namespace, consumerPod); err != nil {
		return nil, fmt.Errorf("read the consumer's pod: %w", err)
	}
	if w.producer, err = k.Pod(ctx, w.in.Namespace, producerPod); err != nil {
		return nil, fmt.Errorf("read the producer's pod: %w", err)
	}
	w.key, err = r.Azure().Key(ctx, w.out.VaultURI, w.in.Key)
	if azure.IsNotFound(err) {
		return nil, keyGone(w.in)
	}
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", w.in.Key, err)
	}
	return w, nil
}

func keyGone(in Inputs) error {
	return &Problem{
		ID: "key-deleted", Title: "The key " + in.Key + " is gone from the vault",
		Why:      "Somebody deleted it after it was made. Without it nothing can be decrypted.",
		Cures:    offer("recover-key", "again-key"),
		Remedy:   []string{"Recover it, or run again from the step key (--from key) to make a new one."},
		Commands: []string{sh(append([]string{"az", "keyvault", "key", "recover", "--name", in.Key}, vaultFlag(in)...)...)},
	}
}

func checkMessageLength(w *world) error {
	if got := len(kafka.FormatMessage(99, w.in.Message)); got > kafka.MaxMessage {
		return &Problem{
			ID: "message-too-long", Title: fmt.Sprintf("The message has %d bytes with its number; %d fit under the key", got, kafka.MaxMessage),
			Remedy: []string{"Choose a shorter one with --message."},
		}
	}
	return nil
}

func checkTopics(w *world) error {
	return sameTopic(env(w.producer, producerPod, "TOPIC"), env(w.consumer, consumerPod, "TOPIC"))
}

func sameTopic(writes, reads string) error {
	if reads == writes {
		return nil
	}
	return &Problem{
		ID: "topic-mismatch", Title: "Producer and consumer use different topics",
		Why:    Sanitize(fmt.Sprintf("The producer writes to %q, the consumer reads %q.", writes, reads), maxLogText),
		Cures:  offer("again-producer"),
		Remedy: []string{"Restart the producer with the consumer's topic: run again from the step producer (--from producer).", "If it happens again, something in the cluster changes pods on admission."},
		Commands: []string{
			"kubectl get mutatingwebhookconfigurations",
		},
	}
}

func env(pod kube.Pod, name, variable string) string {
	c, _ := container(pod, name)
	return c.Env[variable]
}

func checkSidecar(w *world) error {
	if _, there := container(w.consumer, sidecarContainer); there {
		return nil
	}
	return &Problem{
		ID: "no-sidecar", Title: "The consumer's pod has no container " + sidecarContainer,
		Why:    "The sidecar is what proves to the vault what runs in the pod; without it nobody asks for the key.",
		Cures:  offer("again-consumer"),
		Remedy: []string{"Find out what removed it from the pod: something in the cluster changes pods on admission. Then run again from the step consumer (--from consumer)."},
		Commands: []string{
			"kubectl get mutatingwebhookconfigurations",
			sh("kubectl", "get", "pod", consumerPod, "--namespace", w.in.Namespace, "--output", "jsonpath={.spec.containers[*].name}"),
		},
	}
}

// checkHashes follows the measurement from the manifest to the live pod.
func checkHashes(w *world) error {
	written, err := readManifest([]byte(w.out.ConsumerManifest), w.profile.PolicyAnnotation)
	if err != nil {
		return err
	}
	live := policyHash(w.consumer.Annotations[w.profile.PolicyAnnotation])
	switch {
	case written.measurement != w.out.Measurement:
		return policyDrift("the consumer's manifest", written.measurement, "the key's release policy", w.out.Measurement)
	case live != w.out.Measurement:
		return policyDrift("the running pod", live, "the key's release policy", w.out.Measurement)
	}
	return nil
}

func policyHash(annotation string) string {
	if annotation == "" {
		return ""
	}
	return measure(annotation)
}

func checkKeyPolicy(w *world) error { return w.demands.check(w.key.ReleasePolicy) }

// checkEndpoints compares what the consumer asks with where the key and its policy are.
func checkEndpoints(w *world) error {
	for _, e := range []struct{ variable, want string }{
		{"SkrClientMAAEndpoint", w.out.AttestationHost},
		{"SkrClientAKVEndpoint", strings.TrimPrefix(w.out.VaultURI, "https://")},
		{"SkrClientKID", w.in.Key},
	} {
		got := env(w.consumer, consumerPod, e.variable)
		if got == e.want {
			continue
		}
		if e.variable == "SkrClientMAAEndpoint" {
			return wrongAuthority("the consumer asks "+got, "the key's release policy trusts "+w.out.Authority)
		}
		return &Problem{
			ID: "consumer-endpoint", Title: fmt.Sprintf("The consumer's %s is %q, not %q", e.variable, Sanitize(got, maxLine), e.want),
			Why:    "It asks for another key than the one that the producer encrypts for.",
			Cures:  offer("again-policy"),
			Remedy: []string{"Run again from the step policy (--from policy): the value is part of what the security policy fixes."},
		}
	}
	return nil
}

func checkPublicKey(w *world) error {
	used := env(w.producer, producerPod, "PUBKEY")
	if samePEM(used, w.key.PublicPEM) {
		return nil
	}
	return &Problem{
		ID: "public-key-old", Title: "The producer encrypts for an old version of the key",
		Why: fmt.Sprintf("The newest version is %s; the consumer gets that one, and it cannot read what was encrypted with the key %s.",
			w.key.Version, fingerprintPEM(used)),
		Cures:  offer("again-public-key"),
		Remedy: []string{"Give the producer the present public key: run again from the step public-key (--from public-key)."},
		Commands: []string{
			sh(append([]string{"az", "keyvault", "key", "list-versions", "--name", w.in.Key, "--output", "table"}, vaultFlag(w.in)...)...),
		},
	}
}

// checkAuthority asks the attestation service once more: a provider can be deleted and made again.
func checkAuthority(ctx context.Context, r *Run) error {
	out := r.Outputs()
	found, err := r.Attester().Metadata(ctx, out.AttestationHost)
	if err != nil {
		return fmt.Errorf("ask the attestation service: %w", err)
	}
	if found.Issuer != out.Authority {
		return wrongAuthority("the attestation service calls itself "+found.Issuer, "the key's release policy trusts "+out.Authority)
	}
	return nil
}

// checkFederation compares the credential with the cluster as it is now: a cluster that was made
// again has another issuer.
func checkFederation(ctx context.Context, r *Run) error {
	found, err := readFederation(ctx, r)
	if err != nil {
		return err
	}
	group, name := clusterPlace(r)
	cluster, err := r.Azure().Cluster(ctx, group, name)
	if err != nil {
		return fmt.Errorf("read cluster %s: %w", name, err)
	}
	wanted := wantedFederation(r)
	wanted.Issuer = cluster.IssuerURL
	for _, part := range []struct{ name, got, want string }{
		{"subject", found.Subject, wanted.Subject},
		{"issuer", found.Issuer, wanted.Issuer},
		{"audience", found.Audience, wanted.Audience},
	} {
		if part.got != part.want {
			return federationDiffers(r, part.name, part.got, part.want)
		}
	}
	return nil
}

func federationDiffers(r *Run, part, got, want string) error {
	in := r.Inputs()
	return &Problem{
		ID: "federated-" + part, Title: "The federated credential has the wrong " + part,
		Why:   Sanitize(fmt.Sprintf("It is %q, and the cluster's tokens have %q. Entra compares them to the letter, and refuses the pod's sign-in.", got, want), maxLogText),
		Cures: offer("again-federated-credential"),
		Remedy: []string{
			"Remove the credential and run again from the step federated-credential (--from federated-credential).",
		},
		Commands: []string{
			sh("az", "identity", "federated-credential", "delete", "--resource-group", in.ResourceGroup, "--identity-name", in.Identity, "--name", in.FederatedCredential, "--yes"),
		},
		Links: []string{"https://learn.microsoft.com/azure/aks/workload-identity-overview"},
	}
}

// checkPodRoles reads whether the pod's roles are assigned; whether they are in effect only the pod can tell.
func checkPodRoles(ctx context.Context, r *Run) error {
	out := r.Outputs()
	for _, g := range grants(r) {
		if g.wants.PrincipalID != out.PrincipalID {
			continue
		}
		present, err := g.present(ctx, r)
		if err != nil {
			return err
		}
		if !present {
			return roleMissing(r, g.who, out.PrincipalID, g.wants.PrincipalType, g.role, "")
		}
	}
	return nil
}
