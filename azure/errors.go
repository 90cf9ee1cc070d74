package azure

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// maxMessage bounds how much of a service's own words an Error keeps, in bytes.
const maxMessage = 4 << 10

// ErrSignIn is in the chain of every error that came from getting a token, rather than from using it.
var ErrSignIn = errors.New("sign-in failed")

// Error is a service's refusal.
type Error struct {
	// Status is the HTTP status; 200 where a long-running operation failed.
	Status int
	// Code is the service's, e.g. ResourceGroupNotFound, or an OAuth error such as invalid_client.
	Code string
	// InnerCode says more, e.g. ForbiddenByRbac inside Forbidden, or AADSTS700213 inside invalid_request.
	InnerCode string
	Message   string
	// RequestID is what Azure support asks for.
	RequestID string
}

func (e *Error) Error() string {
	code := cmp.Or(e.Code, http.StatusText(e.Status), "refused")
	if e.InnerCode != "" && e.InnerCode != e.Code {
		code += "/" + e.InnerCode
	}
	if e.Message == "" {
		return fmt.Sprintf("%s (HTTP %d)", code, e.Status)
	}
	return code + ": " + e.Message
}

// IsNotFound tells that what was asked for does not exist.
func IsNotFound(err error) bool {
	return hasStatus(err, http.StatusNotFound)
}

func hasStatus(err error, statuses ...int) bool {
	refusal, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(statuses, refusal.Status)
}

// notFound is the error of something that was looked for in a list.
func notFound(format string, args ...any) error {
	return &Error{Status: http.StatusNotFound, Code: "NotFound", Message: fmt.Sprintf(format, args...)}
}

// failed says what was being done when err happened, in this package's own types. It is nil when err is.
func failed(err error, doing string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(doing+": %w", append(args, convert(err))...)
}

// unlessAbsent makes the deletion of something absent a success.
func unlessAbsent(err error) error {
	if IsNotFound(err) {
		return nil
	}
	return err
}

// convert turns the SDK's errors into this package's.
func convert(err error) error {
	if response, ok := errors.AsType[*azcore.ResponseError](err); ok && response.RawResponse != nil {
		refusal := refusalOf(response.RawResponse)
		refusal.Code = cmp.Or(refusal.Code, response.ErrorCode)
		if refusal.Status < http.StatusMultipleChoices && refusal.Code == "" {
			return unsaid(response.RawResponse, refusal)
		}
		if errors.Is(err, ErrUncertain) {
			return fmt.Errorf("%w: %w", ErrUncertain, refusal)
		}
		return refusal
	}
	if transport, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%s: %w", hostOf(transport.URL), transport.Err)
	}
	return err
}

// unsaid is an error without one in the answer: a resource that came to nothing says so by its state. What
// does not even do that is not what the service sends.
func unsaid(response *http.Response, refusal *Error) error {
	state := stateOf(response)
	if isFinal(state) && !succeeded(state) {
		refusal.Code = "Provisioning" + state
		return refusal
	}
	return &UnreadableError{Host: response.Request.URL.Host}
}

// errorBody is what Resource Manager, Key Vault and Entra put into a refusal, each a part of it.
// Source: the Resource Manager RPC's error contract; RFC 6749 section 5.2.
type errorBody struct {
	Code       string          `json:"code"`
	Message    string          `json:"message"`
	Details    []errorBody     `json:"details"`
	InnerError *errorBody      `json:"innererror"`
	Error      json.RawMessage `json:"error"` // an object, or Entra's code
	Entra      string          `json:"error_description"`
}

func refusalOf(response *http.Response) *Error {
	refusal := &Error{
		Status:    response.StatusCode,
		RequestID: cmp.Or(response.Header.Get("x-ms-request-id"), response.Header.Get("x-ms-correlation-request-id")),
	}
	payload, err := runtime.Payload(response)
	if err != nil {
		return refusal
	}
	refusal.read(payload)
	return refusal
}

// entraCode is how Entra begins an error's description.
var entraCode = regexp.MustCompile(`^AADSTS\d+`)

// read fills the error in from a body. What is no JSON, such as a proxy's page, says nothing.
func (e *Error) read(payload []byte) {
	var body errorBody
	if json.Unmarshal(payload, &body) != nil {
		return
	}
	if body.Entra != "" {
		_ = json.Unmarshal(body.Error, &e.Code)
		e.InnerCode = entraCode.FindString(body.Entra)
		// What follows the first line are ids and times, which are in RequestID where they matter.
		description, _, _ := strings.Cut(body.Entra, "\r\n")
		e.Message = clip(description)
		return
	}
	if len(body.Error) > 0 {
		var inner errorBody
		if json.Unmarshal(body.Error, &inner) == nil {
			body = inner
		}
	}
	e.Code, e.Message = body.Code, clip(body.text())
	if body.InnerError != nil {
		e.InnerCode = body.InnerError.Code
	} else if len(body.Details) > 0 {
		e.InnerCode = body.Details[0].Code
	}
}

// text is the message with those of the details, which often hold the cause.
func (b errorBody) text() string {
	messages := []string{b.Message}
	for _, detail := range b.Details {
		if detail.Message != "" && !strings.Contains(b.Message, detail.Message) {
			messages = append(messages, detail.Message)
		}
	}
	return strings.Join(messages, " ")
}

func clip(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessage], "") + "…"
}
