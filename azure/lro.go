package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// Polling begins fast and slows down, so that it is instant where the other side is, and polite where it is not.
const (
	firstDelay  = 50 * time.Millisecond
	longDelay   = 15 * time.Second
	delayGrowth = 1.6
)

// errForgotten means that Azure no longer knows an operation; what it was about may well exist.
var errForgotten = errors.New("the operation is no longer known to Azure")

// begin starts an operation, or with a token continues one. All the SDK's Begin methods fit.
type begin[T any] func(ctx context.Context, resumeToken string) (*runtime.Poller[T], error)

// follow carries an operation to its end. The SDK's own loop refuses to poll faster than once a second, and tells nothing meanwhile.
func follow[T any](ctx context.Context, c *Client, op LRO, start begin[T]) (result T, err error) {
	if err := checkResumeToken(op.ResumeToken, c.cloud.ResourceManager); err != nil {
		return result, err
	}
	var last *http.Response
	poller, err := start(policy.WithCaptureResponse(ctx, &last), op.ResumeToken)
	if err != nil {
		return result, convert(err)
	}
	if err := record(op, poller); err != nil {
		return result, err
	}
	var wait backoff
	for !poller.Done() {
		if err := wait.next(ctx, last); err != nil {
			return result, err
		}
		if last, err = poller.Poll(ctx); err != nil {
			return result, forgotten(convert(err))
		}
		op.report(stateOf(last))
	}
	// The result of one polled by Location may be that there is nothing at that address.
	result, err = poller.Result(ctx)
	return result, forgotten(convert(err))
}

// record hands a new operation's resume token over. What is done already has none, and needs none.
func record[T any](op LRO, poller *runtime.Poller[T]) error {
	if op.ResumeToken != "" || op.Accepted == nil || poller.Done() {
		return nil
	}
	token, err := poller.ResumeToken()
	if err == nil {
		err = op.Accepted(token)
	}
	if err != nil {
		return fmt.Errorf("record the accepted operation: %w", err)
	}
	return nil
}

// forgotten marks the answer of a poll that found no operation. That is not to be taken for a resource not found.
func forgotten(err error) error {
	if hasStatus(err, http.StatusNotFound, http.StatusGone) {
		return fmt.Errorf("%w: %v", errForgotten, err)
	}
	return err
}

// remove deletes. A deletion that Azure no longer knows is followed by what remains; if nothing deletes it any more, it is asked for again.
func remove[T any](ctx context.Context, c *Client, op LRO, start begin[T], state func() (string, error)) error {
	_, err := follow(ctx, c, op, start)
	if !errors.Is(err, errForgotten) {
		return unlessAbsent(err)
	}
	if _, err := settle(ctx, op.Progress, state); err != nil {
		return unlessAbsent(err)
	}
	_, err = follow(ctx, c, LRO{Accepted: op.Accepted, Progress: op.Progress}, start)
	return unlessAbsent(err)
}

// settle reads a provisioning state until it is final.
func settle(ctx context.Context, progress func(string), read func() (string, error)) (state string, err error) {
	err = until(ctx, func() (bool, error) {
		if state, err = read(); err != nil {
			return false, err
		}
		LRO{Progress: progress}.report(state)
		return isFinal(state), nil
	})
	return state, err
}

// isFinal knows the terminal states of Resource Manager.
func isFinal(state string) bool {
	return succeeded(state) || strings.EqualFold(state, "Failed") || strings.EqualFold(state, "Canceled")
}

// succeeded is also true of the types that have no state to wait for.
func succeeded(state string) bool {
	return state == "" || strings.EqualFold(state, "Succeeded")
}

func (op LRO) report(state string) {
	if op.Progress != nil {
		op.Progress(state)
	}
}

// stateOf is the state a poll told, of the operation or of the resource.
func stateOf(response *http.Response) string {
	var body struct {
		Status     string
		Properties struct{ ProvisioningState string }
	}
	payload, err := runtime.Payload(response)
	if err == nil && json.Unmarshal(payload, &body) == nil {
		if body.Status != "" {
			return body.Status
		}
		if body.Properties.ProvisioningState != "" {
			return body.Properties.ProvisioningState
		}
	}
	if response.StatusCode == http.StatusAccepted {
		return "InProgress"
	}
	return "Succeeded"
}

// until asks again and again, ever more slowly, until it is done.
func until(ctx context.Context, done func() (bool, error)) error {
	var wait backoff
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		if err := wait.next(ctx, nil); err != nil {
			return err
		}
	}
}

// backoff is the wait between polls.
type backoff struct{ delay time.Duration }

// next waits as long as the last response asks for, else a little longer than the time before.
func (b *backoff) next(ctx context.Context, last *http.Response) error {
	b.delay = max(firstDelay, min(longDelay, time.Duration(float64(b.delay)*delayGrowth)))
	delay := b.delay
	if asked := retryAfter(last); asked > 0 {
		delay = asked
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// retryAfter is how long a response asks to wait; 0 where it does not.
func retryAfter(response *http.Response) time.Duration {
	if response == nil {
		return 0
	}
	for _, header := range []string{"retry-after-ms", "x-ms-retry-after-ms"} {
		if ms, err := strconv.Atoi(response.Header.Get(header)); err == nil {
			return time.Duration(ms) * time.Millisecond
		}
	}
	after := response.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(after); err == nil {
		return time.Until(date)
	}
	return 0
}

// checkResumeToken refuses a token that would send a bearer token anywhere but to Resource Manager. The token comes
// from a file; the SDK polls whatever URLs it finds in there.
func checkResumeToken(token, resourceManager string) error {
	if token == "" {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(token))
	for {
		part, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("resume token: %w", err)
		}
		// States, methods and type names have no colon, so a text with one is a URL, or refused for not being one.
		if text, ok := part.(string); ok && strings.Contains(text, ":") && !sameHost(text, resourceManager) {
			return fmt.Errorf("resume token leads to %s, not to %s: it was made for another Azure", hostOf(text), resourceManager)
		}
	}
}
