package actions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kube"
)

const (
	ordinaryPod     = "kafka-golang-consumer-ordinary"
	ordinaryService = "consumer-ordinary"
)

func contrast() Step {
	return Step{
		ID: "contrast", Screen: ScreenDeployment, Title: "See what an ordinary pod sees",
		Why:     "The same program without attestation reads the same topic, and gets ciphertext only.",
		Needs:   []string{"producer"},
		Reads:   []string{"consumer-image", "topic"},
		Typical: 30 * time.Second,
		Commands: func(in Inputs) []string {
			return []string{
				heredoc("consumer-ordinary.yaml", string(render("ordinary.yaml", shellValues(in)))),
				"kubectl apply --server-side -f consumer-ordinary.yaml",
				sh("kubectl", "wait", "pod/"+ordinaryPod, "--for=condition=Ready", "--timeout=300s", "--namespace", in.Namespace),
				untilMessage(readPage(in.Namespace, ordinaryService)),
			}
		},
		Run:     runContrast,
		Renews:  "the ordinary consumer's pod is replaced",
		Forgoes: "nobody sees that an ordinary pod gets ciphertext only",
		Undo: func(ctx context.Context, r *Run) error {
			return removeObjects(ctx, r, podRef(r, ordinaryPod), serviceRef(r, ordinaryService))
		},
		UndoCommands: func(in Inputs) []string {
			return []string{
				sh("kubectl", "delete", "pod", ordinaryPod, "--namespace", in.Namespace),
				sh("kubectl", "delete", "service", ordinaryService, "--namespace", in.Namespace),
			}
		},
	}
}

func runContrast(ctx context.Context, r *Run) error {
	k, err := r.Kube(ctx)
	if err != nil {
		return err
	}
	if err := startOrdinary(ctx, r, k); err != nil {
		return err
	}
	if err := checkOrdinaryTopic(ctx, r, k); err != nil {
		return err
	}
	var last pageState
	err = within(ctx, pageLimit, func(ctx context.Context) error {
		return r.Wait(ctx, "the ordinary consumer shows its first message", func(ctx context.Context) (bool, error) {
			page, err := k.ServicePage(ctx, r.Inputs().Namespace, ordinaryService, pagePort, "/")
			if err != nil {
				return false, nil // it may not listen yet
			}
			last = judgePage(page)
			return last.kind == pageCiphertext || last.kind == pageDecrypted, nil
		})
	})
	if errors.Is(err, errPatience) {
		return noMessage(r, last.text, err)
	}
	if err != nil {
		return err
	}
	if last.kind == pageDecrypted {
		return contrastFailed(last.text)
	}
	return r.Update(func(o *Outputs) { o.Ciphertext = last.text })
}

// checkOrdinaryTopic spares waiting for messages that go elsewhere.
func checkOrdinaryTopic(ctx context.Context, r *Run, k Kube) error {
	sends, err := k.Pod(ctx, r.Inputs().Namespace, producerPod)
	if err != nil {
		return fmt.Errorf("read the producer's pod: %w", err)
	}
	return sameTopic(env(sends, producerPod, "TOPIC"), r.Inputs().Topic)
}

// startOrdinary keeps an ordinary consumer that is there already: it has nothing that could be
// outdated but image and topic.
func startOrdinary(ctx context.Context, r *Run, k Kube) error {
	in, service := r.Inputs(), serviceRef(r, ordinaryService)
	asWanted := func(pod kube.Pod) bool {
		c, ok := container(pod, consumerPod)
		return ok && c.Image == in.ConsumerImage && c.Env["TOPIC"] == in.Topic
	}
	running, err := runs(ctx, r, k, ordinaryPod, asWanted)
	if err != nil {
		return err
	}
	_, err = k.Get(ctx, service) // it comes after the pod
	if err != nil && !kube.IsNotFound(err) {
		return fmt.Errorf("look for the ordinary consumer's service: %w", err)
	}
	if running && err == nil && !r.Again() {
		return nil
	}
	// Pod and service are one manifest; the service is in the journal for cleanup's sake.
	err = r.Create(ctx, object(service), func(azure.LRO) error { return nil })
	if err != nil {
		return fmt.Errorf("note the ordinary consumer's service: %w", err)
	}
	return resume(ctx, r, k, ordinaryPod, render("ordinary.yaml", newValues(in, r.Profile(), r.Outputs())), asWanted)
}

// contrastFailed would mean that the whole demonstration proves nothing.
func contrastFailed(text string) error {
	return &Problem{
		ID: "contrast-decrypted", Title: "The ordinary consumer shows a decrypted message",
		Why: "It must not be able to: " + Sanitize(text, maxLine),
		Remedy: []string{
			"Check that the producer encrypts, and that nobody put the key into the ordinary pod.",
			"Do not trust this vault's keys before the cause is known.",
		},
	}
}
