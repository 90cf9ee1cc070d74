package actions

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDefaultsAreValid(t *testing.T) {
	if faults := Validate(testInputs()); len(faults) > 0 {
		t.Errorf("%v", Faults(faults))
	}
}

// TestEveryInputHasARule: one without would go unchecked to Azure.
func TestEveryInputHasARule(t *testing.T) {
	unruled := Inputs{}.values()
	for _, r := range rules {
		if _, ok := unruled[r.key]; !ok {
			t.Errorf("rule for %s, which is no input or has two", r.key)
		}
		delete(unruled, r.key)
	}
	delete(unruled, "install-extensions") // a switch is never wrong
	if len(unruled) > 0 {
		t.Errorf("no rule for %v", unruled)
	}
}

func TestNamesAreCheckedByTheirServicesRules(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	for key, test := range map[string]struct {
		set       func(*Inputs, string)
		good, bad []string
	}{
		"location": {func(in *Inputs, v string) { in.Location = v },
			[]string{"eastus", "westeurope", "uksouth2"}, []string{"", "East US", "east-us", "9us"}},
		"resource-group": {func(in *Inputs, v string) { in.ResourceGroup = v },
			[]string{"g", "my.group_(1)", "grüße", long(90)}, []string{"", "ends.", "a/b", "a b", long(91)}},
		"cluster": {func(in *Inputs, v string) { in.Cluster = v },
			[]string{"c", "My_cluster-1", long(63)}, []string{"", "-c", "c-", "a.b", long(64)}},
		"node-pool": {func(in *Inputs, v string) { in.Pool = v },
			[]string{"p", "kataccpool12"}, []string{"", "kataccpool123", "1pool", "Pool", "a-b"}},
		"identity": {func(in *Inputs, v string) { in.Identity = v },
			[]string{"abc", "My-id_1", long(128)}, []string{"ab", "-abc", "a.b", long(129)}},
		"federated-credential": {func(in *Inputs, v string) { in.FederatedCredential = v },
			[]string{"abc", long(120)}, []string{"ab", "_abc", long(121)}},
		"namespace": {func(in *Inputs, v string) { in.Namespace = v },
			[]string{"kafka", "a", "0-a", long(63)}, []string{"", "Kafka", "a.b", "a-", "kube-system", long(64)}},
		"service-account": {func(in *Inputs, v string) { in.ServiceAccount = v },
			[]string{"workload-identity-sa", "a.b"}, []string{"", "Upper", "a_b", ".a"}},
		"vault": {func(in *Inputs, v string) { in.Vault = v },
			[]string{"abc", "kv-cctui-7f3a", "V1-2", long(24)}, []string{"", "ab", "1ab", "a--b", "ab-", "a_b", long(25)}},
		"attestation-provider": {func(in *Inputs, v string) { in.AttestationProvider = v },
			[]string{"abc", long(24)}, []string{"", "ab", "a-b", "ABC", long(25)}},
		"attestation-endpoint": {func(in *Inputs, v string) { in.AttestationEndpoint = v },
			[]string{"", "sharedeus.eus.attest.azure.net", "sharedeus.eus.attest.localhost:8443"},
			[]string{"https://sharedeus.eus.attest.azure.net", "sharedeus.eus.attest.azure.net/", "localhost"}},
		"key": {func(in *Inputs, v string) { in.Key = v },
			[]string{"k", "kafka-encryption-demo", long(127)}, []string{"", "a_b", "a/b", long(128)}},
		"topic": {func(in *Inputs, v string) { in.Topic = v },
			[]string{"t", "a.b_c-D", long(249)}, []string{"", ".", "..", "a b", long(250)}},
		"message": {func(in *Inputs, v string) { in.Message = v },
			[]string{"a", "Olá, mundo 世界", long(MaxMessage)}, []string{"", "two\nlines", "\x1b[31m", "\xff", long(MaxMessage + 1), strings.Repeat("世", 103)}},
		"kubernetes-version": {func(in *Inputs, v string) { in.KubernetesVersion = v },
			[]string{"", "1.25", "1.31.2"}, []string{"1.24", "1.24.9", "0.30", "latest", "1"}},
		"vm-size": {func(in *Inputs, v string) { in.VMSize = v },
			[]string{"Standard_DC4as_cc_v5"}, []string{"", "DC4as_cc_v5", "Standard_D4s v5"}},
		"consumer-image": {func(in *Inputs, v string) { in.ConsumerImage = v },
			[]string{"mcr.microsoft.com/acc/samples/kafka/consumer:1.0", "localhost:5000/a/b@sha256:" + strings.Repeat("0", 64)},
			[]string{"", "mcr.microsoft.com/a/b", "mcr.microsoft.com/a/b:latest", "consumer:1.0", "mcr.microsoft.com/A:1", "mcr.microsoft.com/a:1 "}},
		"roles":        {func(in *Inputs, v string) { in.Roles = v }, []string{"least", "article"}, []string{"", "owner"}},
		"soft-deleted": {func(in *Inputs, v string) { in.SoftDeleted = v }, []string{"fail", "recover", "purge"}, []string{"", "keep"}},
		"expose":       {func(in *Inputs, v string) { in.Expose = v }, []string{"cluster", "internal", "public"}, []string{"", "world"}},
	} {
		keys := func(value string) (keys []string) {
			in := testInputs()
			test.set(&in, value)
			for _, f := range Validate(in) {
				keys = append(keys, f.Key)
			}
			return keys
		}
		for _, value := range test.good {
			if got := keys(value); len(got) > 0 {
				t.Errorf("%s %q is refused", key, value)
			}
		}
		for _, value := range test.bad {
			if got := keys(value); !slices.Equal(got, []string{key}) {
				t.Errorf("%s %q: faults %v", key, value, got)
			}
		}
	}
}

