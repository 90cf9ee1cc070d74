package azcli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/cctui/cctui/sandbox/policy"
)

const consumerManifest = `# the article's consumer
apiVersion: v1
kind: Pod
metadata:
  name: kafka-golang-consumer # named so in the article
  namespace: kafka
spec:
  runtimeClassName: kata-cc-isolation
  containers:
    - name: skr
      image: mcr.microsoft.com/aci/skr:2.12
      command: ["/skr.sh"]
      env:
        - {name: LogLevel, value: debug}
      volumeMounts:
        - name: reference-info
          mountPath: /opt/confidential-containers/share/kata-containers/reference-info-base64
    - name: kafka-golang-consumer
      image: mcr.microsoft.com/acc/samples/kafka/consumer:1.0
`

const service = `apiVersion: v1
kind: Service
metadata:
  name: consumer
`

// az runs a command and returns its code and what it printed.
func az(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = Run(t.Context(), args, &out, &err)
	return code, out.String(), err.String()
}

// generate runs katapolicygen on a manifest.
func generate(t *testing.T, manifest string) (written, printed string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "consumer.yaml")
	if err := os.WriteFile(path, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := az(t, "confcom", "katapolicygen", "-y", path, "--print-policy")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(after), strings.TrimSpace(stdout)
}

func TestPolicyIsWrittenAndPrintedTheSame(t *testing.T) {
	written, printed := generate(t, consumerManifest)
	var pod struct {
		Metadata struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
	}
	if err := yaml.Unmarshal([]byte(written), &pod); err != nil {
		t.Fatal(err)
	}
	if pod.Metadata.Annotations[annotation] != printed || printed == "" {
		t.Errorf("printed %.40q, wrote %.40q", printed, pod.Metadata.Annotations[annotation])
	}
	rego, err := base64.StdEncoding.DecodeString(printed)
	if err != nil {
		t.Fatal(err)
	}
	document, err := policy.Parse(string(rego))
	if err != nil {
		t.Fatal(err)
	}
	err = document.Check(policy.Request{
		Namespace: "kafka", Pod: "kafka-golang-consumer", Name: "skr", Image: "mcr.microsoft.com/aci/skr:2.12",
		Command: []string{"/skr.sh"}, Env: map[string]string{"LogLevel": "debug"},
	})
	if err != nil {
		t.Errorf("the pod's own container is blocked: %v", err)
	}
}

func TestMeasurementFollowsFromTheManifest(t *testing.T) {
	_, once := generate(t, consumerManifest)
	annotated, again := generate(t, consumerManifest)
	if once != again {
		t.Error("the same manifest has two policies")
	}
	if _, third := generate(t, annotated); third != once {
		t.Error("the policy in a manifest changed the next one")
	}
	_, other := generate(t, strings.Replace(consumerManifest, "value: debug", "value: trace", 1))
	if sha256.Sum256([]byte(other)) == sha256.Sum256([]byte(once)) {
		t.Error("another manifest has the same policy")
	}
}

func TestEverythingElseKeepsItsBytes(t *testing.T) {
	without := func(text string) string {
		var kept strings.Builder
		for line := range strings.Lines(text) {
			if !strings.Contains(line, annotation) {
				kept.WriteString(line)
			}
		}
		return kept.String()
	}
	for name, manifest := range map[string]string{
		"one document":   strings.Replace(consumerManifest, "metadata:\n", "metadata:\n  annotations:\n    a: b\n", 1),
		"with a service": service + "---\n" + strings.Replace(consumerManifest, "metadata:\n", "metadata:\n  annotations:\n    a: b\n", 1) + "---\n" + service,
	} {
		t.Run(name, func(t *testing.T) {
			if written, _ := generate(t, manifest); without(written) != manifest {
				t.Errorf("file became\n%s", written)
			}
		})
	}
}

func TestAnyStyleOfYAMLGetsItsAnnotation(t *testing.T) {
	flow := `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: "mcr.microsoft.com/aci/skr:2.12"}]}}`
	folded := strings.Replace(consumerManifest, "metadata:\n", "metadata:\n  annotations:\n    "+annotation+": >-\n      b2xk\n      b2xk\n", 1)
	for name, manifest := range map[string]string{"flow": flow, "folded old value": folded, "leading separator": "---\n" + consumerManifest} {
		t.Run(name, func(t *testing.T) {
			written, printed := generate(t, manifest)
			if !reads([]byte(written), []string{"metadata"}, printed) {
				t.Errorf("no annotation in\n%s", written)
			}
		})
	}
}

func TestTemplateOfADeploymentGetsThePolicy(t *testing.T) {
	deployment := `apiVersion: apps/v1
kind: Deployment
metadata:
  name: sidecar
spec:
  template:
    metadata:
      labels: {app: sidecar}
    spec:
      containers:
        - name: skr
          image: mcr.microsoft.com/aci/skr:2.12
`
	written, printed := generate(t, deployment)
	if !reads([]byte(written), []string{"spec", "template", "metadata"}, printed) {
		t.Errorf("no annotation in\n%s", written)
	}
}

