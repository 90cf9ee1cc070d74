package actions

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kafka"
	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/skr"
)

func TestTheWalkthroughEndsWithMessageProofAndContrast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		walk, _ := walkthrough(t, w, NewJournal(), nil)
		result, err := walk.Run(t.Context())
		if err != nil {
			t.Fatalf("%+v", problemOf(err))
		}
		if n, text, ok := kafka.ParseMessage(result.Message); !ok || n == 0 || text != "Ola, mundo" {
			t.Errorf("message is %q", result.Message)
		}
		if !kafka.IsCiphertext(result.Ciphertext, keyBits) {
			t.Errorf("ciphertext is %q", result.Ciphertext)
		}
		a := result.Attestation
		if a == nil || a.Evidence != "token" || a.Claims[skr.ClaimHostData] != walk.Outputs().Measurement || len(a.Checks) != 5 {
			t.Errorf("attestation is %+v", a)
		}
		if result.Steps[Done] != len(Steps()) {
			t.Errorf("steps: %v", result.Steps)
		}
	})
}

func TestASecondRunChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		finish(t, w, j, nil)
		w.calls = nil
		result := finish(t, w, j, nil)
		if writes := w.writes(); len(writes) > 0 {
			t.Errorf("wrote %v", writes)
		}
		probed := 0
		for _, s := range Steps() {
			if s.Probe != nil {
				probed++
			}
		}
		if result.Steps[Skipped] != probed {
			t.Errorf("skipped %d of the %d steps that can tell", result.Steps[Skipped], probed)
		}
	})
}

func TestOnlyTheProvidersOfWhatIsMadeAreRegistered(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Inputs)
		want   []string
	}{
		"all new": {func(*Inputs) {}, []string{"Microsoft.Attestation", "Microsoft.ContainerService", "Microsoft.KeyVault", "Microsoft.ManagedIdentity"}},
		"vault and attestation": {func(in *Inputs) {
			in.ExistingVault, in.AttestationEndpoint = "shared", "sharedeus.eus.attest.azure.net"
		}, []string{"Microsoft.ContainerService", "Microsoft.ManagedIdentity"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, _ := existing()
				w.registered = map[string]bool{}
				finish(t, w, NewJournal(), test.change)
				if got := slices.Sorted(maps.Keys(w.registered)); !slices.Equal(got, test.want) {
					t.Errorf("registered %v, want %v", got, test.want)
				}
			})
		})
	}
}

// The registration of the feature takes as long as the cluster does: neither waits for the other.
func TestTheClusterIsMadeWhileTheFeatureIsRegistered(t *testing.T) {
	needs := map[string][]string{}
	for _, s := range Steps() {
		needs[s.ID] = s.Needs
	}
	if slices.Contains(needs["cluster"], "feature") || slices.Contains(needs["resource-group"], "feature") {
		t.Error("the cluster waits for the feature")
	}
	if !slices.Contains(needs["node-pool"], "feature") {
		t.Error("the node pool does not wait for the feature")
	}
}

func TestCleanupRemovesAllThatTheRunMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		finish(t, w, j, nil)
		clean(t, w, j, nil)
		if left := w.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// existing is a realm with a cluster and a vault that were there before, and somebody's pod in the cluster.
func existing() (*realm, func(*Inputs)) {
	w := newRealm()
	g := azure.Group{Subscription: testSubscription, Name: "prod"}
	cluster := standingCluster(g, "old")
	cluster.OIDCIssuer, cluster.WorkloadIdentity, cluster.IssuerURL = false, false, ""
	w.groups["prod"] = azure.ResourceGroup{ID: g.ID(), State: succeeded}
	w.clusters["old"] = cluster
	w.vaults["shared"] = azure.Vault{ID: "shared-id", Name: "shared", URI: "https://shared.vault.azure.net", Premium: true, RBAC: true, State: succeeded}
	w.objects[kube.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "till"}] = kube.Object{"metadata": map[string]any{"name": "till"}}
	return w, func(in *Inputs) {
		in.ExistingCluster, in.ClusterGroup, in.ExistingVault = "old", "prod", "shared"
	}
}

