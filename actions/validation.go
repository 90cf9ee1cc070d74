package actions

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cctui/cctui/kafka"
)

// Fault is something wrong with an input.
type Fault struct {
	Key     string `json:"key"`
	Value   string `json:"value,omitempty"`
	Message string `json:"message"`
}

// Error names the flag; variable and config key follow from it.
func (f Fault) Error() string { return "--" + f.Key + ": " + f.Message }

// Variable is the environment variable of the input.
func (f Fault) Variable() string {
	return "CCTUI_" + strings.ToUpper(strings.ReplaceAll(f.Key, "-", "_"))
}

// Faults are all that is wrong at once.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// MaxMessage is the longest message in bytes: the producer puts "Msg n: " before it, n having up
// to four digits, and the key encrypts only so much at once.
const MaxMessage = kafka.MaxMessage - len("Msg 9999: ")

// Validate finds every fault of complete inputs (Inputs.WithDefaults), in the order of the fields.
// Whether a location exists only Azure can tell.
func Validate(in Inputs) []Fault {
	var faults []Fault
	values := in.values()
	for _, rule := range rules {
		value := values[rule.key]
		if rule.unless != nil && rule.unless(in) {
			continue
		}
		if message := rule.refuse(value); message != "" {
			faults = append(faults, Fault{Key: rule.key, Value: Sanitize(value, maxLine), Message: message})
		}
	}
	return append(faults, contradictions(in)...)
}

// rule is what a value must be. An optional one may be empty.
type rule struct {
	key      string
	form     pattern // of the whole value
	says     string  // the form, in words
	most     int     // bytes; 0: the form says it
	optional bool
	unless   func(Inputs) bool // where it holds, the value is not used
	more     func(string) string
}

func (r rule) refuse(value string) string {
	switch {
	case value == "" && r.optional:
		return ""
	case value == "":
		return "is missing"
	case r.most > 0 && len(value) > r.most:
		return fmt.Sprintf("has %d bytes; at most %d are allowed", len(value), r.most)
	case r.form != nil && !r.form().MatchString(value):
		return "must be " + r.says
	case r.more != nil:
		return r.more(value)
	}
	return ""
}

// form anchors a pattern to the whole value.
func form(expression string) pattern { return lazily(`\A(?:` + expression + `)\z`) }

var (
	vmSize    = form(`(?:Standard|Basic)_[A-Za-z0-9_-]{1,60}`)
	vaultName = form(`[A-Za-z](?:-?[A-Za-z0-9]){2,23}`)
	groupName = form(`[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]`)
	kubeLabel = form(`[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?`)
	imageName = form(`[a-z0-9.:-]+(?:/[a-z0-9._-]+)+(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(?:@sha256:[0-9a-f]{64})?`)
	aksName   = form(`[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?`)
)

const (
	aksSays    = "1 to 63 letters, digits, hyphens and underscores, with a letter or digit at both ends"
	vmSizeSays = "the name of a VM size, e.g. Standard_DC4as_cc_v5"
	vaultSays  = "3 to 24 letters, digits and single hyphens, beginning with a letter and ending with a letter or digit"
	groupSays  = "1 to 90 letters, digits, periods, underscores, hyphens and parentheses, not ending with a period"
	imageSays  = "an image with its registry, e.g. mcr.microsoft.com/acc/samples/kafka/consumer:1.0"
)

