package azure

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// ErrUncertain is in the chain of a refusal whose call had been tried before, without an answer. That earlier try may
// have been carried out, and be the very reason why the later one was refused.
var ErrUncertain = errors.New("an earlier try was not answered, and may have been carried out")

// longestTry is how long one try of a call may take. The slowest calls answer within half of it; long-running
// operations are polled.
const longestTry = time.Minute

// retries are the SDK's own, of 408, 429 and 5xx: soon at first, and after ever longer pauses. A server's Retry-After goes before RetryDelay; one longer than
// MaxRetryDelay would end the retries, and Resource Manager throttles for minutes.
func retries(most int32, try time.Duration) policy.RetryOptions {
	return policy.RetryOptions{
		MaxRetries: most, TryTimeout: try,
		RetryDelay: 50 * time.Millisecond, MaxRetryDelay: 10 * time.Minute,
	}
}

// policyFunc is a policy that needs no state.
type policyFunc func(*policy.Request) (*http.Response, error)

func (f policyFunc) Do(request *policy.Request) (*http.Response, error) { return f(request) }

// tries is what is known of the tries of one call.
type tries struct{ unanswered bool }

// noteTry goes around each try.
func noteTry(request *policy.Request) (*http.Response, error) {
	response, err := request.Next()
	var call *tries
	if request.OperationValue(&call) && (err != nil || response.StatusCode >= http.StatusInternalServerError) {
		call.unanswered = true
	}
	return response, err
}

// doubtRefusal goes around a whole call: it makes a refusal that follows an unanswered try ErrUncertain.
func doubtRefusal(request *policy.Request) (*http.Response, error) {
	var call tries
	request.SetOperationValue(&call)
	response, err := request.Next()
	if err != nil || !call.unanswered || !refuses(response) || request.Raw().Method == http.MethodGet {
		return response, err
	}
	return nil, fmt.Errorf("%w: %w", ErrUncertain, runtime.NewResponseError(response))
}

func refuses(response *http.Response) bool {
	return response.StatusCode >= http.StatusBadRequest && response.StatusCode < http.StatusInternalServerError
}
