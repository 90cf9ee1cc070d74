package entra

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/cctui/cctui/sandbox/front"
)

const (
	tenant     = "11111111-1111-1111-1111-111111111111"
	operatorID = "22222222-2222-2222-2222-222222222222"
	identityID = "33333333-3333-3333-3333-333333333333"
	secret     = "correct horse"
	subject    = "system:serviceaccount:kafka:workload-identity-sa"
	audience   = "api://AzureADTokenExchange"
)

// calm is a sandbox where nothing takes time and nothing goes wrong.
type calm struct{}

func (calm) Take(context.Context, string) error { return nil }
func (calm) Duration(string) time.Duration      { return 0 }
func (calm) Has(string) (string, bool)          { return "", false }

// fixture is a directory behind a front, with an issuer it may be federated with.
type fixture struct {
	*Directory
	front       *front.Front
	issuer      *issuer
	federations []Federation
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f, err := front.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	fx := &fixture{front: f, issuer: newIssuer(t, f)}
	fx.federations = []Federation{{Issuer: fx.issuer.url, Subject: subject, Audience: audience}}
	fx.Directory, err = New(Options{
		URL:         f.URL("login.localhost"),
		Tenant:      tenant,
		Application: Application{Principal: Principal{ObjectID: "app-object", AppID: operatorID, Name: "operator"}, Secret: secret},
		User:        Principal{ObjectID: "user-object", Name: "ada@contoso.example", Type: "User"},
		Resources:   []string{f.URL("management.localhost"), "https://vault.localhost", ResourceAKS},
		Federations: func(id string) (Principal, []Federation, bool) {
			return Principal{ObjectID: "identity-object", AppID: id}, fx.federations, id == identityID
		},
		HTTP:       f.Client(),
		Conditions: calm{},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Handle("login.localhost", fx.Handler())
	return fx
}

// issuer publishes keys and signs assertions, as a cluster does.
type issuer struct {
	url string
	key *ecdsa.PrivateKey
}

func newIssuer(t *testing.T, f *front.Front) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{url: f.URL("oic.localhost") + "/tenant/cluster/", key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/tenant/cluster/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.url, "jwks_uri": i.url + "keys"})
	})
	mux.HandleFunc("/tenant/cluster/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k", Algorithm: "ES256"}}})
	})
	f.Handle("oic.localhost", mux)
	return i
}

func (i *issuer) assertion(t *testing.T, key *ecdsa.PrivateKey, edit func(*jwt.Claims)) string {
	t.Helper()
	now := time.Now()
	claims := jwt.Claims{
		Issuer: i.url, Subject: subject, Audience: jwt.Audience{audience},
		NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Hour)),
	}
	edit(&claims)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (fx *fixture) clientOptions() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: fx.front.URL("login.localhost")},
		Transport: fx.front.Client(),
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}