func TestAnExistingClusterIsMadeFitAndLeftAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, change := existing()
		before := maps.Clone(w.objects)
		j := NewJournal()
		finish(t, w, j, change)
		if w.count("azure.UpdateCluster") != 1 || w.count("azure.CreateCluster") != 0 || w.count("azure.CreateVault") != 0 {
			t.Errorf("wrote %v", w.writes())
		}
		result := clean(t, w, j, change)
		if want := []string{"1 groups", "1 clusters", "1 vaults"}; !slices.Equal(w.left(), want) {
			t.Errorf("left %v, want %v", w.left(), want)
		}
		if !maps.EqualFunc(w.objects, before, func(a, b kube.Object) bool { return true }) {
			t.Errorf("the cluster holds %v", slices.Collect(maps.Keys(w.objects)))
		}
		if len(result.Kept) == 0 || result.Kept[0].Kind != "cluster" {
			t.Errorf("kept %v", result.Kept)
		}
	})
}

func TestAManagedHSMIsGivenLocalRoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		w.hsms["vaulty"] = azure.ManagedHSM{ID: "hsm-id", Name: "vaulty", URI: "https://vaulty.managedhsm.azure.net"}
		change := func(in *Inputs) { in.ManagedHSM = "vaulty" }
		finish(t, w, j, change)
		scopes := map[string]string{}
		for _, a := range w.assignments {
			scopes[a.RoleID] = a.Scope
		}
		want := map[string]string{azure.LocalRoleCryptoReleaseUser: "/keys/kafka-encryption-demo", azure.LocalRoleCryptoOfficer: "/keys", azure.LocalRoleCryptoUser: "/keys"}
		if !maps.Equal(scopes, want) {
			t.Errorf("roles %v, want %v", scopes, want)
		}
		clean(t, w, j, change)
		if left := w.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestThePodGetsTheReleaseRoleOnlyUnlessTheArticleIsFollowed(t *testing.T) {
	for roles, want := range map[string][]string{
		RolesLeast:   {azure.RoleCryptoReleaseUser},
		RolesArticle: {azure.RoleCryptoUser, azure.RoleCryptoOfficer},
	} {
		var ids []string
		for _, role := range podRoles(inputsOf(func(in *Inputs) { in.Roles = roles })) {
			ids = append(ids, role.id)
		}
		slices.Sort(ids)
		if !slices.Equal(ids, want) {
			t.Errorf("%s: %v, want %v", roles, ids, want)
		}
	}
}

// Whatever call fails, the run says so, goes on from there when it is repeated, and leaves nothing
// behind when it is cleaned up.
func TestAFailureOfAnyWriteCanBeResumedAndCleanedUp(t *testing.T) {
	var writes []string
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		finish(t, w, NewJournal(), nil)
		writes = slices.Compact(slices.Sorted(slices.Values(w.writes())))
	})
	for _, write := range append(writes, "cli.GeneratePolicy", "kube.WaitPod", "kube.WaitCondition", "attester.Metadata") {
		t.Run(write, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, j := newRealm(), NewJournal()
				w.once(write, errRefused)
				walk, _ := walkthrough(t, w, j, nil)
				if _, err := walk.Run(t.Context()); err == nil {
					t.Fatal("the failure was not told")
				}
				if failed := w.count(write); failed == 0 {
					t.Fatal("it was never called")
				}
				finish(t, w, j, nil)
				clean(t, w, j, nil)
				if left := w.left(); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
			})
		})
	}
}

func TestAfterAFailureCleanupRemovesWhatThereIs(t *testing.T) {
	for _, write := range []string{"azure.CreateIdentity", "azure.CreatePool", "azure.CreateKey", "kube.Apply", "kube.WaitPod"} {
		t.Run(write, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, j := newRealm(), NewJournal()
				w.hooks[write] = func() error { return errRefused }
				walk, _ := walkthrough(t, w, j, nil)
				if _, err := walk.Run(t.Context()); err == nil {
					t.Fatal("the failure was not told")
				}
				clean(t, w, j, nil)
				if left := w.left(); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
			})
		})
	}
}

