package actions

import (
	"context"
	"fmt"
)

// Adapters are the outside world.
type Adapters struct {
	Azure    Azure
	Connect  KubeConnector
	Attester Attester
	CLI      CLI
	Topic    Topic
	Pages    Pages
	// Guests is nil where nobody can have guests launched otherwise, as in Azure.
	Guests Guests
}

// Run is what a step works with: inputs, the outputs so far, the world, and ways to tell and to wait.
type Run struct {
	w    *Walkthrough
	step Step
}

// Inputs are what the user chose, defaults filled in.
func (r *Run) Inputs() Inputs { return r.w.Inputs() }

// Profile is the platform the walkthrough is for.
func (r *Run) Profile() Profile { return r.w.options.Profile }

// Outputs is a copy of the results so far.
func (r *Run) Outputs() Outputs { return r.w.Outputs() }

// Update changes the outputs. The journal has them with the next intent, or soon.
func (r *Run) Update(change func(*Outputs)) error { return r.w.updateOutputs(r.step, change) }

// Azure is the subscription.
func (r *Run) Azure() Azure { return r.w.options.Adapters.Azure }

// Attester reads attestation services.
func (r *Run) Attester() Attester { return r.w.options.Adapters.Attester }

// CLI is the az command line.
func (r *Run) CLI() CLI { return r.w.options.Adapters.CLI }

// Topic is the Kafka topic.
func (r *Run) Topic() Topic { return r.w.options.Adapters.Topic }

// Pages reads the consumer's page by its public address.
func (r *Run) Pages() Pages { return r.w.options.Adapters.Pages }

// Kube is the cluster's API server. It is connected to once, with the kubeconfig that was last
// handed over with UseKubeconfig; ErrNoKubeconfig where there was none.
func (r *Run) Kube(ctx context.Context) (Kube, error) { return r.w.kube.connect(ctx) }

// UseKubeconfig says how the cluster is reached. It stays in memory: a kubeconfig is a credential.
func (r *Run) UseKubeconfig(kubeconfig []byte) { r.w.kube.use(kubeconfig) }

// Logf tells a detail worth keeping.
func (r *Run) Logf(format string, args ...any) {
	r.w.emit(Logged{Step: r.step.ID, Text: Sanitize(fmt.Sprintf(format, args...), maxLogText)})
}

// Progress tells how far the step is; a negative fraction means that nobody knows.
func (r *Run) Progress(text string, fraction float64) { r.w.progress(r.step, text, fraction) }

// Keep tells the user that cleanup leaves something alone, and why.
func (r *Run) Keep(kept Resource, why string) { r.w.keep(kept, why) }

// Tags are put on every resource that can carry them, so that it can be found without a journal.
func (r *Run) Tags() map[string]string {
	return map[string]string{"cctui-run": r.w.journal.RunID()}
}
