package actions

import (
	"cmp"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
)

//go:embed manifests
var manifestFiles embed.FS

// values is what the manifests are filled with.
type values struct {
	Namespace, ServiceAccount, ClientID string

	RuntimeClass, ReferenceInfo, BootstrapServer string

	SidecarImage, SidecarArgs, SidecarLogLevel string
	SidecarCommand                             []string

	ConsumerImage, ProducerImage    string
	Key, AttestationHost, VaultHost string
	Topic, Message, PublicKey       string
	Expose                          string
}

func newValues(in Inputs, p Profile, out Outputs) values {
	v := values{
		Namespace:       in.Namespace,
		ServiceAccount:  in.ServiceAccount,
		ClientID:        out.ClientID,
		RuntimeClass:    p.RuntimeClass,
		ReferenceInfo:   p.ReferenceInfo,
		BootstrapServer: cmp.Or(p.BootstrapServer, bootstrapServer),
		SidecarImage:    sidecarImage(in, p),
		SidecarArgs:     sidecarArgs(),
		SidecarCommand:  p.SidecarCommand,
		ConsumerImage:   in.ConsumerImage,
		ProducerImage:   in.ProducerImage,
		Key:             in.Key,
		AttestationHost: out.AttestationHost,
		VaultHost:       strings.TrimPrefix(out.VaultURI, "https://"),
		Topic:           in.Topic,
		Message:         literal(in.Message),
		PublicKey:       strings.TrimSpace(out.PublicKey),
		Expose:          in.Expose,
	}
	if v.SidecarImage == p.SidecarImage {
		v.SidecarLogLevel = p.SidecarLogLevel // another image may log secrets at this level
	}
	return v
}

// literal is the value of a container's variable as it stands. The kubelet replaces $(NAME) in it by
// another variable, and $$ by one dollar.
func literal(text string) string { return strings.ReplaceAll(text, "$", "$$") }

func sidecarImage(in Inputs, p Profile) string {
	if in.SidecarImage != "" {
		return in.SidecarImage
	}
	return p.SidecarImage
}

// sidecarArgs tell the sidecar where to get the certificates of the processor it runs on: from the
// host's own cache, which knows the ones that belong to its firmware.
// Source: microsoft/confidential-sidecar-containers, cmd/skr, -base64.
func sidecarArgs() string {
	const certificateCache = `{"certcache":{"endpoint_type":"LocalTHIM","endpoint":"169.254.169.254/metadata/THIM/amd/certification"}}`
	return base64.StdEncoding.EncodeToString([]byte(certificateCache))
}

// render fills the ${placeholders} of a manifest. What it fills in is JSON, which is YAML, so that
// nothing a user or a service chose can end a string, whatever it holds. It cannot fail: the
// manifests are fixed, and the tests fill in all of them.
func render(name string, v values) []byte {
	return fill(name, map[string]string{
		"namespace":         jsonYAML(v.Namespace),
		"service-account":   jsonYAML(v.ServiceAccount),
		"client-id":         jsonYAML(v.ClientID),
		"runtime-class":     jsonYAML(v.RuntimeClass),
		"sidecar-image":     jsonYAML(v.SidecarImage),
		"sidecar-command":   jsonYAML(v.SidecarCommand),
		"sidecar-args":      jsonYAML(v.SidecarArgs),
		"sidecar-log-level": jsonYAML(v.SidecarLogLevel),
		"sidecar-mounts":    jsonYAML(v.sidecarMounts()),
		"volumes":           jsonYAML(v.volumes()),
		"consumer-image":    jsonYAML(v.ConsumerImage),
		"producer-image":    jsonYAML(v.ProducerImage),
		"key":               jsonYAML(v.Key),
		"attestation-host":  jsonYAML(v.AttestationHost),
		"vault-host":        jsonYAML(v.VaultHost),
		"bootstrap-server":  jsonYAML(v.BootstrapServer),
		"topic":             jsonYAML(v.Topic),
		"message":           jsonYAML(v.Message),
		"public-key":        jsonYAML(v.PublicKey),
		"service-type":      v.serviceType(),
		"service-internal":  jsonYAML(strconv.FormatBool(v.Expose == ExposeInternal)),
	})
}

func fill(name string, placeholders map[string]string) []byte {
	text, err := manifestFiles.ReadFile("manifests/" + name)
	if err != nil {
		panic(err)
	}
	return []byte(os.Expand(string(text), func(placeholder string) string {
		value, ok := placeholders[placeholder]
		if !ok {
			panic(name + " has an unknown placeholder " + placeholder)
		}
		return value
	}))
}

const referenceInfoVolume = "reference-info"