// The pool goes with its cluster, and is there, and costs, for as long as that is.
func TestAPoolIsNotSaidToBeGoneBeforeItsCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		finish(t, w, j, nil)
		w.hooks["azure.DeleteCluster"] = func() error { return errRefused }
		walk, _ := walkthrough(t, w, j, nil)
		result, err := walk.Cleanup(t.Context())
		if err == nil || !slices.ContainsFunc(result.Exists, func(r Resource) bool { return r.Kind == "node pool" }) {
			t.Errorf("%v: exists %v", err, result.Exists)
		}
		delete(w.hooks, "azure.DeleteCluster")
		clean(t, w, j, nil)
		if left := w.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestWhatIsUnderWayIsAwaitedNotMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		ctx, kill := context.WithCancel(t.Context())
		w.hooks["azure.CreateCluster"] = func() error { kill(); return ctx.Err() }
		walk, _ := walkthrough(t, w, j, nil)
		if _, err := walk.Run(ctx); problemOf(err).Class != ClassInterrupted {
			t.Fatalf("ended with %v", err)
		}
		name := walk.Inputs().Cluster
		w.clusters[name] = azure.Cluster{Name: name, State: "Creating"}
		delete(w.hooks, "azure.CreateCluster")
		finish(t, w, j, nil)
		if w.count("azure.CreateCluster") != 2 || w.count("azure.AwaitCluster") != 0 {
			t.Errorf("calls: %v", w.writes())
		}
	})
}

func TestWithoutATokenTheStateIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		w.hooks["azure.CreatePool"] = func() error { return context.Canceled }
		walk, _ := walkthrough(t, w, j, nil)
		if _, err := walk.Run(t.Context()); err == nil {
			t.Fatal("the failure was not told")
		}
		in := walk.Inputs()
		w.pools[in.Pool] = azure.Pool{Name: in.Pool, State: "Creating", WorkloadRuntime: "KataCcIsolation", OSSKU: "AzureLinux"}
		delete(w.hooks, "azure.CreatePool")
		finish(t, w, j, nil)
		if w.count("azure.AwaitPool") != 1 {
			t.Errorf("calls: %v", w.writes())
		}
		clean(t, w, j, nil)
		if left := w.left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestAGroupWithOthersResourcesIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		finish(t, w, j, nil)
		w.foreign = []string{"/subscriptions/x/theirs"}
		result := clean(t, w, j, nil)
		if len(w.groups) != 1 {
			t.Error("the group is gone, and with it what others put there")
		}
		if !slices.ContainsFunc(result.Kept, func(k Kept) bool { return strings.Contains(k.Why, "theirs") }) {
			t.Errorf("kept: %v", result.Kept)
		}
	})
}

func TestSlowRolesAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		w.roleDelay = 20
		walk, r := walkthrough(t, w, NewJournal(), nil)
		if _, err := walk.Run(t.Context()); err != nil {
			t.Fatalf("%+v", problemOf(err))
		}
		if !slices.ContainsFunc(r.reasons("roles"), func(s string) bool { return strings.Contains(s, "learns of the new roles") }) {
			t.Errorf("reasons: %v", r.reasons("roles"))
		}
	})
}

func TestAConsumerThatRacedItsSidecarIsRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		w.races = 2
		walk, r := walkthrough(t, w, NewJournal(), nil)
		if _, err := walk.Run(t.Context()); err != nil {
			t.Fatalf("%+v", problemOf(err))
		}
		if logged := r.logged("message"); !strings.Contains(logged, "Restarting the consumer (2)") {
			t.Errorf("told: %s", logged)
		}
	})
}

// passing are refusals of a sidecar that a second try may well not meet.
func passing() map[string]string {
	return map[string]string{
		"vault throttles":    `releasing the key k failed: AKV post request failed: {"error":{"code":"Throttled","message":"Request was not processed because too many requests were received."}}: http response status equal to 429 Too Many Requests`,
		"vault down":         `releasing the key k failed: AKV post request failed: : http response status equal to 503 Service Unavailable`,
		"attestation down":   `attestation failed: Retrieving MAA token from MAA endpoint failed: maa post request failed: : http response status equal to 500 Internal Server Error`,
		"sign-in down":       `retrieving authentication token failed: failed to acquire access token: http call(https://login.microsoftonline.com/t/oauth2/v2.0/token)(POST) error: reply status code was 503:`,
		"connection reset":   `releasing the key k failed: AKV post request failed: Post "https://v.vault.azure.net/keys/k/release": read tcp 10.244.1.9:41256->20.0.0.1:443: read: connection reset by peer`,
		"answer broken off":  `releasing the key k failed: pulling AKV response body failed: unexpected EOF`,
		"stream broken off":  `attestation failed: Retrieving MAA token from MAA endpoint failed: maa post request failed: Post "https://s.attest.azure.net/attest": stream error: stream ID 3; INTERNAL_ERROR; received from peer`,
		"connection refused": `retrieving authentication token failed: failed to acquire access token: Post "https://login.microsoftonline.com/t": dial tcp 20.0.0.1:443: connect: connection refused`,
	}
}

