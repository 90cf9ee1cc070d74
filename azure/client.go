package azure

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
)

// maxBody bounds a response, in bytes. The longest one wanted is the list of a region's VM sizes, a few megabytes.
const maxBody = 64 << 20

// Cloud is where an Azure is.
type Cloud struct {
	Authority       string // e.g. https://login.microsoftonline.com
	ResourceManager string // e.g. https://management.azure.com; the audience of its tokens too
	// VaultSuffix and ManagedHSMSuffix end the host names of vaults, e.g. vault.azure.net, with a port where there is one.
	VaultSuffix      string
	ManagedHSMSuffix string
	// DisableInstanceDiscovery is for an authority that the public cloud's does not know.
	DisableInstanceDiscovery bool
}

// PublicCloud is the Azure most people mean.
func PublicCloud() Cloud {
	return Cloud{
		Authority:        "https://login.microsoftonline.com",
		ResourceManager:  "https://management.azure.com",
		VaultSuffix:      "vault.azure.net",
		ManagedHSMSuffix: "managedhsm.azure.net",
	}
}

// configuration is the cloud in the SDK's words.
func (c Cloud) configuration() cloud.Configuration {
	endpoint := strings.TrimSuffix(c.ResourceManager, "/")
	return cloud.Configuration{
		ActiveDirectoryAuthorityHost: strings.TrimSuffix(c.Authority, "/") + "/",
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: endpoint, Audience: endpoint},
		},
	}
}

func (c Cloud) resourceManagerScope() string {
	return strings.TrimSuffix(c.ResourceManager, "/") + "/.default"
}

// Config is what a client is made of.
type Config struct {
	Cloud      Cloud
	Credential *Credential
	// HTTP carries every request; nil: http.DefaultClient.
	HTTP *http.Client
	// LongestTry bounds each try of a call; what hangs longer is tried again. 0: a minute.
	LongestTry time.Duration
}

// Client is one identity's view of an Azure. It is safe for concurrent use.
type Client struct {
	cloud      Cloud
	credential azcore.TokenCredential
	options    *arm.ClientOptions
	// manager serves the few calls the SDK has no client for.
	manager *arm.Client

	mu     sync.Mutex
	vaults map[string]*azkeys.Client // by URI, because each learns its vault's tenant by a challenge
}

// New makes a client. It sends nothing.
func New(config Config) (*Client, error) {
	if config.Credential == nil {
		return nil, fmt.Errorf("make an Azure client: no credential")
	}
	if _, err := url.ParseRequestURI(config.Cloud.ResourceManager); err != nil {
		return nil, fmt.Errorf("make an Azure client: resource manager endpoint: %w", err)
	}
	options := &arm.ClientOptions{
		ClientOptions: config.clientOptions(),
		// Registering a provider is a step of its own, which the user sees.
		DisableRPRegistration: true,
	}
	manager, err := arm.NewClient("cctui/azure", "v1.0.0", config.Credential.source, options)
	if err != nil {
		return nil, failed(err, "make an Azure client")
	}
	return &Client{
		cloud:      config.Cloud,
		credential: config.Credential.source,
		options:    options,
		manager:    manager,
		vaults:     map[string]*azkeys.Client{},
	}, nil
}

func (c Config) clientOptions() policy.ClientOptions {
	return policy.ClientOptions{
		Cloud:            c.Cloud.configuration(),
		Retry:            retries(8, cmp.Or(c.LongestTry, longestTry)),
		PerCallPolicies:  []policy.Policy{policyFunc(doubtRefusal)},
		PerRetryPolicies: []policy.Policy{policyFunc(noteTry), policyFunc(demandJSON)},
		Transport:        transport{cmp.Or(c.HTTP, http.DefaultClient)},
	}
}

// transport carries the SDK's requests. It lets no response grow without end, because the SDK reads them
// whole; and it gives each try a body of its own, because net/http may go on reading that of a try which has
// been answered, while the SDK rewinds it for the next.
type transport struct{ client *http.Client }

func (t transport) Do(request *http.Request) (*http.Response, error) {
	request, err := withOwnBody(request)
	if err != nil {
		return nil, err
	}
	response, err := t.client.Do(request)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, maxBody)
	}
	return response, err
}

func withOwnBody(request *http.Request) (*http.Request, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return request, nil
	}
	content, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	own := request.WithContext(request.Context())
	own.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	own.Body, err = own.GetBody()
	return own, err
}

// clientFor makes one of the SDK's Resource Manager clients, which are all built alike.
func clientFor[T any](c *Client, subscription string, build func(string, azcore.TokenCredential, *arm.ClientOptions) (*T, error)) (*T, error) {
	client, err := build(subscription, c.credential, c.options)
	return client, failed(err, "make a client for subscription %s", subscription)
}

// collect reads every page of a list.
func collect[Page, Item any](ctx context.Context, pager *runtime.Pager[Page], items func(Page) []*Item) ([]Item, error) {
	var all []Item
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range items(page) {
			if item != nil {
				all = append(all, *item)
			}
		}
	}
	return all, nil
}

// value is what a pointer points to, or nothing. Every field of the SDK's types is a pointer, and a service may leave out any.
func value[T any](p *T) T {
	if p == nil {
		var nothing T
		return nothing
	}
	return *p
}

// ptr is the other way; empty stays absent.
func ptr[T comparable](v T) *T {
	var nothing T
	if v == nothing {
		return nil
	}
	return &v
}

func tagsOf(tags map[string]*string) map[string]string {
	plain := make(map[string]string, len(tags))
	for key, tag := range tags {
		plain[key] = value(tag)
	}
	return plain
}

func tagPointers(tags map[string]string) map[string]*string {
	pointers := make(map[string]*string, len(tags))
	for key, tag := range tags {
		pointers[key] = &tag
	}
	return pointers
}

func withoutSlash(uri *string) string {
	return strings.TrimSuffix(value(uri), "/")
}
