package kube

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
)

// pauses are those between the tries of one request: six tries within some four seconds.
func pauses() wait.Backoff {
	return wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2.5, Jitter: 0.2, Steps: 5}
}

// persist tries an idempotent request again while its failures are of the kind that passes. Where
// the API server says when to come back, client-go has waited and tried again by itself; all other
// server errors, lost connections and unreadable answers it leaves to its users.
func persist(ctx context.Context, between wait.Backoff, request func() error) error {
	for {
		err := request()
		if err == nil || between.Steps == 0 || final(err) {
			return err
		}
		timer := time.NewTimer(between.Step())
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// final tells whether the same request would fail again.
func final(err error) bool {
	if _, waited := apierrors.SuggestsClientDelay(err); waited {
		return true
	}
	if refusal := apierrors.APIStatus(nil); errors.As(err, &refusal) {
		code := refusal.Status().Code
		return code < http.StatusInternalServerError && code != http.StatusRequestTimeout && code != http.StatusTooManyRequests
	}
	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
		return true
	}
	if _, unsigned := errors.AsType[*tokenError](err); unsigned || meta.IsNoMatchError(err) {
		return true
	}
	// Left, late, or silent for so long that once is enough.
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// tokenError is a request that was not sent, because there was no token for it. Whoever gets tokens
// has tried again already.
type tokenError struct{ cause error }

func (e *tokenError) Error() string { return fmt.Sprintf("token for the API server: %v", e.cause) }
func (e *tokenError) Unwrap() error { return e.cause }

// patient is a resource whose requests are tried again. Watches are not: who follows begins anew.
// Nor is what is not idempotent, of which this package does nothing.
type patient struct {
	dynamic.ResourceInterface
	pauses wait.Backoff
}

// Get reads one object.
func (p patient) Get(ctx context.Context, name string, o metav1.GetOptions, sub ...string) (found *unstructured.Unstructured, err error) {
	err = persist(ctx, p.pauses, func() error {
		found, err = p.ResourceInterface.Get(ctx, name, o, sub...)
		return err
	})
	return found, err
}

// List reads all objects.
func (p patient) List(ctx context.Context, o metav1.ListOptions) (found *unstructured.UnstructuredList, err error) {
	err = persist(ctx, p.pauses, func() error {
		found, err = p.ResourceInterface.List(ctx, o)
		return err
	})
	return found, err
}

// Apply says how an object should be, which can be said twice.
func (p patient) Apply(ctx context.Context, name string, object *unstructured.Unstructured, o metav1.ApplyOptions, sub ...string) (applied *unstructured.Unstructured, err error) {
	err = persist(ctx, p.pauses, func() error {
		applied, err = p.ResourceInterface.Apply(ctx, name, object, o, sub...)
		return err
	})
	return applied, err
}

// Delete removes this very object, by its UID: that it is gone at the second try is the first one's doing.
func (p patient) Delete(ctx context.Context, name string, o metav1.DeleteOptions, sub ...string) error {
	return persist(ctx, p.pauses, func() error { return p.ResourceInterface.Delete(ctx, name, o, sub...) })
}
