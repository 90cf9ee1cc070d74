package azure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// UnreadableError is an answer that says yes, and is no JSON object, as all of Azure's are. It is a proxy's, or the
// page of a network that wants somebody to sign in first.
type UnreadableError struct{ Host string }

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("%s answered with something that is not JSON", e.Host)
}

// unreadableOnce keeps the SDK from trying again what may have been done.
type unreadableOnce struct{ *UnreadableError }

func (unreadableOnce) NonRetriable()   {}
func (e unreadableOnce) Unwrap() error { return e.UnreadableError }

// demandJSON goes around each try of a call: what cannot be read counts as no answer.
func demandJSON(request *policy.Request) (*http.Response, error) {
	response, err := request.Next()
	if err != nil || readable(response) {
		return response, err
	}
	unreadable := &UnreadableError{Host: request.Raw().URL.Host}
	switch request.Raw().Method {
	case http.MethodGet, http.MethodPut, http.MethodDelete:
		return nil, unreadable
	}
	return nil, unreadableOnce{unreadable}
}

// demandToken goes around each try of a request for a token, which can be made as often as one likes: half an answer,
// or one that cannot be read, is tried again.
func demandToken(request *policy.Request) (*http.Response, error) {
	response, err := request.Next()
	switch {
	case err != nil && response != nil: // what the SDK says of a POST whose answer broke off
		return nil, fmt.Errorf("%s: %v", request.Raw().URL.Host, err)
	case err == nil && !readable(response):
		return nil, &UnreadableError{Host: request.Raw().URL.Host}
	}
	return response, err
}

// readable is true of refusals, whatever they look like: their status says enough.
func readable(response *http.Response) bool {
	if response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusMultipleChoices {
		return true
	}
	body, err := runtime.Payload(response)
	body = bytes.TrimSpace(body)
	return err == nil && (len(body) == 0 || body[0] == '{' && json.Valid(body))
}
