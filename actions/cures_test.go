package actions

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kube"
)

// ailment is a walkthrough that fails, and what cctui can do about it.
type ailment struct {
	spoil  func(w *realm)
	passes func(w *realm) // what was wrong is wrong no more, but what came of it stays
	id     string         // of the problem
	cure   string
	wrote  []string // calls that the cure makes itself
}

func ailments() map[string]ailment {
	spoiltPod := func(pod string, change func(spec map[string]any)) func(*realm) {
		return func(w *realm) {
			w.admission = func(kind, name string, o kube.Object) {
				if kind == "Pod" && name == pod {
					change(o["spec"].(map[string]any))
				}
			}
		}
	}
	calm := func(w *realm) {
		w.admission, w.policyIs, w.federationIs, w.hooks = nil, nil, nil, map[string]func() error{}
	}
	key := testInputs().Key
	return map[string]ailment{
		"a deleted key is taken back": {
			spoil: func(w *realm) {
				w.hooks["kube.ServicePage"] = func() error {
					w.mu.Lock()
					defer w.mu.Unlock()
					if found, there := w.keys[key]; there {
						w.deletedKeys[key] = found
						delete(w.keys, key)
					}
					return errRefused
				}
			},
			passes: calm, id: "key-deleted", cure: "recover-key", wrote: []string{"azure.RecoverKey"},
		},
		"a deleted key is purged": {
			spoil: func(w *realm) { w.deletedKeys[key] = keyVersion("https://x", key, 1, nil) },
			id:    "key-deleted", cure: "purge-key", wrote: []string{"azure.PurgeKey"},
		},
		"a key that went away is made anew": {
			spoil: func(w *realm) {
				w.hooks["kube.ServicePage"] = func() error {
					w.mu.Lock()
					defer w.mu.Unlock()
					delete(w.keys, key)
					return errRefused
				}
			},
			passes: calm, id: "key-deleted", cure: "again-key",
		},
		"a deleted vault is taken back": {
			spoil: func(w *realm) { w.deletedVaults[testInputs().Vault] = azure.DeletedVault{} },
			id:    "vault-deleted", cure: "recover-vault", wrote: []string{"azure.RecoverVault"},
		},
		"a deleted vault is purged": {
			spoil: func(w *realm) { w.deletedVaults[testInputs().Vault] = azure.DeletedVault{} },
			id:    "vault-deleted", cure: "purge-vault", wrote: []string{"azure.PurgeVault"},
		},
		"extensions are installed": {
			spoil: func(w *realm) { w.versions.Extensions = map[string]string{"confcom": "0.1.0"} },
			id:    "extension-missing", cure: "install-extensions", wrote: []string{"cli.AddExtension", "cli.AddExtension"},
		},
		"the federated credential is set right": {
			spoil: func(w *realm) {
				w.federationIs = func(f *azure.FederatedCredential) { f.Issuer = "https://elsewhere/" }
			},
			passes: calm, id: "federated-issuer", cure: "again-federated-credential",
		},
		"the key gets its policy": {
			spoil: func(w *realm) {
				w.policyIs = func(p []byte) []byte {
					return bytes.Replace(p, []byte("https://cctui"), []byte("https://other"), 1)
				}
			},
			passes: calm, id: "wrong-authority", cure: "again-attestation",
		},
		"the consumer gets its sidecar": {
			spoil:  spoiltPod(consumerPod, func(spec map[string]any) { spec["containers"] = spec["containers"].([]any)[1:] }),
			passes: calm, id: "no-sidecar", cure: "again-consumer",
		},
		"the producer gets the topic": {
			spoil: spoiltPod(producerPod, func(spec map[string]any) {
				c := spec["containers"].([]any)[0].(map[string]any)
				c["env"].([]any)[0].(map[string]any)["value"] = "elsewhere"
			}),
			passes: calm, id: "topic-mismatch", cure: "again-producer",
		},
		"the producer gets the present key": {
			spoil: func(w *realm) {
				w.admission = func(_, name string, _ kube.Object) {
					if name == producerPod {
						w.keys[key] = keyVersion("https://x", key, 2, w.keys[key].ReleasePolicy)
					}
				}
			},
			passes: calm, id: "public-key-old", cure: "again-public-key",
		},
		"new credentials are fetched": {
			spoil: func(w *realm) {
				w.hooks["kube.Version"] = func() error {
					return errors.New("the server has asked for the client to provide credentials")
				}
			},
			passes: calm, id: "cluster-refuses-sign-in", cure: "fetch-credentials",
		},
	}
}

