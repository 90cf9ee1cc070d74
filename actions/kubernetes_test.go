package actions

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/cctui/cctui/azure"
)

func TestANewClusterGetsTheNewestKubernetesThatConfidentialNodesRunOn(t *testing.T) {
	for name, test := range map[string]struct {
		offered []azure.KubernetesVersion
		chosen  string
		want    string
	}{
		"not the newest of all":         {[]azure.KubernetesVersion{{Version: "1.34"}, {Version: "1.30"}, {Version: "1.31"}, {Version: "1.9"}}, "", "1.31"},
		"neither preview nor long-term": {[]azure.KubernetesVersion{{Version: "1.31", Preview: true}, {Version: "1.30", LongTerm: true}, {Version: "1.29"}}, "", "1.29"},
		"what the user chose":           {[]azure.KubernetesVersion{{Version: "1.34"}}, "1.34", "1.34"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newRealm()
				w.kubernetes = test.offered
				finish(t, w, NewJournal(), func(in *Inputs) { in.KubernetesVersion = test.chosen })
				if got := w.clusters[testInputs().Cluster].KubernetesVersion; got != test.want {
					t.Errorf("the cluster runs %q, want %q", got, test.want)
				}
			})
		})
	}
}

// A subscription that never had a cluster cannot say what there is before the provider is registered.
func TestVersionsAreReadLaterWhereTheProviderIsNotRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		w.once("azure.KubernetesVersions", service(409, "MissingSubscriptionRegistration", "", "The subscription is not registered."))
		walk, r := walkthrough(t, w, NewJournal(), nil)
		if _, err := walk.Run(t.Context()); err != nil {
			t.Fatalf("%+v", problemOf(err))
		}
		if !strings.Contains(r.logged("availability"), "once Microsoft.ContainerService is registered") {
			t.Errorf("told %q", r.logged("availability"))
		}
	})
}

func TestAnExistingClusterThatIsTooNewIsSaidToBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, change := existing()
		old := w.clusters["old"]
		old.KubernetesVersion = "1.33.5"
		w.clusters["old"] = old
		walk, r := walkthrough(t, w, NewJournal(), change)
		_, _ = walk.RunStep(t.Context(), "availability")
		if !strings.Contains(r.logged("availability"), "runs Kubernetes 1.33.5") {
			t.Errorf("told %q", r.logged("availability"))
		}
	})
}

// Whoever tries again is refused again, before anything is made.
func TestARefusedVersionStaysRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRealm()
		w.hooks["azure.KubernetesVersions"] = func() error {
			if w.registered["Microsoft.ContainerService"] {
				return nil
			}
			return service(409, "MissingSubscriptionRegistration", "", "The subscription is not registered.")
		}
		w.kubernetes = []azure.KubernetesVersion{{Version: "1.34"}}
		walk, _ := walkthrough(t, w, NewJournal(), nil)
		for range 2 {
			if _, err := walk.Run(t.Context()); problemOf(err).ID != "kubernetes-too-new" {
				t.Errorf("error %v", err)
			}
		}
		if made := w.left(); len(made) > 0 {
			t.Errorf("made %v", made)
		}
	})
}