func (fx *fixture) whoami(t *testing.T, token, audience string) Principal {
	t.Helper()
	p, err := fx.Authenticate(withToken(t, token), audience)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func withToken(t *testing.T, token string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://x.localhost/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func scope(s string) policy.TokenRequestOptions {
	return policy.TokenRequestOptions{Scopes: []string{s}}
}

func TestAzidentitySignsInWithASecret(t *testing.T) {
	fx := newFixture(t)
	credential, err := azidentity.NewClientSecretCredential(tenant, operatorID, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: fx.clientOptions(), DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := credential.GetToken(t.Context(), scope(fx.front.URL("management.localhost")+"//.default"))
	if err != nil {
		t.Fatal(err)
	}
	p := fx.whoami(t, token.Token, fx.front.URL("management.localhost"))
	want := Principal{ObjectID: "app-object", AppID: operatorID, TenantID: tenant, Name: "operator", Type: "ServicePrincipal"}
	if p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
	if _, err := fx.Authenticate(withToken(t, token.Token), "https://vault.localhost"); err == nil {
		t.Error("a token for one resource opens another")
	}
}

func TestAzidentitySignsInWithAnAssertion(t *testing.T) {
	fx := newFixture(t)
	assertion := func(context.Context) (string, error) {
		return fx.issuer.assertion(t, fx.issuer.key, func(*jwt.Claims) {}), nil
	}
	credential, err := azidentity.NewClientAssertionCredential(tenant, identityID, assertion, &azidentity.ClientAssertionCredentialOptions{
		ClientOptions: fx.clientOptions(), DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := credential.GetToken(t.Context(), scope(fx.front.URL("vault.localhost")+"/.default"))
	if err != nil {
		t.Fatal(err)
	}
	if p := fx.whoami(t, token.Token, "https://vault.localhost"); p.ObjectID != "identity-object" || p.AppID != identityID {
		t.Errorf("signed in as %+v", p)
	}
}

func TestAzidentitySignsInWithADeviceCode(t *testing.T) {
	fx := newFixture(t)
	var asked azidentity.DeviceCodeMessage
	credential, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		ClientOptions: fx.clientOptions(), DisableInstanceDiscovery: true, ClientID: operatorID,
		UserPrompt: func(_ context.Context, m azidentity.DeviceCodeMessage) error { asked = m; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := credential.GetToken(t.Context(), scope(ResourceAKS+"/.default"))
	if err != nil {
		t.Fatal(err)
	}
	if p := fx.whoami(t, token.Token, ResourceAKS); p.Type != "User" || p.Name != "ada@contoso.example" {
		t.Errorf("signed in as %+v", p)
	}
	if asked.UserCode == "" || !strings.HasPrefix(asked.VerificationURL, fx.URL) {
		t.Errorf("the user was told %+v", asked)
	}
	prompt := asked.UserCode
	if _, err := credential.GetToken(t.Context(), scope("https://vault.localhost/.default")); err != nil {
		t.Fatal(err)
	}
	if asked.UserCode != prompt {
		t.Error("the user was asked again for another resource")
	}
}

// post asks the token endpoint and returns its AADSTS code, 0 for a token.
func (fx *fixture) post(t *testing.T, tenant string, form url.Values) (code int, description string) {
	t.Helper()
	response, err := fx.front.Client().PostForm(fx.front.URL("login.localhost")+"/"+tenant+"/oauth2/v2.0/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body struct {
		Codes       []int  `json:"error_codes"`
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if len(body.Codes) == 0 {
		return 0, ""
	}
	return body.Codes[0], body.Description
}

func TestRequestsAreRefusedWithEntrasCodes(t *testing.T) {
	fx := newFixture(t)
	good := func() url.Values {
		return url.Values{"grant_type": {"client_credentials"}, "client_id": {operatorID}, "client_secret": {secret}, "scope": {"https://vault.localhost/.default"}}
	}
	tests := []struct {
		name   string
		tenant string
		edit   func(url.Values)
		want   int
	}{
		{"accepted", tenant, func(url.Values) {}, 0},
		{"unknown tenant", "elsewhere", func(url.Values) {}, 90002},
		{"no grant", tenant, func(v url.Values) { v.Del("grant_type") }, 900144},
		{"other grant", tenant, func(v url.Values) { v.Set("grant_type", "password") }, 70003},
		{"no client", tenant, func(v url.Values) { v.Del("client_id") }, 900144},
		{"unknown client", tenant, func(v url.Values) { v.Set("client_id", "nobody") }, 700016},
		{"wrong secret", tenant, func(v url.Values) { v.Set("client_secret", "guess") }, 7000215},
		{"no secret", tenant, func(v url.Values) { v.Del("client_secret") }, 7000218},
		{"unknown resource", tenant, func(v url.Values) { v.Set("scope", "https://example.com/.default") }, 500011},
		{"no resource", tenant, func(v url.Values) { v.Set("scope", "openid") }, 500011},
		{"unknown device code", tenant, func(v url.Values) { v.Set("grant_type", deviceGrant) }, 70019},
		{"unknown refresh token", tenant, func(v url.Values) { v.Set("grant_type", "refresh_token") }, 9002313},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			form := good()
			test.edit(form)
			if code, text := fx.post(t, test.tenant, form); code != test.want {
				t.Errorf("AADSTS%d %q, want %d", code, text, test.want)
			}
		})
	}
}

func TestAssertionsAreRefusedForTheTrueReason(t *testing.T) {
	fx := newFixture(t)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	federated := fx.federations
	unreachable := []Federation{{Issuer: fx.front.URL("gone.localhost") + "/", Subject: subject, Audience: audience}}
	pending := []Federation{{Issuer: fx.issuer.url, Subject: subject, Audience: audience, Effective: time.Now().Add(time.Hour)}}
	tests := []struct {
		name        string
		federations []Federation
		key         *ecdsa.PrivateKey
		edit        func(*jwt.Claims)
		want        int
		quoted      string
	}{
		{"accepted", federated, fx.issuer.key, func(*jwt.Claims) {}, 0, ""},
		{"no federation", nil, fx.issuer.key, func(*jwt.Claims) {}, 70021, subject},
		{"federation not in effect yet", pending, fx.issuer.key, func(*jwt.Claims) {}, 70021, subject},
		{"other issuer", federated, fx.issuer.key, func(c *jwt.Claims) { c.Issuer = "https://other.localhost/" }, 700211, "https://other.localhost/"},
		{"issuer without its slash", federated, fx.issuer.key, func(c *jwt.Claims) { c.Issuer = strings.TrimSuffix(c.Issuer, "/") }, 700211, "oic.localhost"},
		{"other audience", federated, fx.issuer.key, func(c *jwt.Claims) { c.Audience = jwt.Audience{"api://other"} }, 700212, "api://other"},
		{"other subject", federated, fx.issuer.key, func(c *jwt.Claims) { c.Subject = "system:serviceaccount:a:b" }, 700213, "system:serviceaccount:a:b"},
		{"subject in other case", federated, fx.issuer.key, func(c *jwt.Claims) { c.Subject = strings.ToUpper(subject) }, 7002138, "case-insensitive"},
		{"forged", federated, stranger, func(*jwt.Claims) {}, 700027, ""},
		{"expired", federated, fx.issuer.key, func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(time.Now().Add(-time.Hour)) }, 700024, ""},
		{"without expiry", federated, fx.issuer.key, func(c *jwt.Claims) { c.Expiry = nil }, 700024, ""},
		{"issuer out of reach", unreachable, fx.issuer.key, func(c *jwt.Claims) { c.Issuer = unreachable[0].Issuer }, 90061, "gone.localhost"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fx.federations = test.federations
			code, text := fx.post(t, tenant, url.Values{
				"grant_type": {"client_credentials"}, "client_id": {identityID}, "scope": {"https://vault.localhost/.default"},
				"client_assertion_type": {assertionType}, "client_assertion": {fx.issuer.assertion(t, test.key, test.edit)},
			})
			if code != test.want || !strings.Contains(text, test.quoted) {
				t.Errorf("AADSTS%d %q, want %d quoting %q", code, text, test.want, test.quoted)
			}
		})
	}
	if code, _ := fx.post(t, tenant, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {identityID}, "scope": {"https://vault.localhost/.default"},
		"client_assertion_type": {assertionType}, "client_assertion": {"not.a.token"},
	}); code != 50027 {
		t.Errorf("AADSTS%d for a malformed assertion", code)
	}
}

func TestTokensOfOthersAreRefused(t *testing.T) {
	fx, other := newFixture(t), newFixture(t)
	foreign, err := other.issue(Principal{ObjectID: "x"}, "https://vault.localhost")
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"foreign": foreign, "empty": "", "garbage": "a.b.c"} {
		if p, err := fx.Authenticate(withToken(t, token), "https://vault.localhost"); err == nil {
			t.Errorf("%s token is %+v", name, p)
		}
	}
}

func TestDiscoveryLeadsToTheSigningKeys(t *testing.T) {
	fx := newFixture(t)
	token, err := fx.issue(fx.User, "https://vault.localhost")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if refused := fx.verify(t.Context(), parsed, fx.Directory.issuer()); refused != nil {
		t.Error(refused)
	}
}
