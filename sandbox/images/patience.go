package images

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"
)

// How the client library of Strimzi, fabric8's, tries again where the API server has trouble.
// Source: fabric8io/kubernetes-client, Config: requestRetryBackoffLimit, requestRetryBackoffInterval.
const (
	requestRetries = 10
	requestPause   = 100 * time.Millisecond
)

// patient tries a request again after a server error, a lost connection, or half an answer.
type patient struct{ next http.RoundTripper }

func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Query().Has("watch") {
		return p.next.RoundTrip(r) // it has no end to read to, and is begun anew by who watches
	}
	for try := 0; ; try++ {
		response, err := p.try(r)
		if err == nil && response.StatusCode < http.StatusInternalServerError || try == requestRetries {
			return response, err
		}
		if pause(r.Context(), requestPause) != nil {
			return response, err
		}
	}
}

// try reads the whole answer, to know that it is whole.
func (p patient) try(r *http.Request) (*http.Response, error) {
	again, err := replay(r)
	if err != nil {
		return nil, err
	}
	response, err := p.next.RoundTrip(again)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	whole := *response
	whole.Body = io.NopCloser(bytes.NewReader(body))
	return &whole, nil
}

// replay is the request with its body from the beginning.
func replay(r *http.Request) (*http.Request, error) {
	again := r.Clone(r.Context())
	if r.GetBody == nil {
		return again, nil
	}
	body, err := r.GetBody()
	again.Body = body
	return again, err
}