func TestWhatTheGeneratorCannotTake(t *testing.T) {
	for name, test := range map[string]struct{ manifest, says string }{
		"not YAML":        {"kind: Pod\n  name: x", "panicked"},
		"no workload":     {service, "no workload"},
		"unknown kind":    {"kind: Kafka\n", "Unsupported kind Kafka"},
		"latest":          {strings.Replace(consumerManifest, "skr:2.12", "skr:latest", 1), "latest"},
		"no tag":          {strings.Replace(consumerManifest, "skr:2.12", "skr", 1), "latest"},
		"unknown image":   {strings.Replace(consumerManifest, "aci/skr:2.12", "aci/other:1", 1), "Failed to pull container image"},
		"unknown value":   {strings.Replace(consumerManifest, "value: debug", "valueFrom: {configMapKeyRef: {name: m, key: k}}", 1), "LogLevel"},
		"secret variable": {strings.Replace(consumerManifest, "value: debug", "valueFrom: {secretKeyRef: {name: m, key: k}}", 1), "LogLevel"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "m.yaml")
			if err := os.WriteFile(path, []byte(test.manifest), 0o600); err != nil {
				t.Fatal(err)
			}
			code, stdout, stderr := az(t, "confcom", "katapolicygen", "-y", path, "--print-policy")
			if code != 1 || stdout != "" || !strings.Contains(stderr, test.says) {
				t.Errorf("exit code %d, printed %q, said %q", code, stdout, stderr)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != test.manifest {
				t.Errorf("the file became %q, %v", after, err)
			}
		})
	}
}

func TestValueOfAConfigMapInTheFileIsTaken(t *testing.T) {
	manifest := strings.Replace(consumerManifest, "value: debug", "valueFrom: {configMapKeyRef: {name: m, key: k}}", 1)
	_, printed := generate(t, "kind: ConfigMap\nmetadata: {name: m}\ndata: {k: from-map}\n---\n"+manifest)
	if rego, err := base64.StdEncoding.DecodeString(printed); err != nil || !strings.Contains(string(rego), "LogLevel=from-map") {
		t.Errorf("the policy lacks the value (%v)", err)
	}
}

func TestVersionsAreReportedAsAzDoes(t *testing.T) {
	code, stdout, _ := az(t, "version", "-o", "json")
	var versions struct {
		CLI        string            `json:"azure-cli"`
		Extensions map[string]string `json:"extensions"`
	}
	if err := json.Unmarshal([]byte(stdout), &versions); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v", code, err)
	}
	if versions.CLI == "" || versions.Extensions["confcom"] == "" || versions.Extensions["aks-preview"] == "" {
		t.Errorf("versions %+v", versions)
	}
}

func TestCommandLinesAreUnderstoodOrRefused(t *testing.T) {
	for line, want := range map[string]int{
		"extension add --name confcom":                        0,
		"extension update --name aks-preview":                 0,
		"extension update --name confcom --only-show-errors":  0,
		"extension add --name nosuch":                         1,
		"extension add":                                       2,
		"confcom katapolicygen":                               2,
		"confcom katapolicygen -v":                            0,
		"confcom katapolicygen --yaml /nonexistent/file.yaml": 1,
		"confcom katapolicygen -y":                            2,
		"confcom katapolicygen --nonsense":                    2,
		"login":                                               2,
		"":                                                    2,
	} {
		if code, _, stderr := az(t, strings.Fields(line)...); code != want || code != 0 && stderr == "" {
			t.Errorf("az %s: exit code %d, said %q", line, code, stderr)
		}
	}
}

func TestGenerationTakesItsTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(path, []byte(consumerManifest), 0o600); err != nil {
		t.Fatal(err)
	}
	late := CLI{Take: func(_ context.Context, operation string) error {
		return fmt.Errorf("%s: %w", operation, context.Canceled)
	}}
	var stderr bytes.Buffer
	if code := late.Run(t.Context(), []string{"confcom", "katapolicygen", "-y", path}, &stderr, &stderr); code != 1 || !strings.Contains(stderr.String(), "policy.generate") {
		t.Errorf("exit code %d, said %q", code, stderr.String())
	}
}

func FuzzAnnotate(f *testing.F) {
	f.Add([]byte(consumerManifest))
	f.Add([]byte(service + "---\n" + consumerManifest))
	f.Add([]byte("{kind: Pod, metadata: {name: p}, spec: {containers: []}}"))
	f.Add([]byte("---\n---\nkind: Pod\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if parts := bytes.Join(splitDocuments(file), nil); !bytes.Equal(parts, file) {
			t.Errorf("cut %q into %q", file, parts)
		}
		written, regos, err := annotateAll(file)
		if err == nil && len(regos) > 0 && len(written) <= len(regos[0]) {
			t.Errorf("wrote %d bytes for a policy of %d", len(written), len(regos[0]))
		}
	})
}
