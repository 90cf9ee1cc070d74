package skr

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// maxManifestBytes is generous: policy annotations make manifests large.
const maxManifestBytes = 4 << 20

// GeneratePolicy has `az confcom katapolicygen` add the security policy to a manifest, and returns
// the manifest as the tool wrote it, and the policy. The manifest must hold exactly one pod, and the
// policy printed must be the one written: its measurement decides who gets the key.
func GeneratePolicy(ctx context.Context, run Runner, manifest []byte) ([]byte, SecurityPolicy, error) {
	written, policy, err := generate(ctx, run, manifest)
	if err != nil {
		return nil, SecurityPolicy{}, fmt.Errorf("generate the security policy: %w", err)
	}
	return written, policy, nil
}

func generate(ctx context.Context, run Runner, manifest []byte) (_ []byte, _ SecurityPolicy, err error) {
	name, err := writeTemporary(manifest)
	if err != nil {
		return nil, SecurityPolicy{}, err
	}
	defer func() { err = errors.Join(err, os.Remove(name)) }()
	// The tool pulls every image of the manifest: minutes, and network.
	printed, err := run(ctx, "confcom", "katapolicygen", "-y", name, "--print-policy")
	if err != nil {
		return nil, SecurityPolicy{}, err
	}
	written, err := readFileBounded(name, maxManifestBytes)
	if err != nil {
		return nil, SecurityPolicy{}, err
	}
	annotation, err := podAnnotation(written)
	if err != nil {
		return nil, SecurityPolicy{}, err
	}
	if !slices.Contains(printedPolicies(printed), annotation) {
		return nil, SecurityPolicy{}, errors.New("the printed policy is not the one in the manifest")
	}
	policy, err := ParseSecurityPolicy(annotation)
	return written, policy, err
}

func writeTemporary(manifest []byte) (name string, err error) {
	file, err := os.CreateTemp("", "cctui-*.yaml")
	if err != nil {
		return "", err
	}
	_, err = file.Write(manifest)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	return file.Name(), nil
}

func readFileBounded(name string, limit int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("the manifest grew beyond %d bytes", limit)
	}
	return data, err
}

// printedPolicies are the words of the tool's output: one line a workload, between lines of talk.
func printedPolicies(output []byte) []string {
	return strings.Fields(string(output))
}

// podAnnotation finds the policy annotation of the only pod of a manifest. Services and the like carry none.
func podAnnotation(manifest []byte) (string, error) {
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifest)))
	var found []string
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("read the manifest: %w", err)
		}
		var object struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Annotations map[string]string `json:"annotations"`
			} `json:"metadata"`
		}
		if err := yaml.Unmarshal(document, &object); err != nil {
			return "", fmt.Errorf("read the manifest: %w", err)
		}
		if object.Kind == "Pod" {
			found = append(found, object.Metadata.Annotations[PolicyAnnotation])
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("the manifest holds %d pods, not one", len(found))
	}
	if found[0] == "" {
		return "", fmt.Errorf("the pod has no annotation %s", PolicyAnnotation)
	}
	return found[0], nil
}