func TestAReleaseThatFailedInPassingIsTriedAgain(t *testing.T) {
	for name, refusal := range passing() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newRealm()
				w.trouble = []string{refusal, refusal, refusal}
				walk, r := walkthrough(t, w, NewJournal(), nil)
				if _, err := walk.Run(t.Context()); err != nil {
					t.Fatalf("%+v", problemOf(err))
				}
				if logged := r.logged("message"); !strings.Contains(logged, "Restarting the consumer (3): the release of the key failed at the ") {
					t.Errorf("told: %s", logged)
				}
			})
		})
	}
}

func TestAReleaseIsNotTriedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		w.trouble = slices.Repeat([]string{passing()["vault down"]}, 1000)
		walk, _ := walkthrough(t, w, NewJournal(), nil)
		_, err := walk.Run(t.Context())
		if p := problemOf(err); p.ID != "service-down" || p.Retry || len(w.trouble) != 1000-1-maxTries {
			t.Errorf("%+v with %d tries left", p, len(w.trouble))
		}
	})
}

func TestWithoutLogsTheProofIsTheReleasePolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		w.silent = true
		result := finish(t, w, NewJournal(), nil)
		if a := result.Attestation; a.Evidence != "release policy" || a.Claims[skr.ClaimComplianceStatus] != "azure-signed-katacc-uvm" {
			t.Errorf("attestation is %+v", a)
		}
	})
}

func TestSoftDeletedThingsAreDealtWithAsWished(t *testing.T) {
	for _, wish := range []string{SoftDeletedRecover, SoftDeletedPurge} {
		t.Run(wish, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, j := newRealm(), NewJournal()
				change := func(in *Inputs) { in.SoftDeleted = wish }
				in := inputsOf(change)
				w.deletedVaults[in.Vault] = azure.DeletedVault{Name: in.Vault}
				w.deletedKeys[in.Key] = keyVersion("https://x", in.Key, 1, []byte(`{}`))
				finish(t, w, j, change)
				recovered := w.count("azure.RecoverVault") == 1 && w.count("azure.RecoverKey") == 1
				if recovered != (wish == SoftDeletedRecover) {
					t.Errorf("calls: %v", w.writes())
				}
			})
		})
	}
}

func TestAnEditedManifestMakesANewKeyVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		finish(t, w, j, nil)
		result := finish(t, w, j, func(in *Inputs) { in.Topic = "another-topic" })
		if key := w.keys["kafka-encryption-demo"]; key.Version != "v2" {
			t.Errorf("the key is at version %s", key.Version)
		}
		if result.Message == "" {
			t.Error("no message was seen")
		}
	})
}

// finish runs a walkthrough that must succeed.
func finish(t *testing.T, w *realm, j *Journal, change func(*Inputs)) Result {
	t.Helper()
	walk, _ := walkthrough(t, w, j, change)
	result, err := walk.Run(t.Context())
	if err != nil {
		t.Fatalf("%+v", problemOf(err))
	}
	return result
}

// clean removes what a run made, and must succeed.
func clean(t *testing.T, w *realm, j *Journal, change func(*Inputs)) Result {
	t.Helper()
	walk, _ := walkthrough(t, w, j, change)
	result, err := walk.Cleanup(t.Context())
	if err != nil {
		t.Fatalf("%v %+v", err, problemOf(err))
	}
	return result
}

// logged is all that a step told in detail.
func (r *recorder) logged(step string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b bytes.Buffer
	for _, e := range r.events {
		if l, ok := e.(Logged); ok && l.Step == step {
			b.WriteString(l.Text + "\n")
		}
	}
	return b.String()
}

func TestPatienceEndsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := within(t.Context(), time.Minute, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		if !errors.Is(err, errPatience) || time.Since(began) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}
