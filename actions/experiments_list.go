package actions

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// experiments are all of them, in the order of a menu.
func experiments() []Experiment {
	return []Experiment{
		{
			ID: "no-sidecar", Title: "Take the sidecar away",
			Sees:  "The same pod without the container that attests it. Nobody asks the vault for the key, so the consumer sees what everybody sees.",
			Apply: changed(withoutSidecar),
		},
		{
			ID: "policy-drift", Title: "Change one byte of the security policy",
			Sees:  "A line break more, which means nothing. But the hardware measures the policy, and its hash is not the one the key was made for.",
			Apply: changed(withOneByteMore),
		},
		{
			ID: "ordinary-pod", Title: "Run the consumer as an ordinary pod",
			Sees:  "The same pod, sidecar and all, without its confidential guest. There is no hardware to report on it, and a made-up report is not believed.",
			Apply: changed(asOrdinaryPod),
		},
		{
			ID: "wrong-authority", Title: "Let another authority attest the consumer",
			Sees:  "A genuine report, and a genuine token of another attestation service. The release policy trusts one by name, and this is not the one. The pod's policy fixes whom it asks, so it is generated anew, which takes its time.",
			Apply: attestedElsewhere,
		},
		{
			ID: "debuggable-guest", Title: "Attest a guest that can be debugged",
			Sees:     "The guest is genuine, but its host could look inside, and its report says so.",
			Apply:    inDebuggableGuest,
			Restore:  func(ctx context.Context, r *Run) error { return r.w.options.Adapters.Guests.Debuggable(ctx, false) },
			possible: func(a Adapters) bool { return a.Guests != nil },
		},
	}
}

// podManifest is the part of a pod's manifest that experiments change; the rest is left as it is.
type podManifest map[string]any

func (p podManifest) part(name string) map[string]any {
	part, _ := p[name].(map[string]any)
	return part
}

// changed applies a change to the consumer as it was made, its policy included.
func changed(change func(podManifest, Profile) error) func(context.Context, *Run) ([]byte, error) {
	return func(_ context.Context, r *Run) ([]byte, error) {
		var pod podManifest
		text := strings.TrimSuffix(strings.TrimSpace(r.Outputs().ConsumerManifest), "---")
		if err := yaml.Unmarshal([]byte(text), &pod); err != nil {
			return nil, fmt.Errorf("read the consumer's manifest: %w", err)
		}
		if err := change(pod, r.Profile()); err != nil {
			return nil, err
		}
		return yaml.Marshal(pod)
	}
}

func withoutSidecar(pod podManifest, _ Profile) error {
	containers, _ := pod.part("spec")["containers"].([]any)
	var rest []any
	for _, c := range containers {
		if container, _ := c.(map[string]any); container["name"] != sidecarContainer {
			rest = append(rest, c)
		}
	}
	if len(rest) == len(containers) {
		return errors.New("the consumer has no sidecar")
	}
	pod.part("spec")["containers"] = rest
	return nil
}

// withOneByteMore keeps the policy one that the guest understands.
func withOneByteMore(pod podManifest, p Profile) error {
	annotations, _ := pod.part("metadata")["annotations"].(map[string]any)
	annotation, _ := annotations[p.PolicyAnnotation].(string)
	rego, err := base64.StdEncoding.DecodeString(annotation)
	if err != nil || len(rego) == 0 {
		return errors.New("the consumer has no security policy that can be read")
	}
	annotations[p.PolicyAnnotation] = base64.StdEncoding.EncodeToString(append(rego, '\n'))
	return nil
}

func asOrdinaryPod(pod podManifest, _ Profile) error {
	delete(pod.part("spec"), "runtimeClassName")
	return nil
}

// attestedElsewhere needs a policy of its own: the consumer's fixes whom it asks.
func attestedElsewhere(ctx context.Context, r *Run) ([]byte, error) {
	out := r.Outputs()
	host, err := anotherAuthority(ctx, r, out.AttestationHost)
	if err != nil {
		return nil, err
	}
	out.AttestationHost = host
	r.Progress("generating the security policy for a consumer that asks "+host, -1)
	manifest, _, err := r.CLI().GeneratePolicy(ctx, render("consumer.yaml", newValues(r.Inputs(), r.Profile(), out)))
	if err != nil {
		return nil, fmt.Errorf("generate the security policy: %w", err)
	}
	return manifest, nil
}

// anotherAuthority is a shared attestation service that answers: the region's, or else another's.
// Source: learn.microsoft.com, Azure Attestation, regional shared providers.
func anotherAuthority(ctx context.Context, r *Run, host string) (string, error) {
	labels := strings.SplitN(host, ".", 3)
	if len(labels) != 3 {
		return "", fmt.Errorf("the attestation service %s is in no region", host)
	}
	var errs []error
	for _, region := range []string{labels[1], "eus", "weu"} {
		shared := "shared" + region + "." + region + "." + labels[2]
		if shared == host {
			continue
		}
		_, err := r.Attester().Metadata(ctx, shared)
		if err == nil {
			return shared, nil
		}
		errs = append(errs, err)
	}
	return "", fmt.Errorf("find another attestation service: %w", errors.Join(errs...))
}

func inDebuggableGuest(ctx context.Context, r *Run) ([]byte, error) {
	if err := r.w.options.Adapters.Guests.Debuggable(ctx, true); err != nil {
		return nil, fmt.Errorf("make guests debuggable: %w", err)
	}
	return []byte(r.Outputs().ConsumerManifest), nil
}
