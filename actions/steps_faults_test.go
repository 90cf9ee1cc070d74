package actions

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/skr"
)

// fault is something wrong with the world, and what the user is to be told.
type fault struct {
	spoil   func(w *realm)
	inputs  func(in *Inputs)
	id      string
	class   Class
	late    bool   // shows only once something was made
	mention string // somewhere in what is told
}

func faults() map[string]fault {
	pods := func(change func(kind, name string, o kube.Object)) func(*realm) {
		return func(w *realm) { w.admission = change }
	}
	onPod := func(pod string, change func(o kube.Object)) func(*realm) {
		return pods(func(kind, name string, o kube.Object) {
			if kind == "Pod" && name == pod {
				change(o)
			}
		})
	}
	return map[string]fault{
		"policy edited after the key was made": {
			spoil: onPod(consumerPod, func(o kube.Object) {
				o["metadata"].(map[string]any)["annotations"].(map[string]any)[skr.PolicyAnnotation] = "cGFja2FnZSBldmls"
			}),
			id: "policy-drift", mention: "the running pod",
		},
		"release policy naming another authority": {
			spoil: func(w *realm) {
				w.policyIs = func(p []byte) []byte {
					return bytes.Replace(p, []byte("https://cctui"), []byte("https://other"), 1)
				}
			},
			id: "wrong-authority", mention: "https://other",
		},
		"debuggable guest": {spoil: func(w *realm) { w.debuggable = true }, id: "debuggable-guest", mention: "true"},
		"no sidecar": {
			spoil: onPod(consumerPod, func(o kube.Object) {
				spec := o["spec"].(map[string]any)
				spec["containers"] = spec["containers"].([]any)[1:]
			}),
			id: "no-sidecar", mention: "skr",
		},
		"federated subject wrong": {
			spoil: func(w *realm) { w.federationIs = func(f *azure.FederatedCredential) { f.Subject += "x" } },
			id:    "federated-subject", mention: "system:serviceaccount:kafka:workload-identity-sax",
		},
		"issuer wrong": {
			spoil: func(w *realm) {
				w.federationIs = func(f *azure.FederatedCredential) { f.Issuer = "https://elsewhere/" }
			},
			id: "federated-issuer", mention: "https://elsewhere/",
		},
		"audience wrong": {
			spoil: func(w *realm) { w.federationIs = func(f *azure.FederatedCredential) { f.Audience = "api://other" } },
			id:    "federated-audience", mention: "api://other",
		},
		"role of the pod missing": {
			spoil: func(w *realm) { w.hooks["release"] = func() error { return errRefused } },
			id:    "role-missing", mention: "Release User",
		},
		"role of the operator missing": {spoil: func(w *realm) { w.roleDelay = 1 << 30 }, id: "role-missing", mention: "Crypto Officer"},
		"vault Standard":               {spoil: func(w *realm) { w.vaultIs = func(v *azure.Vault) { v.Premium = false } }, id: "vault-standard", mention: "Premium"},
		"vault in access-policy mode":  {spoil: func(w *realm) { w.vaultIs = func(v *azure.Vault) { v.RBAC = false } }, id: "vault-access-policy", mention: "role"},
		"key soft-deleted": {
			spoil: func(w *realm) { w.deletedKeys["kafka-encryption-demo"] = keyVersion("https://x", "k", 1, nil) },
			id:    "key-deleted", mention: "--soft-deleted purge",
		},
		"vault soft-deleted": {
			spoil: func(w *realm) {
				w.deletedVaults[testInputs().Vault] = azure.DeletedVault{PurgeProtected: true}
			},
			id: "vault-deleted", mention: "--vault",
		},
		"producer with an old public key": {
			spoil: func(w *realm) {
				w.admission = func(kind, name string, _ kube.Object) {
					if name == producerPod {
						key := w.keys["kafka-encryption-demo"]
						w.keys["kafka-encryption-demo"] = keyVersion("https://x", key.Name, 2, key.ReleasePolicy)
					}
				}
			},
			id: "public-key-old", mention: "v2",
		},
		"topic mismatch": {
			spoil: onPod(producerPod, func(o kube.Object) {
				c := o["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)
				c["env"].([]any)[0].(map[string]any)["value"] = "elsewhere"
			}),
			id: "topic-mismatch", mention: "elsewhere",
		},
		"quota zero": {
			spoil: func(w *realm) { w.quotas["standardDCACCV5Family"] = azure.Quota{Family: "standardDCACCV5Family"} },
			id:    "quota-zero", class: ClassAvailability, mention: "az quota update",
		},
		"SKU not offered": {
			spoil: func(w *realm) {
				w.sizes["Standard_DC4as_cc_v5"] = azure.VMSize{Restriction: "NotAvailableForSubscription"}
			},
			id: "sku-not-offered", class: ClassAvailability, mention: "NotAvailableForSubscription",
		},
		"SKU unknown": {
			spoil: func(w *realm) { delete(w.sizes, "Standard_DC4as_cc_v5") },
			id:    "sku-not-offered", class: ClassAvailability, mention: "eastus",
		},
		"feature not found": {spoil: func(w *realm) { w.feature = "" }, id: "feature-missing", class: ClassAvailability, mention: "March 2026"},
		"permission to assign roles missing": {
			spoil: func(w *realm) {
				w.permissions = []azure.Permissions{{Actions: []string{"*"}, NotActions: []string{"Microsoft.Authorization/*/Write"}}}
			},
			id: "no-role-permission", class: ClassAvailability, mention: "User Access Administrator",
		},
		"no permission at all":  {spoil: func(w *realm) { w.permissions = nil }, id: "no-permission", class: ClassAvailability, mention: "resourceGroups/write"},
		"runtime class gone":    {spoil: func(w *realm) { w.noClass = true }, id: "runtime-class-missing", class: ClassAvailability, late: true, mention: "kata-cc-isolation"},
		"consumer always raced": {spoil: func(w *realm) { w.races = 1 << 30 }, id: "consumer-raced", mention: "sidecar"},
		"unknown location":      {inputs: func(in *Inputs) { in.Location = "atlantis" }, id: "location-unknown", class: ClassUsage, mention: "CCTUI_LOCATION"},
		"two subscriptions and none chosen": {
			spoil: func(w *realm) {
				w.subscriptions = append(w.subscriptions, azure.Subscription{ID: "2", Name: "contoso-prod"})
			},
			id: "subscription-unknown", class: ClassUsage, mention: "contoso-prod",
		},
		"no subscription": {spoil: func(w *realm) { w.subscriptions = nil }, id: "no-subscription", class: ClassSignIn, mention: "--tenant"},
		"az too old":      {spoil: func(w *realm) { w.versions.CLI = "2.9.0" }, id: "az-too-old", mention: "az upgrade"},
		"extension missing": {
			spoil: func(w *realm) { delete(w.versions.Extensions, "confcom") },
			id:    "extension-missing", mention: "az extension add --name confcom",
		},
		"cluster of somebody else": {
			spoil: func(w *realm) { w.clusters[testInputs().Cluster] = azure.Cluster{State: succeeded} },
			id:    "name-taken", mention: "--existing-cluster",
		},
		"vault of somebody else": {
			spoil: func(w *realm) { w.vaults[testInputs().Vault] = azure.Vault{State: succeeded} },
			id:    "name-taken", mention: "--existing-vault",
		},
		"Kubernetes too new": {
			spoil: func(w *realm) { w.kubernetes = []azure.KubernetesVersion{{Version: "1.34"}, {Version: "1.33"}} },
			id:    "kubernetes-too-new", class: ClassAvailability, mention: "1.33, 1.34",
		},
		"Kubernetes with long-term support only": {
			spoil: func(w *realm) { w.kubernetes = []azure.KubernetesVersion{{Version: "1.31", LongTerm: true}} },
			id:    "kubernetes-too-new", class: ClassAvailability, mention: "1.31 (long-term support only)",
		},
		"Strimzi of somebody else": {
			spoil: func(w *realm) {
				w.objects[kube.Ref{APIVersion: definitionKind, Kind: "CustomResourceDefinition", Name: "kafkas.kafka.strimzi.io"}] = kube.Object{}
			},
			id: "strimzi-exists", mention: "0.45.2",
		},
		"attestation service with another name": {spoil: func(w *realm) { w.issuer = "https://elsewhere" }, id: "wrong-authority", mention: "https://elsewhere"},
		"existing cluster missing":              {inputs: func(in *Inputs) { in.ExistingCluster = "nowhere" }, id: "cluster-missing", class: ClassUsage, mention: "nowhere"},
		"existing vault missing":                {inputs: func(in *Inputs) { in.ExistingVault = "nowhere" }, id: "vault-missing", class: ClassUsage, mention: "nowhere"},
	}
}

func TestEachFaultEndsWithItsTrueCauseAndNoMessage(t *testing.T) {
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newRealm()
				if f.spoil != nil {
					f.spoil(w)
				}
				walk, _ := walkthrough(t, w, NewJournal(), f.inputs)
				result, err := walk.Run(t.Context())
				p := problemOf(err)
				if p.ID != f.id {
					t.Fatalf("problem %q (%v), want %q", p.ID, err, f.id)
				}
				if want := f.class; want != "" && p.Class != want || want == "" && p.Class != ClassFailed {
					t.Errorf("class %q, want %q", p.Class, want)
				}
				told := strings.Join(slices.Concat([]string{p.Title, p.Why}, p.Remedy, p.Commands), "\n")
				if !strings.Contains(told, f.mention) {
					t.Errorf("it does not mention %q:\n%s", f.mention, told)
				}
				if len(p.Remedy) == 0 {
					t.Error("it names no remedy")
				}
				if result.Message != "" {
					t.Errorf("and yet a message: %q", result.Message)
				}
				if f.class != "" && !f.late && len(w.writes()) > 0 {
					t.Errorf("it wrote before it refused: %v", w.writes())
				}
			})
		})
	}
}

func TestPatienceIsTheUsersToChoose(t *testing.T) {
	for name, test := range map[string]struct {
		spoil    func(w *realm)
		patience time.Duration
		id       string
		most     time.Duration // after which the run has ended, polls and restarts included
	}{
		"role of the operator": {func(w *realm) { w.roleDelay = 1 << 30 }, time.Minute, "role-missing", 75 * time.Second},
		"role of the pod":      {func(w *realm) { w.hooks["release"] = func() error { return errRefused } }, time.Minute, "role-missing", 90 * time.Second},
		"runtime class":        {func(w *realm) { w.noClass = true }, time.Minute, "runtime-class-missing", 75 * time.Second},
		"runtime class, limit": {func(w *realm) { w.noClass = true }, time.Hour, "runtime-class-missing", classLimit + 15*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newRealm()
				test.spoil(w)
				walk, _ := walkthrough(t, w, NewJournal(), func(in *Inputs) { in.Patience = test.patience })
				began := time.Now()
				_, err := walk.Run(t.Context())
				took := time.Since(began)
				if problemOf(err).ID != test.id || took < min(test.patience, classLimit) || took > test.most {
					t.Errorf("%v after %s", err, took)
				}
			})
		})
	}
}
