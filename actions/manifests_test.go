package actions

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"
	"sigs.k8s.io/yaml"

	"github.com/cctui/cctui/kube"
)

func goldenValues() values {
	return newValues(inputsOf(nil), KataCC(), Outputs{
		ClientID: "11111111-2222-3333-4444-555555555555", AttestationHost: "cctui.eus.attest.azure.net",
		VaultURI: "https://kv-cctui.vault.azure.net", PublicKey: "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
	})
}

func TestManifests(t *testing.T) {
	manifests := map[string][]byte{"strimzi.yaml": StrimziManifest("kafka"), "kafka.yaml": KafkaManifest("kafka")}
	for _, name := range []string{"namespace.yaml", "service-account.yaml", "consumer.yaml", "consumer-service.yaml", "producer.yaml", "ordinary.yaml"} {
		manifests[name] = render(name, goldenValues())
	}
	for name, manifest := range manifests {
		t.Run(name, func(t *testing.T) {
			documents(t, manifest)
			golden.RequireEqual(t, manifest)
		})
	}
}

// documents decodes every document of a manifest; one that is no YAML fails the test.
func documents(t *testing.T, manifest []byte) (all []kube.Object) {
	t.Helper()
	for document := range bytes.SplitSeq(append([]byte("\n"), manifest...), []byte("\n---\n")) {
		var o kube.Object
		if err := yaml.UnmarshalStrict(document, &o); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		if o != nil {
			all = append(all, o)
		}
	}
	return all
}

func TestTheServiceIsExposedAsChosen(t *testing.T) {
	for _, expose := range []string{ExposeCluster, ExposeInternal, ExposePublic} {
		v := goldenValues()
		v.Expose = expose
		service := documents(t, render("consumer-service.yaml", v))[0]
		for _, other := range []string{ExposeCluster, ExposeInternal, ExposePublic} {
			if exposedAs(service, other) != (other == expose) {
				t.Errorf("made for %s, taken for %s", expose, other)
			}
		}
	}
}

func TestTheSidecarIsToldWhereItsCertificatesAre(t *testing.T) {
	decoded, err := base64.StdEncoding.DecodeString(sidecarArgs())
	if err != nil {
		t.Fatal(err)
	}
	var arguments struct {
		CertCache struct {
			EndpointType string `json:"endpoint_type"`
			Endpoint     string `json:"endpoint"`
		} `json:"certcache"`
	}
	if err := json.Unmarshal(decoded, &arguments); err != nil || arguments.CertCache.EndpointType != "LocalTHIM" {
		t.Errorf("%s: %v", decoded, err)
	}
}

func TestOnlyTheKnownSidecarLogsDetails(t *testing.T) {
	for image, level := range map[string]string{"": "debug", "mcr.microsoft.com/aci/skr:2.7": ""} {
		in := inputsOf(func(in *Inputs) { in.SidecarImage = image })
		if v := newValues(in, KataCC(), Outputs{}); v.SidecarLogLevel != level {
			t.Errorf("%q: log level %q, want %q", image, v.SidecarLogLevel, level)
		}
	}
}

func TestStrimziDefinesAllThatItsOperatorWatches(t *testing.T) {
	var kinds []string
	for _, o := range documents(t, StrimziManifest("kafka")) {
		if o["kind"] == "CustomResourceDefinition" {
			kinds = append(kinds, o["metadata"].(map[string]any)["name"].(string))
		}
	}
	for _, want := range []string{"kafkas.kafka.strimzi.io", "kafkanodepools.kafka.strimzi.io", "kafkatopics.kafka.strimzi.io", "strimzipodsets.core.strimzi.io"} {
		if !slices.Contains(kinds, want) {
			t.Errorf("%s is missing from %v", want, kinds)
		}
	}
}

// Whatever a user types as a message, it arrives as that, and nothing else of the manifest changes.
func FuzzNoMessageBreaksTheManifest(f *testing.F) {
	for _, seed := range []string{"Ola, mundo", `"}`, "a\nb: c", "'; echo", "---", "{{ .Key }}", "\x7f\u2028\U0001F512", "\u0085\u009b\ufeff\ufffe\uffff", "$HOME `id` \\n", "&<>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, message string) {
		v := goldenValues()
		v.Message = strings.ToValidUTF8(message, "?")
		pod := podOf(documents(t, render("producer.yaml", v))[0])
		if got := env(pod, producerPod, "MSG"); got != v.Message {
			t.Errorf("%q became %q", v.Message, got)
		}
		if got := env(pod, producerPod, "PUBKEY"); !samePEM(got, v.PublicKey) {
			t.Errorf("the key became %q", got)
		}
	})
}
