package actions

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/skr"
)

// realm is a small world behind all the ports: what is created in it exists, and the consumer gets
// its key only where the key's policy lets it.
type realm struct {
	mu    sync.Mutex
	calls []string
	// hooks run before the named call, e.g. "azure.CreateKey". Their error is the call's; they may change the realm.
	hooks map[string]func() error

	azureState
	kubeState

	versions azure.Versions
	issuer   string // of the attestation service; empty: its host

	debuggable bool // guests claim to be
	roleDelay  int  // how many asks the vault refuses before roles are in effect
	races      int  // how many consumers ask before their sidecar listens
	silent     bool // the logs say nothing
}

func newRealm() *realm {
	return &realm{
		hooks:      map[string]func() error{},
		azureState: newAzureState(),
		kubeState:  newKubeState(),
		versions:   azure.Versions{CLI: "2.80.0", Extensions: map[string]string{"aks-preview": "18.0.0", "confcom": "1.5.1"}},
	}
}

func (w *realm) adapters() Adapters {
	return Adapters{
		Azure:    fakeAzure{w},
		Connect:  func(context.Context, []byte) (Kube, error) { return fakeKube{w}, w.call("kube.Connect") },
		Attester: fakeAttester{w},
		CLI:      fakeCLI{w},
	}
}

// call notes a call and lets a hook spoil it. Hooks run with the realm unlocked.
func (w *realm) call(name string) error {
	w.mu.Lock()
	w.calls = append(w.calls, name)
	hook := w.hooks[name]
	w.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook()
}

// once makes a call fail the first time only.
func (w *realm) once(name string, err error) {
	var failed atomic.Bool // steps that run side by side make the same calls
	w.hooks[name] = func() error {
		if failed.Swap(true) {
			return nil
		}
		return err
	}
}

func (w *realm) count(name string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if c == name {
			n++
		}
	}
	return n
}

// writes are the calls that changed something, in order.
func (w *realm) writes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.calls), func(name string) bool {
		_, verb, _ := strings.Cut(name, ".")
		for _, writing := range []string{"Create", "Update", "Delete", "Register", "Apply", "Recover", "Purge", "Add"} {
			if strings.HasPrefix(verb, writing) {
				return false
			}
		}
		return true
	})
}

func notFound(what string) error {
	return &azure.Error{Status: http.StatusNotFound, Code: "NotFound", Message: what}
}

var errRefused = &azure.Error{Status: http.StatusConflict, Code: "Conflict", Message: "spoilt by the test"}

func forbiddenByRBAC() error {
	return &azure.Error{Status: http.StatusForbidden, Code: "Forbidden", InnerCode: "ForbiddenByRbac", Message: "Caller is not authorized to perform action on resource."}
}

type fakeAttester struct{ w *realm }

func (f fakeAttester) Metadata(_ context.Context, host string) (skr.Metadata, error) {
	if err := f.w.call("attester.Metadata"); err != nil {
		return skr.Metadata{}, err
	}
	if f.w.issuer != "" {
		return skr.Metadata{Issuer: f.w.issuer}, nil
	}
	return skr.Metadata{Issuer: "https://" + host, KeyIDs: []string{"1"}}, nil
}

type fakeCLI struct{ w *realm }

func (f fakeCLI) Versions(context.Context) (azure.Versions, error) {
	err := f.w.call("cli.Versions")
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	versions := f.w.versions
	versions.Extensions = maps.Clone(versions.Extensions)
	return versions, err
}

func (f fakeCLI) AddExtension(_ context.Context, name string) error {
	if err := f.w.call("cli.AddExtension"); err != nil {
		return err
	}
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.w.versions.Extensions[name] = "99.0.0"
	return nil
}

func (f fakeCLI) UpdateExtension(ctx context.Context, name string) error {
	return f.AddExtension(ctx, name)
}

// GeneratePolicy makes a policy that says nothing but which manifest it is for.
func (f fakeCLI) GeneratePolicy(_ context.Context, manifest []byte) ([]byte, skr.SecurityPolicy, error) {
	if err := f.w.call("cli.GeneratePolicy"); err != nil {
		return nil, skr.SecurityPolicy{}, err
	}
	rego := fmt.Sprintf("package agent_policy # %x", sha256.Sum256(manifest))
	policy, err := skr.ParseSecurityPolicy(base64.StdEncoding.EncodeToString([]byte(rego)))
	annotated := strings.Replace(string(manifest), "  labels:\n",
		"  annotations:\n    "+skr.PolicyAnnotation+": "+policy.Annotation+"\n  labels:\n", 1)
	return []byte(annotated), policy, err
}

// keyPair is made once: RSA keys are slow to make.
var keyPair = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		panic(err)
	}
	return key
})

func publicPEM(version int) string {
	der, err := x509.MarshalPKIXPublicKey(&keyPair().PublicKey)
	if err != nil {
		panic(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	if version == 1 {
		return text
	}
	return strings.Replace(text, "MIIB", fmt.Sprintf("MI%dB", version), 1) // another key, as far as texts are compared
}

// ciphertext is what an onlooker sees.
func ciphertext() string {
	return base64.StdEncoding.EncodeToString(make([]byte, keyBits/8))
}

// inputsOf are complete inputs with some changed.
func inputsOf(change func(*Inputs)) Inputs {
	in := testInputs()
	in.Message = "Ola, mundo"
	if change != nil {
		change(&in)
	}
	return in
}

// walkthrough is the real list of steps in a realm.
func walkthrough(t *testing.T, w *realm, j *Journal, change func(*Inputs)) (*Walkthrough, *recorder) {
	t.Helper()
	r := &recorder{}
	walk, err := New(Options{Inputs: inputsOf(change), Adapters: w.adapters(), Profile: KataCC(), Journal: j, Emit: r.emit})
	if err != nil {
		t.Fatal(err)
	}
	return walk, r
}

func problemOf(err error) *Problem {
	var p *Problem
	if !errors.As(err, &p) {
		return &Problem{}
	}
	return p
}
