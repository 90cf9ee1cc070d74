package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// stuttering answers the first requests for each document in some way, and then as it should.
func stuttering(t *testing.T, times int32, answer http.HandlerFunc) (*Client, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= times {
			answer(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/version" {
			fmt.Fprint(w, `{"gitVersion": "v1.33.2"}`)
			return
		}
		fmt.Fprint(w, `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"}}`)
	}))
	t.Cleanup(server.Close)
	client, err := Connect(t.Context(), Config{Kubeconfig: kubeconfig(server.URL, "{token: t}")})
	if err != nil {
		t.Fatal(err)
	}
	client.pauses.Duration = time.Microsecond
	client.kinds.known[schema.GroupVersionKind{Version: "v1", Kind: "Pod"}] = kind{
		schema.GroupVersionResource{Version: "v1", Resource: "pods"}, true,
	}
	return client, &asked
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// What passes is tried again; what does not is told at once.
func TestIdempotentRequestsAreTriedAgain(t *testing.T) {
	breaksOff := func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"apiVersion":`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		tries  int32 // until it succeeds; 1: it is not tried again
	}{
		"500":            {says(500, `{"error":{}}`), 3},
		"503":            {says(503, ``), 3},
		"504":            {says(504, ``), 3},
		"reset":          {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 3},
		"breaks off":     {breaksOff, 3},
		"a web page":     {says(200, `<html>`), 3},
		"other types":    {says(200, `{"apiVersion":1,"kind":{},"metadata":"none","gitVersion":{},"items":5}`), 3},
		"not found":      {says(404, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`), 1},
		"forbidden":      {says(403, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`), 1},
		"not authorized": {says(401, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401}`), 1},
	} {
		for request, send := range map[string]func(context.Context, *Client) error{
			"version": func(ctx context.Context, c *Client) error { _, err := c.Version(ctx); return err },
			"get":     func(ctx context.Context, c *Client) error { _, err := c.Pod(ctx, "n", "p"); return err },
			"apply": func(ctx context.Context, c *Client) error {
				return c.Apply(ctx, []byte("{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: n}}"))
			},
		} {
			t.Run(name+" "+request, func(t *testing.T) {
				client, asked := stuttering(t, 2, test.answer)
				err := send(t.Context(), client)
				if (err == nil) != (test.tries == 3) || asked.Load() != test.tries {
					t.Errorf("after %d tries: %v", asked.Load(), err)
				}
			})
		}
	}
}

func TestARequestIsNotTriedForever(t *testing.T) {
	client, asked := stuttering(t, 1000, says(500, ``))
	if _, err := client.Version(t.Context()); err == nil || asked.Load() != 6 {
		t.Errorf("after %d tries: %v", asked.Load(), err)
	}
}

func TestARequestWithoutATokenIsNotTriedAgain(t *testing.T) {
	asked := 0
	client, err := Connect(t.Context(), Config{
		Kubeconfig: kubeconfig("https://127.0.0.1:1", "{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, interactiveMode: Never}}"),
		Token:      func(context.Context) (string, error) { asked++; return "", errors.New("signed out") },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Version(t.Context()); err == nil || !strings.Contains(err.Error(), "signed out") || asked != 1 {
		t.Errorf("after %d tries: %v", asked, err)
	}
}
