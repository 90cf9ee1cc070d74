package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// SignInOptions say how to sign in.
type SignInOptions struct {
	// Method is cli, device-code, browser, environment, workload-identity, managed-identity or client-secret.
	Method       string
	Tenant       string // empty: the account's home tenant, where the method knows it
	ClientID     string // of a service principal, a managed identity, or a public client application
	ClientSecret string
	// DeviceCode shows the code to the user.
	DeviceCode func(DeviceCode)
	Cloud      Cloud
	HTTP       *http.Client // nil: http.DefaultClient
}

// DeviceCode is what the user enters in a browser, on any machine.
type DeviceCode struct{ Code, URL, Message string }

// Credential is an identity that has signed in.
type Credential struct{ source azcore.TokenCredential }

// SignIn signs in and proves it with a token for Resource Manager. Every failure has ErrSignIn in its chain.
func SignIn(ctx context.Context, options SignInOptions) (*Credential, error) {
	source, err := options.credential()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrSignIn, options.Method, err)
	}
	credential := &Credential{source: &tokens{source: source, secrets: options.secrets(), kept: map[string]azcore.AccessToken{}}}
	if _, err := credential.Token(ctx, options.Cloud.resourceManagerScope()); err != nil {
		return nil, fmt.Errorf("sign in by %s: %w", options.Method, err)
	}
	return credential, nil
}

// secrets are what no error may repeat, though the service does: no form gives them away.
func (o SignInOptions) secrets() (secrets []string) {
	candidates := []string{o.ClientSecret}
	if o.Method == "environment" {
		candidates = append(candidates, os.Getenv("AZURE_CLIENT_SECRET"), os.Getenv("AZURE_CLIENT_CERTIFICATE_PASSWORD"), os.Getenv("AZURE_PASSWORD"))
	}
	for _, secret := range candidates {
		if secret != "" {
			secrets = append(secrets, secret, "(withheld)", url.QueryEscape(secret), "(withheld)")
		}
	}
	return secrets
}

// Token is an access token for a scope, e.g. https://management.azure.com/.default.
func (c *Credential) Token(ctx context.Context, scope string) (string, error) {
	token, err := c.source.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
	return token.Token, failed(err, "get a token for %s", scope)
}

// credential makes the SDK's credential of the method. There is deliberately no chain of guesses: it
// would probe the metadata service of machines that have none, and hide which account is used.
func (o SignInOptions) credential() (azcore.TokenCredential, error) {
	// Somebody is waiting: that there is no network is told after a few seconds.
	client := policy.ClientOptions{
		Cloud: o.Cloud.configuration(), Retry: retries(5, longestTry), PerRetryPolicies: []policy.Policy{policyFunc(demandToken)},
		Transport: transport{cmp.Or(o.HTTP, http.DefaultClient)},
	}
	offline := o.Cloud.DisableInstanceDiscovery
	switch o.Method {
	case "cli":
		return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: o.Tenant})
	case "device-code":
		return azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
			ClientOptions: client, TenantID: o.Tenant, ClientID: o.ClientID, DisableInstanceDiscovery: offline, UserPrompt: o.prompt,
		})
	case "browser":
		return azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{
			ClientOptions: client, TenantID: o.Tenant, ClientID: o.ClientID, DisableInstanceDiscovery: offline,
		})
	case "environment":
		return azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: offline})
	case "workload-identity":
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: client, TenantID: o.Tenant, ClientID: o.ClientID, DisableInstanceDiscovery: offline,
		})
	case "managed-identity":
		options := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: client}
		if o.ClientID != "" {
			options.ID = azidentity.ClientID(o.ClientID)
		}
		return azidentity.NewManagedIdentityCredential(options)
	case "client-secret":
		return azidentity.NewClientSecretCredential(o.Tenant, o.ClientID, o.ClientSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: offline})
	}
	return nil, fmt.Errorf("unknown method: use cli, device-code, browser, environment, workload-identity, managed-identity or client-secret")
}

func (o SignInOptions) prompt(_ context.Context, message azidentity.DeviceCodeMessage) error {
	if o.DeviceCode == nil {
		return fmt.Errorf("there is nobody to show a device code to")
	}
	o.DeviceCode(DeviceCode{Code: message.UserCode, URL: message.VerificationURL, Message: message.Message})
	return nil
}

// tokens keeps the tokens of a credential. The az command line, which keeps none itself, would otherwise run for a
// second at the first call of every client.
type tokens struct {
	source  azcore.TokenCredential
	secrets []string // and what stands in their place
	mu      sync.Mutex
	kept    map[string]azcore.AccessToken
}

// GetToken returns a kept token while it is good for some minutes more. Claims mean that the kept one was refused.
func (t *tokens) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := fmt.Sprint(options.TenantID, options.Scopes, options.EnableCAE)
	if token, ok := t.kept[key]; ok && options.Claims == "" && time.Until(token.ExpiresOn) > 5*time.Minute {
		return token, nil
	}
	token, err := t.source.GetToken(ctx, options)
	if err != nil {
		return token, signInError(ctx, err, strings.NewReplacer(t.secrets...))
	}
	t.kept[key] = token
	return token, nil
}

// signInError is why there is no token: Entra's words where it answered, else the credential's own.
func signInError(ctx context.Context, err error, hide *strings.Replacer) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if refused, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); ok && refused.RawResponse != nil {
		refusal := refusalOf(refused.RawResponse)
		refusal.Message = hide.Replace(refusal.Message)
		return fmt.Errorf("%w: %w", ErrSignIn, refusal)
	}
	// MSAL appends an answer it cannot read, tokens and all.
	reason, _, _ := strings.Cut(err.Error(), "raw message was")
	return fmt.Errorf("%w: %s", ErrSignIn, clip(hide.Replace(strings.TrimSpace(reason))))
}
