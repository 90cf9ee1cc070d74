package skr_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cctui/cctui/skr"
)

const rego = "package agent_policy\n\ndefault CreateContainerRequest := false\n"

var annotation = base64.StdEncoding.EncodeToString([]byte(rego))

const pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: consumer\n"

func annotated(policy string) string {
	return pod + "  annotations:\n    io.katacontainers.config.agent.policy: " + policy + "\n"
}

// generator stands for az: it writes one thing and prints another, and tells where.
func generator(t *testing.T, written, printed string, fail error) (skr.Runner, *string) {
	file := new(string)
	return func(_ context.Context, args ...string) ([]byte, error) {
		if got := strings.Join(args, " "); !strings.HasPrefix(got, "confcom katapolicygen -y ") || !strings.HasSuffix(got, " --print-policy") {
			t.Errorf("ran az %s", got)
		}
		*file = args[3]
		info, err := os.Stat(*file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read the manifest: %v", info.Mode())
		}
		if err := os.WriteFile(*file, []byte(written), 0o600); err != nil {
			t.Fatal(err)
		}
		return []byte(printed), fail
	}, file
}

func TestGeneratePolicyMeasuresWhatWasWritten(t *testing.T) {
	written := annotated(annotation) + "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: consumer\n"
	run, file := generator(t, written, "WARNING: experimental\n"+annotation+"\n", nil)
	manifest, policy, err := skr.GeneratePolicy(t.Context(), run, []byte(pod))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(rego))
	if policy.Measurement != hex.EncodeToString(digest[:]) || policy.Rego != rego || string(manifest) != written {
		t.Errorf("%+v\n%s", policy, manifest)
	}
	if _, err := os.Stat(*file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary file is still there: %v", err)
	}
}

func TestGeneratePolicyRefuses(t *testing.T) {
	other := base64.StdEncoding.EncodeToString([]byte("package other"))
	tests := map[string]struct {
		written, printed string
		fail             error
		because          string
	}{
		"a failing tool":          {pod, "", errors.New("exit status 101: panicked at ParseIntError"), "ParseIntError"},
		"another printed policy":  {annotated(annotation), other, nil, "not the one in the manifest"},
		"nothing printed":         {annotated(annotation), "", nil, "not the one in the manifest"},
		"nothing written":         {pod, annotation, nil, "no annotation"},
		"two pods":                {annotated(annotation) + "---\n" + annotated(annotation), annotation, nil, "2 pods"},
		"no pod":                  {"kind: Service\n", annotation, nil, "0 pods"},
		"a policy that is none":   {annotated("'%%%'"), "%%%", nil, "base64"},
		"a manifest that is none": {"\t: [", annotation, nil, "read the manifest"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			run, file := generator(t, test.written, test.printed, test.fail)
			_, _, err := skr.GeneratePolicy(t.Context(), run, []byte(pod))
			if err == nil || !strings.Contains(err.Error(), test.because) {
				t.Errorf("got %v, want %q", err, test.because)
			}
			if _, err := os.Stat(*file); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the temporary file is still there: %v", err)
			}
		})
	}
}

func TestParseSecurityPolicyRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no base64": "%%%", "no text": base64.StdEncoding.EncodeToString([]byte{0xff, 0xfe}),
		"excessive size": strings.Repeat("QUFB", 64<<10+1),
	} {
		if policy, err := skr.ParseSecurityPolicy(text); err == nil {
			t.Errorf("%s: %.40q", name, policy.Rego)
		}
	}
}
