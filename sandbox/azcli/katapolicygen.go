package azcli

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"

	"github.com/cctui/cctui/sandbox/policy"
)

const (
	annotation = "io.katacontainers.config.agent.policy"
	maxFile    = 4 << 20
)

// generatePolicy is az confcom katapolicygen: it writes the annotation into the file in place, and
// prints the base64, one line for each workload.
// Source: Azure/azure-cli-extensions, src/confcom; microsoft/kata-containers, src/tools/genpolicy.
func (c CLI) generatePolicy(ctx context.Context, o options, stdout io.Writer) error {
	if o.has("print-version") {
		_, err := fmt.Fprintf(stdout, "Kata Policy Tool version %s\n", generatorVersion)
		return err
	}
	path := o.flags["yaml"]
	if path == "" {
		return usageError("Either --yaml/-y or --print-version/-v is required")
	}
	file, err := readManifest(path)
	if err != nil {
		return err
	}
	if c.Take != nil {
		if err := c.Take(ctx, "policy.generate"); err != nil {
			return fmt.Errorf("generate policy: %w", err)
		}
	}
	written, regos, err := annotateAll(file)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, written, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return printPolicies(o, regos, stdout)
}

func readManifest(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("Failed to open %s: %w", path, err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return data, nil
}

// annotateAll adds a policy to every workload of a file. All other bytes stay as they are.
func annotateAll(file []byte) (written []byte, regos []string, err error) {
	documents := splitDocuments(file)
	sources := make(values)
	for _, d := range documents {
		if err := sources.collect(d); err != nil {
			return nil, nil, err
		}
	}
	for _, d := range documents {
		w, err := readWorkload(d, sources)
		if err != nil {
			return nil, nil, err
		}
		if w == nil {
			written = append(written, d...)
			continue
		}
		rego, err := w.policy()
		if err != nil {
			return nil, nil, err
		}
		annotated, err := annotate(d, w.metadataPath, base64.StdEncoding.EncodeToString([]byte(rego)))
		if err != nil {
			return nil, nil, err
		}
		written, regos = append(written, annotated...), append(regos, rego)
	}
	if len(regos) == 0 {
		return nil, nil, panicked("no policy: the file has no workload")
	}
	return written, regos, nil
}

// panicked words an error as genpolicy does, which panics on what it cannot take.
func panicked(format string, args ...any) error {
	return fmt.Errorf("thread 'main' panicked: %s\nError: genpolicy failed with exit status 101", fmt.Sprintf(format, args...))
}

func (w *workload) policy() (string, error) {
	document, err := policy.Generate(w.containers)
	if err != nil {
		return "", panicked("%v", err)
	}
	return document.Rego()
}

func printPolicies(o options, regos []string, stdout io.Writer) error {
	for _, rego := range regos {
		line := ""
		switch {
		case o.has("outraw"):
			line = rego
		case o.has("print-policy"):
			line = base64.StdEncoding.EncodeToString([]byte(rego)) + "\n"
		}
		if _, err := io.WriteString(stdout, line); err != nil {
			return err
		}
	}
	return nil
}
