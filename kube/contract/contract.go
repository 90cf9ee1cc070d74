// Package contract is what kube.Client promises, as tests that any API server can be held to: the
// sandbox's, and a real one.
package contract

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cctui/cctui/kube"
)

// patience bounds a single promise; a server that keeps it answers far sooner.
const patience = 30 * time.Second

// Target is a cluster under test, and what it can do.
type Target struct {
	Client *kube.Client
	// Runs tells whether pods are run. An API server alone does not.
	Runs bool
	// WebImage logs "serving", then answers every path at port 8080 with the text "page <path>".
	WebImage string
	// CrashImage ends with an error.
	CrashImage string
	// MissingImage cannot be pulled.
	MissingImage string
}

// Run holds a cluster to the contract. Every promise is tried in a namespace of its own.
func Run(t *testing.T, connect func(t *testing.T) Target) {
	target := connect(t)
	for name, promise := range map[string]func(*trial){
		"the version is told":                                (*trial).versionIsTold,
		"documents are applied in order":                     (*trial).documentsAreApplied,
		"applying again changes nothing":                     (*trial).applyingAgainChangesNothing,
		"fields go when they are no longer applied":          (*trial).fieldsGoWhenNotApplied,
		"a manifest that is none is refused":                 (*trial).manifestsAreChecked,
		"a custom resource waits for its definition":         (*trial).customResourceWaits,
		"an unknown kind is not found":                       (*trial).unknownKindIsNotFound,
		"lists are selected by label":                        (*trial).listsAreSelected,
		"what is absent is not found, and deleted":           (*trial).absentIsNotFound,
		"delete returns when the object is gone":             (*trial).deleteReturnsWhenGone,
		"a condition is waited for":                          (*trial).conditionIsWaitedFor,
		"a wait ends with its context":                       (*trial).waitEndsWithContext,
		"a missing runtime class is named":                   (*trial).missingRuntimeClassIsNamed,
		"annotations have a limit":                           (*trial).annotationsHaveALimit,
		"a namespace must exist":                             (*trial).namespaceMustExist,
		"a pod becomes ready":                                (*trial).podBecomesReady,
		"logs are read and followed":                         (*trial).logsAreRead,
		"a port is forwarded with deadlines":                 (*trial).portIsForwarded,
		"a closed port says so":                              (*trial).closedPortSaysSo,
		"a page is read through the proxy":                   (*trial).pageIsRead,
		"a load balancer's address is waited for":            (*trial).addressIsWaitedFor,
		"a crash loop is an error with its events":           (*trial).crashLoopIsAnError,
		"an image that cannot be pulled is an error":         (*trial).missingImageIsAnError,
		"nodes are listed and waited for":                    (*trial).nodesAreWaitedFor,
		"a pod that is replaced is judged by its own events": (*trial).replacedPodIsJudgedAnew,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			t.Cleanup(cancel)
			promise(newTrial(ctx, t, target))
		})
	}
}

// trial is one promise being tried.
type trial struct {
	*testing.T
	Target
	ctx       context.Context
	namespace string
}

func newTrial(ctx context.Context, t *testing.T, target Target) *trial {
	name := strings.ToLower(t.Name()[strings.LastIndex(t.Name(), "/")+1:])
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
	tr := &trial{T: t, Target: target, ctx: ctx, namespace: strings.Trim(name[:min(len(name), 60)], "-")}
	tr.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: NS}")
	return tr
}

// apply applies a manifest in which NS stands for the trial's namespace.
func (t *trial) apply(manifest string) {
	t.Helper()
	if err := t.tryApply(manifest); err != nil {
		t.Fatal(err)
	}
}

func (t *trial) tryApply(manifest string) error {
	return t.Client.Apply(t.ctx, []byte(strings.ReplaceAll(manifest, "NS", t.namespace)))
}

func (t *trial) must(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// needsPods skips where nothing runs pods, and says so.
func (t *trial) needsPods() {
	t.Helper()
	if !t.Runs {
		t.Skip("NOT RUN: this API server has nothing that runs pods")
	}
}

func (t *trial) configMap(name string) kube.Ref {
	return kube.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: t.namespace, Name: name}
}
