package azure

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// endpoint is a REST service the SDK has no client for.
type endpoint struct {
	base     string // scheme and host; all its tokens may go to
	pipeline runtime.Pipeline
}

// do sends one request with a JSON body, or none, and decodes the answer into result unless that is nil.
func (e endpoint) do(ctx context.Context, method, address string, body, result any) error {
	if !sameHost(address, e.base) {
		return fmt.Errorf("the answer leads to %s, not to %s: no token is sent there", hostOf(address), e.base)
	}
	request, err := runtime.NewRequest(ctx, method, address)
	if err != nil {
		return err
	}
	request.Raw().Header.Set("Accept", "application/json")
	if body != nil {
		if err := runtime.MarshalAsJSON(request, body); err != nil {
			return err
		}
	}
	response, err := e.pipeline.Do(request)
	if err != nil {
		return err
	}
	if !runtime.HasStatusCode(response, http.StatusOK, http.StatusCreated, http.StatusNoContent) {
		return runtime.NewResponseError(response)
	}
	if result == nil {
		return nil
	}
	return runtime.UnmarshalAsJSON(response, result)
}

// list reads every page of a collection.
func list[Item any](ctx context.Context, e endpoint, address string) ([]Item, error) {
	var all []Item
	for address != "" {
		var page struct {
			Value    []Item
			NextLink string
		}
		if err := e.do(ctx, http.MethodGet, address, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Value...)
		address = page.NextLink
	}
	return all, nil
}

// hostOf is what may be told of a URL; the query of an operation's holds a signature.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return "no host"
}

// isUnder tells whether an https URL's host is a name under a suffix, such as vault.azure.net.
func isUnder(address, suffix string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && suffix != "" && strings.HasSuffix(strings.ToLower(u.Host), "."+strings.ToLower(suffix))
}

// sameHost tells whether an absolute URL has the scheme and host of another.
func sameHost(address, base string) bool {
	a, err := url.Parse(address)
	if err != nil {
		return false
	}
	b, err := url.Parse(base)
	return err == nil && a.Host != "" && strings.EqualFold(a.Host, b.Host) && strings.EqualFold(a.Scheme, b.Scheme)
}
