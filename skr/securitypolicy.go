package skr

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// PolicyAnnotation holds a Kata agent policy on a pod.
const PolicyAnnotation = "io.katacontainers.config.agent.policy"

// maxSecurityPolicyBytes is what all annotations of a Kubernetes object may hold together.
const maxSecurityPolicyBytes = 256 << 10

// ParseSecurityPolicy reads the value of the policy annotation. Its measurement is the SHA-256 of
// the decoded text, which the runtime hands to the hardware as HOST_DATA.
func ParseSecurityPolicy(annotation string) (SecurityPolicy, error) {
	annotation = strings.TrimSpace(annotation)
	if len(annotation) > maxSecurityPolicyBytes {
		return SecurityPolicy{}, fmt.Errorf("the security policy is larger than %d bytes", maxSecurityPolicyBytes)
	}
	rego, err := base64.StdEncoding.DecodeString(annotation)
	if err != nil {
		return SecurityPolicy{}, fmt.Errorf("decode the security policy: %w", err)
	}
	if len(rego) == 0 || !utf8.Valid(rego) {
		return SecurityPolicy{}, errors.New("the security policy is not text")
	}
	digest := sha256.Sum256(rego)
	return SecurityPolicy{Annotation: annotation, Rego: string(rego), Measurement: hex.EncodeToString(digest[:])}, nil
}
