package actions

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cctui/cctui/skr"
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

// pretended stands for az, kubectl and curl: it says what the real ones would, and nothing else is run.
const pretended = `
az() {
	case "$*" in
	*"feature show"*) echo Registered ;;
	*attestUri*) echo https://maa.eus.attest.azure.net ;;
	*vaultUri*|*hsmUri*) echo https://kv.vault.azure.net/ ;;
	*"confcom katapolicygen"*) printf policy | base64 ;;
	*"key download"*) while [ "$1" != --file ]; do shift; done; printf -- '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n' > "$2" ;;
	*"get-credentials"*) while [ "$1" != --file ]; do shift; done; echo kubeconfig > "$2" ;;
	*) echo "some value" ;;
	esac
}
kubectl() {
	test -f "$KUBECONFIG" || { echo "kubectl $*: not with our cluster" >&2; return 1; }
	case "$*" in
	*"-f -"*) cat >/dev/null ;;
	*jsonpath*) printf policy | base64 ;;
	*--raw*) echo '<code className="code">Msg 1: read</code>' ;;
	esac
}
curl() {
	case "$*" in *http://*) echo '<code className="code">Msg 1: read</code>' ;; *) echo "namespace: myproject" ;; esac
}
`

// The script is run as a whole, and its cleanup in a shell that knows nothing of it.
func TestTheScriptRunsFromEndToEnd(t *testing.T) {
	for name, change := range ways() {
		t.Run(name, func(t *testing.T) {
			dir, in := t.TempDir(), inputsOf(change)
			start := "cd " + sh(dir) + "\n" + pretended
			script := Runbook(Plan(in, Steps()))
			if said := bash(t, start+script); strings.Count(said, "Msg 1: read") != 2 {
				t.Errorf("the two pages are not shown:\n%s", said)
			}

			consumer := podOf(documents(t, readFile(t, dir, "consumer.yaml"))[0])
			if got := env(consumer, consumerPod, "SkrClientAKVEndpoint"); got != "kv.vault.azure.net" {
				t.Errorf("the consumer asks the vault %q", got)
			}
			policy, err := skr.ParseReleasePolicy(readFile(t, dir, in.Key+"-release-policy.json"))
			if err != nil {
				t.Fatal(err)
			}
			measured := sha256.Sum256([]byte("policy"))
			claims := map[string]any{
				skr.ClaimAttestationType: "sevsnpvm", skr.ClaimHostData: hex.EncodeToString(measured[:]),
				skr.ClaimComplianceStatus: KataCC().ComplianceStatus, skr.ClaimDebuggable: false,
			}
			if verdict := policy.Explain("https://"+env(consumer, consumerPod, "SkrClientMAAEndpoint"), claims); !verdict.Released {
				t.Errorf("the release policy refuses the very pod it is for: %+v", verdict)
			}

			_, cleanup, _ := strings.Cut(script, "# ===== cleanup =====\n")
			_, cleanup, _ = strings.Cut(cleanup, "\n")
			bash(t, start+"set -euo pipefail\n"+strings.ReplaceAll("\n"+cleanup, "\n# ", "\n"))
		})
	}
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A command that asks back, or needs an extension that is not there, stops a script.
func TestNoCommandOfTheScriptAsksBack(t *testing.T) {
	fresh, existing := runbook(nil), runbook(ways()["existing"])
	add := strings.Index(fresh, "az extension add --name attestation")
	if use := strings.Index(fresh, "az attestation create"); add < 0 || use < add {
		t.Errorf("the extension of az attestation is added at %d, used at %d", add, use)
	}
	if !strings.Contains(existing, "az aks update --resource-group prod --name old --yes") {
		t.Error("az aks update without anything to update asks whether it shall")
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
