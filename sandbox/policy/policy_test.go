package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func consumer() Request {
	return Request{
		Namespace: "kafka", Pod: "kafka-golang-consumer", Name: "skr",
		Image:   "mcr.microsoft.com/aci/skr:2.12",
		Command: []string{"/skr.sh"},
		Env:     map[string]string{"LogLevel": "debug"},
		Mounts:  []string{"/opt/confidential-containers/share/kata-containers/reference-info-base64"},
	}
}

func generate(t *testing.T, requests ...Request) Document {
	t.Helper()
	document, err := Generate(requests)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestPolicySurvivesItsText(t *testing.T) {
	document := generate(t, consumer())
	text, err := document.Rego()
	if err != nil {
		t.Fatal(err)
	}
	read, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(document, read); diff != "" {
		t.Errorf("document changed on the way through its text:\n%s", diff)
	}
	again, err := generate(t, consumer()).Rego()
	if err != nil || again != text {
		t.Errorf("the same pod gave another policy (%v)", err)
	}
}

func TestTheContainerItWasMadeForMayBeCreated(t *testing.T) {
	live := consumer()
	live.Env = map[string]string{
		"LogLevel":                   "debug",
		"HOSTNAME":                   "kafka-golang-consumer",
		"KUBERNETES_SERVICE_HOST":    "10.0.0.1",
		"KUBERNETES_PORT_443_TCP":    "tcp://10.0.0.1:443",
		"AZURE_CLIENT_ID":            "11111111-2222-3333-4444-555555555555",
		"AZURE_TENANT_ID":            "11111111-2222-3333-4444-555555555555",
		"AZURE_FEDERATED_TOKEN_FILE": "/var/run/secrets/azure/tokens/azure-identity-token",
		"AZURE_AUTHORITY_HOST":       "https://login.localhost:40123/",
	}
	live.Mounts = append(live.Mounts, "/var/run/secrets/azure/tokens")
	if err := generate(t, consumer()).Check(live); err != nil {
		t.Error(err)
	}
}

func TestAnyEditBlocksTheContainer(t *testing.T) {
	tests := map[string]struct {
		edit func(*Request)
		says string
	}{
		"another name":           {func(r *Request) { r.Name = "intruder" }, "intruder"},
		"another namespace":      {func(r *Request) { r.Namespace = "default" }, AnnotationNamespace},
		"another pod":            {func(r *Request) { r.Pod = "copy" }, AnnotationPod},
		"another image":          {func(r *Request) { r.Image = "mcr.microsoft.com/aci/skr:2.7" }, AnnotationImage},
		"another command":        {func(r *Request) { r.Command = []string{"/bin/skr"} }, "allow_args"},
		"another argument":       {func(r *Request) { r.Args = []string{"-port", "9"} }, "allow_args"},
		"another value":          {func(r *Request) { r.Env = map[string]string{"LogLevel": "trace"} }, "LogLevel=trace"},
		"a variable more":        {func(r *Request) { r.Env["HTTPS_PROXY"] = "http://proxy" }, "HTTPS_PROXY"},
		"another authority host": {func(r *Request) { r.Env["AZURE_AUTHORITY_HOST"] = "https://evil.example/" }, "AZURE_AUTHORITY_HOST"},
		"a mount more":           {func(r *Request) { r.Mounts = []string{"/secret"} }, "/secret"},
		"an unknown image":       {func(r *Request) { r.Image = "docker.io/library/nginx:1" }, "docker.io/library/nginx"},
	}
	document := generate(t, consumer())
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			live := consumer()
			test.edit(&live)
			err := document.Check(live)
			if err == nil {
				t.Fatal("not blocked")
			}
			for _, want := range []string{"CreateContainerRequest is blocked by policy: ", test.says} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}

func TestPodsOfAControllerAreNamedByAPattern(t *testing.T) {
	made := consumer()
	made.Pod = GeneratedName("consumer")
	document := generate(t, made)
	for name, allowed := range map[string]bool{"consumer-7d9f-x2x": true, "consumer": false, "another-7d9f": false} {
		live := consumer()
		live.Pod = name
		if err := document.Check(live); (err == nil) != allowed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestImageWithoutOwnCommandRunsItsOwn(t *testing.T) {
	request := Request{Namespace: "kafka", Pod: "p", Name: "c", Image: "mcr.microsoft.com/acc/samples/kafka/consumer:1.0"}
	document := generate(t, request)
	if got := document.Containers[1].OCI.Process.Args; !cmp.Equal(got, []string{"/consume"}) {
		t.Errorf("arguments %q", got)
	}
}

func TestMovingTagIsRefused(t *testing.T) {
	for _, reference := range []string{"mcr.microsoft.com/aci/skr", "mcr.microsoft.com/aci/skr:latest", "localhost:5000/skr"} {
		if _, err := Pull(reference); err == nil || !strings.Contains(err.Error(), "latest") {
			t.Errorf("%s: %v", reference, err)
		}
	}
}

func TestDigestNamesLayers(t *testing.T) {
	pull := func(reference string) []string {
		image, err := Pull(reference)
		if err != nil {
			t.Fatal(err)
		}
		return image.Layers
	}
	digest := pull("mcr.microsoft.com/aci/skr@sha256:0a")
	if !cmp.Equal(digest, pull("mcr.microsoft.com/aci/skr:2.12@sha256:0a")) {
		t.Error("a tag beside the digest changed the layers")
	}
	if cmp.Equal(digest, pull("mcr.microsoft.com/aci/skr@sha256:0b")) {
		t.Error("another digest has the same layers")
	}
}

func TestNothingMayBeExecutedButLogsMayBeRead(t *testing.T) {
	document := generate(t, consumer())
	if err := document.CheckExec("/bin/sh"); err == nil || !strings.Contains(err.Error(), "ExecProcessRequest is blocked by policy") {
		t.Errorf("exec: %v", err)
	}
	if !document.AllowsLogs() {
		t.Error("logs are denied")
	}
}

func FuzzParse(f *testing.F) {
	document, err := Generate([]Request{consumer()})
	if err != nil {
		f.Fatal(err)
	}
	text, err := document.Rego()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("package agent_policy\n\npolicy_data := {")
	f.Add(`package agent_policy` + "\n" + `policy_data := {"containers": null} # more`)
	f.Fuzz(func(t *testing.T, rego string) {
		document, err := Parse(rego)
		if err != nil {
			return
		}
		_ = document.Check(consumer()) // must not panic on a foreign document
	})
}