// rules are Azure's and Kubernetes' for names, and this program's for the rest.
// Sources: learn.microsoft.com, Naming rules and restrictions for Azure resources; RFC 1123 as
// Kubernetes uses it; Kafka's org.apache.kafka.common.internals.Topic.
var rules = []rule{
	{key: "subscription", form: form(`[^\pC]{1,64}`), says: "the id or the name of a subscription", optional: true},
	{key: "tenant", form: form(`[A-Za-z0-9.-]{1,255}`), says: "the id or a domain of a tenant", optional: true},
	{key: "location", form: form(`[a-z][a-z0-9]{2,49}`), says: "a region's short name, e.g. eastus"},
	{key: "resource-group", form: groupName, says: groupSays},
	{key: "cluster", form: aksName, says: aksSays, unless: usesExistingCluster},
	{key: "existing-cluster", form: aksName, says: aksSays, optional: true},
	{key: "cluster-resource-group", form: groupName, says: groupSays, optional: true},
	{key: "kubernetes-version", form: form(`\d+\.\d+(?:\.\d+)?`), says: "a version such as 1.31 or 1.31.2", optional: true, more: oldKubernetes},
	{key: "vm-size", form: vmSize, says: vmSizeSays},
	{key: "system-vm-size", form: vmSize, says: vmSizeSays, unless: usesExistingCluster},
	{key: "node-pool", form: form(`[a-z][a-z0-9]{0,11}`), says: "1 to 12 lower-case letters and digits, beginning with a letter"},
	{key: "nodes", form: form(`[1-9]\d{0,2}|1000`), says: "from 1 to 1000"},
	{key: "identity", form: form(`[A-Za-z0-9][A-Za-z0-9_-]{2,127}`), says: "3 to 128 letters, digits, hyphens and underscores, beginning with a letter or digit"},
	{key: "federated-credential", form: form(`[A-Za-z0-9][A-Za-z0-9_-]{2,119}`), says: "3 to 120 letters, digits, hyphens and underscores, beginning with a letter or digit"},
	{key: "namespace", form: kubeLabel, says: "1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends", more: systemNamespace},
	{key: "service-account", form: form(`[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?`), says: "1 to 253 lower-case letters, digits, hyphens and periods, with a letter or digit at both ends"},
	{key: "vault", form: vaultName, says: vaultSays, most: 24, unless: usesExistingVault},
	{key: "existing-vault", form: vaultName, says: vaultSays, most: 24, optional: true},
	{key: "managed-hsm", form: vaultName, says: vaultSays, most: 24, optional: true},
	{key: "roles", form: form(RolesLeast + "|" + RolesArticle), says: "least or article"},
	{key: "soft-deleted", form: form(SoftDeletedFail + "|" + SoftDeletedRecover + "|" + SoftDeletedPurge), says: "fail, recover or purge"},
	{key: "attestation-endpoint", form: form(`[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?`), says: "the host name alone, without https:// and slash, e.g. sharedeus.eus.attest.azure.net", optional: true},
	{key: "attestation-provider", form: form(`[a-z0-9]{3,24}`), says: "3 to 24 lower-case letters and digits", unless: usesSharedAttestation},
	{key: "key", form: form(`[A-Za-z0-9-]{1,127}`), says: "1 to 127 letters, digits and hyphens"},
	{key: "topic", form: form(`[A-Za-z0-9._-]{1,249}`), says: "1 to 249 letters, digits, periods, underscores and hyphens", more: dotTopic},
	{key: "message", most: MaxMessage, more: unprintable},
	{key: "expose", form: form(ExposeCluster + "|" + ExposeInternal + "|" + ExposePublic), says: "cluster, internal or public"},
	{key: "consumer-image", form: imageName, says: imageSays, more: movingTag},
	{key: "producer-image", form: imageName, says: imageSays, more: movingTag},
	{key: "sidecar-image", form: imageName, says: imageSays, optional: true, more: movingTag},
	{key: "patience", more: impatience},
	{key: "keep-for", form: form(`[^-].*`), says: "a time to come, e.g. 4h"},
}

func usesExistingCluster(in Inputs) bool   { return in.ExistingCluster != "" }
func usesExistingVault(in Inputs) bool     { return in.ExistingVault != "" || in.ManagedHSM != "" }
func usesSharedAttestation(in Inputs) bool { return in.AttestationEndpoint != "" }

// contradictions are inputs that exclude each other.
func contradictions(in Inputs) (faults []Fault) {
	if in.ExistingVault != "" && in.ManagedHSM != "" {
		faults = append(faults, Fault{Key: "managed-hsm", Value: in.ManagedHSM, Message: "excludes --existing-vault: the key can be in one of them only"})
	}
	if in.ClusterGroup != "" && in.ExistingCluster == "" {
		faults = append(faults, Fault{Key: "cluster-resource-group", Value: in.ClusterGroup, Message: "needs --existing-cluster: a new cluster is made in --resource-group"})
	}
	return faults
}

// oldKubernetes refuses versions without what the walkthrough needs.
func oldKubernetes(version string) string {
	parts := strings.Split(version, ".")
	major, _ := strconv.Atoi(parts[0])
	minor, _ := strconv.Atoi(parts[1])
	if major == 1 && minor < 25 || major < 1 {
		return "must be 1.25 or newer"
	}
	return ""
}

// systemNamespace refuses those in which the workload identity webhook leaves pods alone.
func systemNamespace(name string) string {
	if strings.HasPrefix(name, "kube-") {
		return "must not begin with kube-: such namespaces belong to Kubernetes, and pods in kube-system get no identity"
	}
	return ""
}

func dotTopic(topic string) string {
	if topic == "." || topic == ".." {
		return "must not be . or .."
	}
	return ""
}

// impatience refuses times in which nothing can be asked twice.
func impatience(text string) string {
	if d, err := time.ParseDuration(text); err != nil || d < time.Second {
		return "must be at least 1s, e.g. 20m"
	}
	return ""
}

func unprintable(message string) string {
	if !utf8.ValidString(message) {
		return "is not UTF-8"
	}
	if strings.ContainsFunc(message, unicode.IsControl) {
		return "must be one line without control characters"
	}
	return ""
}

// movingTag refuses images whose content may change: the security policy holds their layers' hashes.
func movingTag(image string) string {
	name, _, pinned := strings.Cut(image, "@")
	if pinned {
		return ""
	}
	last := name[strings.LastIndex(name, "/")+1:]
	if _, tag, tagged := strings.Cut(last, ":"); !tagged || slices.Contains([]string{"", "latest"}, tag) {
		return "must have a tag other than latest, or a digest: a security policy holds for one content only"
	}
	return ""
}
