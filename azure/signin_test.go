package azure

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const tenant = "7e0a0000-0000-4000-8000-000000000001"

// entra is a service with a token endpoint.
func entra(t *testing.T, token http.HandlerFunc) *service {
	s := newService(t)
	s.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		base := "https://login.localhost/" + tenant
		_ = json.NewEncoder(w).Encode(map[string]string{
			"issuer":                        base + "/v2.0",
			"authorization_endpoint":        base + "/oauth2/v2.0/authorize",
			"token_endpoint":                base + "/oauth2/v2.0/token",
			"device_authorization_endpoint": base + "/oauth2/v2.0/devicecode",
		})
	})
	s.HandleFunc("POST /{tenant}/oauth2/v2.0/token", token)
	return s
}

func signInOptions(s *service, method string) SignInOptions {
	cloud := testCloud
	cloud.DisableInstanceDiscovery = true
	return SignInOptions{Method: method, Tenant: tenant, ClientID: "app", ClientSecret: "pa55-w0rd", Cloud: cloud, HTTP: s.http}
}

func TestAServicePrincipalSignsInWithItsSecret(t *testing.T) {
	s := entra(t, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("grant_type") != "client_credentials" || r.FormValue("client_secret") != "pa55-w0rd" {
			t.Errorf("form = %v", r.Form)
		}
		if scope := r.FormValue("scope"); !strings.HasPrefix(scope, "https://management.localhost/.default") {
			t.Errorf("scope = %q", scope)
		}
		reply(http.StatusOK, `{"token_type":"Bearer","expires_in":3600,"access_token":"granted"}`)(w)
	})
	credential, err := SignIn(t.Context(), signInOptions(s, "client-secret"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := credential.Token(t.Context(), "https://management.localhost/.default")
	if err != nil || token != "granted" {
		t.Errorf("token = %q, %v", token, err)
	}
	if asked := s.asked("POST /" + tenant + "/oauth2/v2.0/token"); asked != 1 {
		t.Errorf("asked %d times for a token, want 1", asked)
	}
}

func TestSignInTakesWhatTheEnvironmentHolds(t *testing.T) {
	projected := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(projected, []byte("assertion"), 0o600); err != nil {
		t.Fatal(err)
	}
	for method, proof := range map[string]string{"environment": "client_secret", "workload-identity": "client_assertion"} {
		t.Run(method, func(t *testing.T) {
			t.Setenv("AZURE_TENANT_ID", tenant)
			t.Setenv("AZURE_CLIENT_ID", "app")
			t.Setenv("AZURE_CLIENT_SECRET", "pa55-w0rd")
			t.Setenv("AZURE_FEDERATED_TOKEN_FILE", projected)
			s := entra(t, func(w http.ResponseWriter, r *http.Request) {
				if r.FormValue("client_id") != "app" || r.FormValue(proof) == "" {
					t.Errorf("form = %v", r.Form)
				}
				reply(http.StatusOK, `{"token_type":"Bearer","expires_in":3600,"access_token":"granted"}`)(w)
			})
			options := signInOptions(s, method)
			options.Tenant, options.ClientID, options.ClientSecret = "", "", ""
			if _, err := SignIn(t.Context(), options); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestSignInByAzRunsItOnce(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	installAz(t, `echo "$@" >> `+ran+`; echo '{"accessToken":"granted","expires_on":4102444800}'`)
	credential, err := SignIn(t.Context(), SignInOptions{Method: "cli", Cloud: testCloud})
	if err != nil {
		t.Fatal(err)
	}
	if token, err := credential.Token(t.Context(), "https://management.localhost/.default"); err != nil || token != "granted" {
		t.Errorf("token = %q, %v", token, err)
	}
	commands, err := os.ReadFile(ran)
	if want := "account get-access-token -o json --resource https://management.localhost\n"; err != nil || string(commands) != want {
		t.Errorf("ran %q, %v; want %q", commands, err, want)
	}
}

func TestANotSignedInAzSaysSo(t *testing.T) {
	installAz(t, `echo "ERROR: Please run 'az login' to setup account." >&2; exit 1`)
	_, err := SignIn(t.Context(), SignInOptions{Method: "cli", Cloud: testCloud})
	if !errors.Is(err, ErrSignIn) || !strings.Contains(err.Error(), "az login") {
		t.Errorf("error = %v", err)
	}
}

func TestARefusedSignInSaysWhyAndKeepsTheSecret(t *testing.T) {
	s := entra(t, answers(reply(http.StatusUnauthorized,
		`{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: x","error_codes":[7000215]}`)))
	_, err := SignIn(t.Context(), signInOptions(s, "client-secret"))
	var refusal *Error
	if !errors.Is(err, ErrSignIn) || !errors.As(err, &refusal) || refusal.InnerCode != "AADSTS7000215" {
		t.Fatalf("error = %v", err)
	}
	if strings.Contains(err.Error(), "pa55-w0rd") {
		t.Error("the error shows the secret")
	}
}

func TestAnAnswerThatCannotBeReadIsNotShown(t *testing.T) {
	s := entra(t, answers(reply(http.StatusOK, `{"token_type":"Bearer","expires_in":"soon","access_token":"granted"}`)))
	_, err := SignIn(t.Context(), signInOptions(s, "client-secret"))
	if !errors.Is(err, ErrSignIn) || strings.Contains(err.Error(), "granted") {
		t.Errorf("error = %v, want one without the token", err)
	}
}

func TestADeviceCodeIsShownToTheUser(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	idToken := encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(`{"tid":"`+tenant+`","oid":"o","preferred_username":"ana@contoso.com"}`)) + ".s"
	s := entra(t, answers(reply(http.StatusOK,
		`{"token_type":"Bearer","expires_in":3600,"access_token":"granted","id_token":"`+idToken+`","refresh_token":"r","scope":"https://management.localhost/.default"}`)))
	s.HandleFunc("POST /{tenant}/oauth2/v2.0/devicecode", answers(reply(http.StatusOK,
		`{"user_code":"ABCD-1234","device_code":"d","verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":1,"message":"Open the page"}`)))
	options := signInOptions(s, "device-code")
	var shown DeviceCode
	options.DeviceCode = func(code DeviceCode) { shown = code }
	if _, err := SignIn(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	if want := (DeviceCode{Code: "ABCD-1234", URL: "https://microsoft.com/devicelogin", Message: "Open the page"}); shown != want {
		t.Errorf("shown = %+v, want %+v", shown, want)
	}
}

func TestSignInFailsBeforeAnyRequest(t *testing.T) {
	for name, change := range map[string]func(*SignInOptions){
		"unknown method":             func(o *SignInOptions) { o.Method = "guess" },
		"no tenant":                  func(o *SignInOptions) { o.Tenant = "" },
		"no TLS":                     func(o *SignInOptions) { o.Cloud.Authority = "http://login.localhost" },
		"nothing in the environment": func(o *SignInOptions) { o.Method = "environment" },
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"} {
				t.Setenv(variable, "")
			}
			s := newService(t)
			options := signInOptions(s, "client-secret")
			change(&options)
			if _, err := SignIn(t.Context(), options); !errors.Is(err, ErrSignIn) {
				t.Errorf("error = %v, want ErrSignIn", err)
			}
			if s.askedAnything() {
				t.Error("requests were sent")
			}
		})
	}
}

// countingSource gives a new token each time, good for an hour.
type countingSource struct{ given int }

func (c *countingSource) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.given++
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestATokenIsKeptForItsScopeUnlessItWasRefused(t *testing.T) {
	source := &countingSource{}
	kept := &tokens{source: source, kept: map[string]azcore.AccessToken{}}
	for _, step := range []struct {
		options policy.TokenRequestOptions
		want    int
	}{
		{policy.TokenRequestOptions{Scopes: []string{"a"}}, 1},
		{policy.TokenRequestOptions{Scopes: []string{"a"}}, 1},
		{policy.TokenRequestOptions{Scopes: []string{"b"}}, 2},
		{policy.TokenRequestOptions{Scopes: []string{"a"}, TenantID: "t"}, 3},
		{policy.TokenRequestOptions{Scopes: []string{"a"}, Claims: "challenge"}, 4},
		{policy.TokenRequestOptions{Scopes: []string{"a"}}, 4},
	} {
		if _, err := kept.GetToken(t.Context(), step.options); err != nil || source.given != step.want {
			t.Errorf("%+v: %d tokens asked for, %v; want %d", step.options, source.given, err, step.want)
		}
	}
}
