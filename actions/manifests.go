package actions

import (
	"bytes"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
)

//go:embed manifests
var manifestFiles embed.FS

// manifests are templates of YAML. Every value goes through quote or list: JSON is YAML, so that
// nothing a user or a service chose can end a string, whatever it holds.
var manifests = template.Must(template.New("").
	Funcs(template.FuncMap{"quote": quoteYAML, "list": listYAML}).
	ParseFS(manifestFiles, "manifests/*.yaml"))

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
		BootstrapServer: p.BootstrapServer,
		SidecarImage:    sidecarImage(in, p),
		SidecarArgs:     sidecarArgs(),
		SidecarCommand:  p.SidecarCommand,
		ConsumerImage:   in.ConsumerImage,
		ProducerImage:   in.ProducerImage,
		Key:             in.Key,
		AttestationHost: out.AttestationHost,
		VaultHost:       strings.TrimPrefix(out.VaultURI, "https://"),
		Topic:           in.Topic,
		Message:         in.Message,
		PublicKey:       strings.TrimSpace(out.PublicKey),
		Expose:          in.Expose,
	}
	if v.SidecarImage == p.SidecarImage {
		v.SidecarLogLevel = p.SidecarLogLevel // another image may log secrets at this level
	}
	return v
}

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

// render fills in a manifest. It cannot fail: the templates are fixed, and the tests fill in all of them.
func render(name string, v any) []byte {
	var b bytes.Buffer
	if err := manifests.ExecuteTemplate(&b, name, v); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// quoteYAML is a double-quoted YAML scalar, on one line.
func quoteYAML(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\x7f`)
}

func listYAML(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = quoteYAML(item)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// strimziVersion is the last line of Strimzi with Kafka 3.x. No newer one can serve the sample's consumer.
const strimziVersion = "0.45.2"

// definition is a custom resource definition of Strimzi's.
type definition struct {
	Group, Kind string
	Replicas    string // path of the desired replicas, where the kind can be scaled
}

func (d definition) Singular() string { return strings.ToLower(d.Kind) }
func (d definition) Plural() string   { return d.Singular() + "s" }

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

// strimziManifest installs the operator into one namespace.
func strimziManifest(namespace string) []byte {
	var images strings.Builder
	for _, kafka := range []string{"3.8.0", "3.8.1", "3.9.0", "3.9.1", "3.9.2"} {
		fmt.Fprintf(&images, "%s=quay.io/strimzi/kafka:%s-kafka-%s\n", kafka, strimziVersion, kafka)
	}
	return render("strimzi.yaml", struct {
		Namespace, Version, KafkaImages string
		ImageLists                      []string
		Definitions                     []definition
	}{
		Namespace:   namespace,
		Version:     strimziVersion,
		KafkaImages: images.String(),
		ImageLists: []string{
			"STRIMZI_KAFKA_IMAGES", "STRIMZI_KAFKA_CONNECT_IMAGES",
			"STRIMZI_KAFKA_MIRROR_MAKER_IMAGES", "STRIMZI_KAFKA_MIRROR_MAKER_2_IMAGES",
		},
		Definitions: definitions(),
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