func (v values) sidecarMounts() []map[string]string {
	if v.ReferenceInfo == "" {
		return []map[string]string{}
	}
	return []map[string]string{{"name": referenceInfoVolume, "mountPath": v.ReferenceInfo}}
}

func (v values) volumes() []map[string]any {
	if v.ReferenceInfo == "" {
		return []map[string]any{}
	}
	return []map[string]any{{"name": referenceInfoVolume, "hostPath": map[string]string{"path": v.ReferenceInfo}}}
}

func (v values) serviceType() string {
	if v.Expose == ExposeCluster {
		return "ClusterIP"
	}
	return "LoadBalancer"
}

// jsonYAML is YAML in flow style, on one line.
func jsonYAML(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // strings, and lists and maps of them, always encode
	}
	return escapeForYAML(strings.TrimSuffix(b.String(), "\n"))
}

// escapeForYAML escapes what JSON may hold as it is and YAML may not: delete and the controls above
// it, the byte order mark, and what is no character at all. Source: YAML 1.2, section 5.1.
func escapeForYAML(text string) string {
	var b strings.Builder
	for _, c := range text {
		if c >= 0x7f && c <= 0x9f || c == 0xfeff || c == 0xfffe || c == 0xffff {
			fmt.Fprintf(&b, `\u%04x`, c)
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}

// strimziVersion is the last line of Strimzi with Kafka 3.x. No newer one can serve the sample's consumer.
const strimziVersion = "0.45.2"

// definition is a custom resource definition of Strimzi's.
type definition struct {
	Group, Kind string
	Replicas    string // path of the desired replicas, where the kind can be scaled
}

func (d definition) singular() string { return strings.ToLower(d.Kind) }
func (d definition) plural() string   { return d.singular() + "s" }
func (d definition) name() string     { return d.plural() + "." + d.Group }

func (d definition) manifest() string {
	subresources := map[string]map[string]string{"status": {}}
	if d.Replicas != "" {
		subresources["scale"] = map[string]string{
			"specReplicasPath":   d.Replicas,
			"statusReplicasPath": ".status.replicas",
			"labelSelectorPath":  ".status.labelSelector",
		}
	}
	return "---\n" + string(fill("definition.yaml", map[string]string{
		"name":         d.name(),
		"group":        d.Group,
		"kind":         d.Kind,
		"list-kind":    d.Kind + "List",
		"singular":     d.singular(),
		"plural":       d.plural(),
		"subresources": jsonYAML(subresources),
	}))
}

// definitions are all that the operator watches; one missing, and it does not start.
func definitions() []definition {
	const kafka, core = "kafka.strimzi.io", "core.strimzi.io"
	return []definition{
		{kafka, "Kafka", ""},
		{kafka, "KafkaNodePool", ".spec.replicas"},
		{kafka, "KafkaTopic", ""},
		{kafka, "KafkaUser", ""},
		{kafka, "KafkaConnect", ".spec.replicas"},
		{kafka, "KafkaConnector", ".spec.tasksMax"},
		{kafka, "KafkaBridge", ".spec.replicas"},
		{kafka, "KafkaMirrorMaker", ".spec.replicas"},
		{kafka, "KafkaMirrorMaker2", ".spec.replicas"},
		{kafka, "KafkaRebalance", ""},
		{core, "StrimziPodSet", ""},
	}
}

// KafkaManifest is the Kafka cluster, for Strimzi to make.
func KafkaManifest(namespace string) []byte {
	return fill("kafka.yaml", map[string]string{"namespace": jsonYAML(namespace)})
}

// StrimziManifest installs the operator into one namespace, which must exist.
func StrimziManifest(namespace string) []byte {
	var images strings.Builder
	for _, kafka := range []string{"3.8.0", "3.8.1", "3.9.0", "3.9.1", "3.9.2"} {
		fmt.Fprintf(&images, "%s=quay.io/strimzi/kafka:%s-kafka-%s\n", kafka, strimziVersion, kafka)
	}
	var defined strings.Builder
	for _, d := range definitions() {
		defined.WriteString(d.manifest())
	}
	return fill("strimzi.yaml", map[string]string{
		"namespace":      jsonYAML(namespace),
		"operator-image": "quay.io/strimzi/operator:" + strimziVersion,
		"kafka-images":   jsonYAML(images.String()),
		"definitions":    defined.String(),
	})
}

// shellValues fills the manifests of the equivalent commands.
func shellValues(in Inputs) values {
	return newValues(in, KataCC(), Outputs{
		ClientID:        variable("USER_ASSIGNED_CLIENT_ID"),
		AttestationHost: variable("MAA_ENDPOINT"),
		VaultURI:        variable("AKV_ENDPOINT"),
		PublicKey:       variable("PUBLIC_KEY"),
	})
}