func TestNumbersAndTimes(t *testing.T) {
	in := testInputs()
	in.PoolNodes, in.KeepFor, in.Patience = -1, -time.Hour, time.Millisecond
	if faults := Validate(in); len(faults) != 3 {
		t.Errorf("faults %v", faults)
	}
	in.PoolNodes, in.KeepFor, in.Patience = 1000, 4*time.Hour, time.Second
	if faults := Validate(in); len(faults) != 0 {
		t.Errorf("faults %v", faults)
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	faults := Faults(Validate(Inputs{}))
	if len(faults) < 20 {
		t.Errorf("only %d faults", len(faults))
	}
	text := faults.Error()
	for _, want := range []string{"--resource-group: is missing", "--message: is missing"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\ndoes not say %q", text, want)
		}
	}
	if got := faults[1].Variable(); got != "CCTUI_RESOURCE_GROUP" {
		t.Errorf("variable %s", got)
	}
}

func TestWhatIsNotUsedIsNotAskedFor(t *testing.T) {
	in := testInputs()
	in.ExistingCluster, in.Cluster, in.SystemVMSize = "mine", "", ""
	in.ManagedHSM, in.Vault = "hsm", ""
	in.AttestationEndpoint, in.AttestationProvider = "sharedeus.eus.attest.azure.net", ""
	if faults := Validate(in); len(faults) > 0 {
		t.Errorf("faults %v", faults)
	}
}

func TestContradictions(t *testing.T) {
	in := testInputs()
	in.ExistingVault, in.ManagedHSM, in.ClusterGroup = "vault", "hsm", "group"
	faults := Validate(in)
	if len(faults) != 2 || faults[0].Key != "managed-hsm" || faults[1].Key != "cluster-resource-group" {
		t.Errorf("faults %v", faults)
	}
}

func TestWhatIsGivenWinsOverDefaults(t *testing.T) {
	in := Inputs{Cluster: "mine", PoolNodes: 3}.WithDefaults("7f3a2b")
	if in.Cluster != "mine" || in.PoolNodes != 3 || in.Vault != "kv-cctui-7f3a2b" || in.Namespace != "kafka" {
		t.Errorf("%+v", in)
	}
	if again := in.WithDefaults("other"); again != in {
		t.Errorf("complete inputs were changed: %+v", again)
	}
}
