package actions

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/cctui/cctui/skr"
)

func policy() Step {
	return Step{
		ID: "policy", Screen: ScreenKeys, Title: "Render the consumer and generate its security policy",
		Why:     "The policy fixes images, commands and environment of the pod; its hash is what the key will be bound to.",
		Needs:   []string{"vault", "attestation"},
		Reads:   []string{"namespace", "service-account", "key", "topic", "consumer-image", "sidecar-image"},
		Typical: 2 * time.Minute,
		Commands: func(in Inputs) []string {
			return []string{
				heredoc("consumer.yaml", string(render("consumer.yaml", shellValues(in)))),
				// Apart from export, which would hide a failure: nothing at all has a hash, too.
				"WORKLOAD_MEASUREMENT=$(az confcom katapolicygen -y consumer.yaml --print-policy | base64 -d | sha256sum | cut -d' ' -f1)",
				"export WORKLOAD_MEASUREMENT",
			}
		},
		Probe:  probePolicy,
		Run:    runPolicy,
		Renews: "the security policy is generated anew",
	}
}

// consumerManifest is complete but for the policy. Whatever is changed in it later, the policy forbids.
func consumerManifest(r *Run) []byte {
	return render("consumer.yaml", newValues(r.Inputs(), r.Profile(), r.Outputs()))
}

// probePolicy spares the minutes that generation takes where the pod is still the one it was made for.
func probePolicy(_ context.Context, r *Run) (bool, error) {
	out := r.Outputs()
	if out.ConsumerManifest == "" || out.Measurement == "" {
		return false, nil
	}
	found, err := readManifest([]byte(out.ConsumerManifest), r.Profile().PolicyAnnotation)
	if err != nil || found.measurement != out.Measurement {
		return false, nil // made anew
	}
	wanted, err := readManifest(consumerManifest(r), r.Profile().PolicyAnnotation)
	return err == nil && reflect.DeepEqual(found.pod, wanted.pod), err
}

// manifest is a pod's manifest taken apart: the pod without its policy, and the policy's hash.
type manifest struct {
	pod         map[string]any
	annotation  string
	measurement string // empty where there is no policy
}

func readManifest(data []byte, policyAnnotation string) (manifest, error) {
	var m manifest
	// The generator may begin or end the document with a separator.
	data = bytes.TrimSuffix(bytes.TrimSpace(data), []byte("---"))
	if err := yaml.Unmarshal(data, &m.pod); err != nil {
		return m, fmt.Errorf("read the consumer's manifest: %w", err)
	}
	metadata, _ := m.pod["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	m.annotation, _ = annotations[policyAnnotation].(string)
	delete(annotations, policyAnnotation)
	if len(annotations) == 0 {
		delete(metadata, "annotations")
	}
	if m.annotation == "" {
		return m, nil
	}
	decoded, err := skr.ParseSecurityPolicy(m.annotation)
	m.measurement = decoded.Measurement
	return m, err
}

func runPolicy(ctx context.Context, r *Run) error {
	r.Progress("az confcom pulls the images and hashes their layers", -1)
	written, generated, err := r.CLI().GeneratePolicy(ctx, consumerManifest(r))
	if err != nil {
		return fmt.Errorf("generate the security policy: %w", err)
	}
	found, err := readManifest(written, r.Profile().PolicyAnnotation)
	if err != nil {
		return err
	}
	if found.measurement != generated.Measurement || found.measurement == "" {
		return fmt.Errorf("the generated manifest's policy has the hash %q, the printed one %q", found.measurement, generated.Measurement)
	}
	r.Logf("The security policy has the measurement %s", found.measurement)
	return r.Update(func(o *Outputs) { o.ConsumerManifest, o.Measurement = string(written), found.measurement })
}
