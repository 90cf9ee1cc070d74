package actions

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kafka"
	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/sandbox"
	"github.com/cctui/cctui/sandbox/azcli"
	"github.com/cctui/cctui/skr"
)

// stopwatch measures what a keeper costs; the journal calls it once at a time.
type stopwatch struct {
	keeper
	writes, lasting int
	took, waited    time.Duration // in all, and for lasting ones
}

func (s *stopwatch) save(doc document, lasting bool) error {
	begun := time.Now()
	err := s.keeper.save(doc, lasting)
	took := time.Since(begun)
	s.took += took
	s.writes++
	if lasting {
		s.lasting++
		s.waited += took
	}
	return err
}

// BenchmarkJournalShare is how much of a walkthrough in an instant sandbox is spent on writing the
// journal down. It may be 1 %. It includes waiting for the disk, and for a processor, which the sandbox
// keeps busy: on a noisy machine look at the median.
func BenchmarkJournalShare(b *testing.B) {
	var watch stopwatch
	var all time.Duration
	var shares []float64
	for b.Loop() {
		j, err := Open(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		watch.keeper, j.store = j.store, &watch
		in, adapters := inSandbox(b)
		w, err := New(Options{Inputs: in.WithDefaults(j.Suffix()), Adapters: adapters, Profile: KataCC(), Journal: j})
		if err != nil {
			b.Fatal(err)
		}
		begun, before := time.Now(), watch.took
		if _, err := w.Run(b.Context()); err != nil {
			b.Fatal(err)
		}
		took := time.Since(begun)
		all += took
		shares = append(shares, 100*(watch.took-before).Seconds()/took.Seconds())
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(shares)
	b.ReportMetric(shares[len(shares)/2], "%journal-median")
	b.ReportMetric(100*watch.took.Seconds()/all.Seconds(), "%journal-mean")
	b.ReportMetric(float64(watch.took.Microseconds())/float64(b.N)/1000, "ms-journal/op")
	b.ReportMetric(float64(watch.waited.Microseconds())/float64(b.N)/1000, "ms-lasting/op")
	b.ReportMetric(float64(watch.writes)/float64(b.N), "writes/op")
	b.ReportMetric(float64(watch.lasting)/float64(b.N), "lasting/op")
}

// inSandbox is a world of real adapters, and the inputs it asks for.
func inSandbox(b *testing.B) (Inputs, Adapters) {
	b.Helper()
	world, err := sandbox.Start(b.Context(), sandbox.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = world.Close() })
	e, web := world.Endpoints(), world.Client()
	cloud := azure.Cloud{
		Authority: e.Authority, ResourceManager: e.ResourceManager, VaultSuffix: e.VaultSuffix, ManagedHSMSuffix: e.ManagedHSMSuffix,
		DisableInstanceDiscovery: true,
	}
	credential, err := azure.SignIn(b.Context(), azure.SignInOptions{
		Method: "client-secret", Tenant: e.Tenant, ClientID: e.ClientID, ClientSecret: e.ClientSecret, Cloud: cloud, HTTP: web,
	})
	if err != nil {
		b.Fatal(err)
	}
	client, err := azure.New(azure.Config{Cloud: cloud, Credential: credential, HTTP: web})
	if err != nil {
		b.Fatal(err)
	}
	return Inputs{Patience: time.Minute}, Adapters{
		Azure: client,
		Connect: func(ctx context.Context, kubeconfig []byte) (Kube, error) {
			token := func(ctx context.Context) (string, error) {
				return credential.Token(ctx, "6dae42f8-4368-4678-94ff-3960e28e3630/.default")
			}
			return kube.Connect(ctx, kube.Config{Kubeconfig: kubeconfig, Token: token, Dial: e.Dial})
		},
		Attester: skr.Attester{HTTP: web},
		CLI:      sandboxCLI{azure.CLI{Run: standIn}},
		Topic:    kafka.Topic{},
	}
}

func standIn(ctx context.Context, args ...string) ([]byte, error) {
	var out, complaint bytes.Buffer
	if code := azcli.Run(ctx, args, &out, &complaint); code != 0 {
		return nil, errors.New(complaint.String())
	}
	return out.Bytes(), nil
}

type sandboxCLI struct{ azure.CLI }

func (c sandboxCLI) GeneratePolicy(ctx context.Context, manifest []byte) ([]byte, skr.SecurityPolicy, error) {
	return skr.GeneratePolicy(ctx, c.Run, manifest)
}
