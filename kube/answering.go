package kube

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// answerTime is how long an answer may take to begin. The API server gives up its own requests
// after a minute, those it proxies included.
const answerTime = 70 * time.Second

// answering ends a request whose answer does not begin in time. How long the answer then goes on is
// another matter: watches and followed logs have no end.
func answering(next http.RoundTripper, limit time.Duration) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		late := fmt.Errorf("no answer within %s: %w", limit, os.ErrDeadlineExceeded)
		ctx, cancel := context.WithCancelCause(r.Context())
		timer := time.AfterFunc(limit, func() { cancel(late) })
		response, err := next.RoundTrip(r.WithContext(ctx))
		timer.Stop()
		if err != nil || context.Cause(ctx) == late {
			defer cancel(nil)
			return nil, abandon(ctx, response, err)
		}
		response.Body = endingBody{response.Body, func() { cancel(nil) }}
		return response, nil
	})
}

// abandon drops a response that came too late, if any, and prefers the reason why ctx ended.
func abandon(ctx context.Context, response *http.Response, err error) error {
	if response != nil {
		_ = response.Body.Close()
	}
	return cmp.Or(context.Cause(ctx), err)
}

// endingBody ends its request when it is closed.
type endingBody struct {
	io.ReadCloser
	end func()
}

func (b endingBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