// Each cure is carried out, and what failed succeeds when it is run again.
func TestCuresCure(t *testing.T) {
	for name, a := range ailments() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newRealm()
				a.spoil(w)
				walk, r := walkthrough(t, w, NewJournal(), func(in *Inputs) { in.Patience = time.Minute })
				_, err := walk.Run(t.Context())
				p := problemOf(err)
				if p.ID != a.id || !slices.ContainsFunc(p.Cures, func(c Cure) bool { return c.ID == a.cure }) {
					t.Fatalf("%s %q offers %+v", p.ID, p.Title, p.Cures)
				}
				if a.passes != nil {
					a.passes(w)
				}
				w.calls = nil
				if err := walk.Cure(t.Context(), p.Step, a.cure); err != nil {
					t.Fatalf("%+v", problemOf(err))
				}
				if got := w.writes(); !slices.Equal(got, a.wrote) {
					t.Errorf("wrote %v, want %v", got, a.wrote)
				}
				if got := r.states(p.Step); got[len(got)-1] != Pending && got[len(got)-1] != Stale {
					t.Errorf("after the cure, %s is %s", p.Step, got[len(got)-1])
				}
				if _, err := walk.Run(t.Context()); err != nil {
					t.Errorf("not cured: %+v", problemOf(err))
				}
			})
		})
	}
}

func TestOnlyWhatAProblemOffersIsCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		w.deletedVaults[testInputs().Vault] = azure.DeletedVault{PurgeProtected: true}
		walk, r := walkthrough(t, w, NewJournal(), nil)
		if _, err := walk.Run(t.Context()); problemOf(err).ID != "vault-deleted" {
			t.Fatal(err)
		}
		w.calls = nil
		for _, wrong := range [][2]string{{"vault", "purge-vault"}, {"vault", "rain"}, {"key", "purge-key"}, {"moon", "purge-key"}} {
			if err := walk.Cure(t.Context(), wrong[0], wrong[1]); err == nil {
				t.Errorf("%s was carried out for %s", wrong[1], wrong[0])
			}
		}
		if len(w.calls) > 0 {
			t.Errorf("called %v", w.calls)
		}
		w.hooks["azure.RecoverVault"] = func() error { return errRefused }
		if err := walk.Cure(t.Context(), "vault", "recover-vault"); err == nil {
			t.Fatal("the refusal is not told")
		}
		if got := r.states("vault"); got[len(got)-1] != Failed {
			t.Errorf("after a cure that failed, vault is %s", got[len(got)-1])
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		w.hooks["azure.RecoverVault"] = func() error { return ctx.Err() }
		if err := walk.Cure(ctx, "vault", "recover-vault"); err == nil {
			t.Error("a problem that has no cures offers one")
		}
	})
}

// Which cures destroy something is held here: they are carried out only where the user is told so.
func TestCuresSayWhatIsLost(t *testing.T) {
	var lose []string
	for _, c := range treatments() {
		if c.Loses != "" {
			lose = append(lose, c.ID)
		}
	}
	if want := []string{"purge-key", "purge-vault"}; !slices.Equal(lose, want) {
		t.Errorf("%q lose something, want %q", lose, want)
	}
}

func TestEveryCureOfTheTableExists(t *testing.T) {
	var steps []string
	for _, s := range Steps() {
		steps = append(steps, s.ID)
	}
	for _, r := range known {
		for _, c := range offer(r.cures...) {
			if c.From != "" && !slices.Contains(steps, c.From) {
				t.Errorf("%s: the cure %s begins at a step that does not exist", r.id, c.ID)
			}
		}
	}
	for _, c := range treatments() {
		if c.From != "" && !slices.Contains(steps, c.From) {
			t.Errorf("the cure %s begins at %s, which is no step", c.ID, c.From)
		}
	}
}

func TestCuresNameWhatTheyAreAbout(t *testing.T) {
	p := Explain("key", service(409, "Conflict", "ObjectIsDeletedButRecoverable", "")).named(testInputs())
	for _, c := range p.Cures {
		if !strings.Contains(c.Label, testInputs().Key) || strings.Contains(c.Loses, "<") {
			t.Errorf("%+v", c)
		}
	}
}
