package actions

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bash runs a script, or skips loudly where there is no bash.
func bash(t *testing.T, script string, arguments ...string) string {
	t.Helper()
	path, err := exec.LookPath("bash")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("bash is not installed: the equivalent commands are not checked")
	}
	command := exec.CommandContext(t.Context(), path, arguments...)
	command.Dir = t.TempDir()
	command.Stdin = strings.NewReader(script)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return string(output)
}

// ways are the inputs that change which commands there are.
func ways() map[string]func(*Inputs) {
	return map[string]func(*Inputs){
		"new":      nil,
		"article":  func(in *Inputs) { in.Roles, in.Expose, in.KubernetesVersion = RolesArticle, ExposePublic, "1.31" },
		"existing": func(in *Inputs) { in.ExistingCluster, in.ClusterGroup, in.ExistingVault = "old", "prod", "shared" },
		"hsm": func(in *Inputs) {
			in.ManagedHSM, in.AttestationEndpoint = "vaulty", "https://sharedeus.eus.attest.azure.net/"
		},
		"hostile": func(in *Inputs) {
			in.Subscription, in.Message, in.Topic = "it's $HOME; `id`", "EOF $(id) `id` ${PATH} \\ ' \"", "a'b"
		},
	}
}

func runbook(change func(*Inputs)) string {
	var lines []string
	for _, s := range Plan(inputsOf(change), Steps()) {
		lines = append(append(lines, s.Commands...), s.Undo...)
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestTheEquivalentCommandsAreBash(t *testing.T) {
	for name, change := range ways() {
		t.Run(name, func(t *testing.T) {
			bash(t, runbook(change), "-n")
			bash(t, Runbook(Plan(inputsOf(change), Steps())), "-n")
		})
	}
}

// The article's commands, mended: each of them has its equivalent.
func TestEveryCommandOfTheArticleHasItsEquivalent(t *testing.T) {
	commands := runbook(nil) + runbook(ways()["existing"])
	for _, want := range []string{
		"az version",
		"az extension add --name aks-preview", "az extension update --name aks-preview",
		"az extension add --name confcom", "az extension update --name confcom",
		"az feature register --namespace Microsoft.ContainerService --name KataCcIsolationPreview",
		"az feature show", "az provider register --namespace Microsoft.ContainerService",
		"az aks create", "--os-sku AzureLinux", "--node-vm-size", "--enable-oidc-issuer", "--enable-workload-identity", "--generate-ssh-keys",
		"az aks get-credentials", "az aks nodepool add", "--cluster-name", "--workload-runtime KataCcIsolation", "az aks update",
		"kubectl create namespace kafka", "az identity create", "az identity federated-credential create", "workload-identity-sa",
		"AKV_SCOPE=$(az keyvault show", `az role assignment create --role 'Key Vault Crypto Officer'`, "--assignee-object-id",
		"strimzi-cluster-operator-0.45.2.yaml", "kubectl apply --server-side --force-conflicts", "kind: KafkaNodePool",
		"setup-key.sh", "export MAA_ENDPOINT", "az attestation show", `echo "$MAA_ENDPOINT"`,
		"WORKLOAD_MEASUREMENT=$(az confcom katapolicygen -y consumer.yaml --print-policy | base64 -d | sha256sum | cut -d' ' -f1)",
		"export MANAGED_IDENTITY=", "az keyvault key create", "--kty RSA-HSM --size 3072 --exportable --policy", "az keyvault key download",
		"az account set --subscription", "az keyvault key list --output table",
		"kubectl apply --server-side -f consumer.yaml", "kubectl apply --server-side -f producer.yaml", "kubectl get svc consumer -n kafka",
		"az aks delete", "kubectl delete pod kafka-golang-consumer",
	} {
		if !strings.Contains(commands, want) {
			t.Errorf("there is no %s", want)
		}
	}
	for _, fault := range []string{"–", "/bin/skr", "strimzi.io/install/latest", "sharedeus2.eus2.test", "myKeyVault"} {
		if strings.Contains(commands, fault) {
			t.Errorf("the article's %q is still there", fault)
		}
	}
}

// What the commands write is what cctui applies, once the shell has filled in its variables.
func TestTheCommandsWriteTheSameManifest(t *testing.T) {
	in := inputsOf(ways()["hostile"])
	out := Outputs{ClientID: "client", AttestationHost: "maa.example", VaultURI: "https://kv.example", PublicKey: "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"}
	file := filepath.Join(t.TempDir(), "producer.yaml")
	pem := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(pem, []byte(out.PublicKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bash(t, `PUBLIC_KEY=$(awk '{printf "%s\\n", $0}' `+sh(pem)+")\n"+heredoc(file, string(render("producer.yaml", shellValues(in)))))
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, want := podOf(documents(t, written)[0]), podOf(documents(t, render("producer.yaml", newValues(in, KataCC(), out)))[0])
	if env(got, producerPod, "MSG") != env(want, producerPod, "MSG") || !samePEM(env(got, producerPod, "PUBKEY"), out.PublicKey) {
		t.Errorf("wrote\n%s", written)
	}
}

func FuzzQuotedWordsSurviveTheShell(f *testing.F) {
	for _, seed := range []string{"", "plain", "it's", `a "b" $c`, "`id`", "-n", "a\nb", "*", "~", "!"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, word string) {
		word = strings.ReplaceAll(word, "\x00", "")
		if got := bash(t, "printf %s "+sh(word)); !bytes.Equal([]byte(got), []byte(word)) {
			t.Errorf("%q became %q", word, got)
		}
	})
}
