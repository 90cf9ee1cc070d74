package sandbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/sandbox/entra"
)

// doorway is a sandbox with something behind every door, and the credentials of whoever may enter.
type doorway struct {
	*Sandbox
	tokens map[string]string // by audience
	admin  string            // the cluster's own admin token
}

const (
	forManager    = "management"
	forVault      = "vault"
	forManagedHSM = "managedhsm"
	forKubernetes = "kubernetes"
)

// scopes by what the audience is called here.
func (d *doorway) scopes() map[string]string {
	return map[string]string{
		forManager: d.endpoints.ResourceManager + "/.default", forVault: "https://vault.localhost/.default",
		forManagedHSM: "https://managedhsm.localhost/.default", forKubernetes: entra.ResourceAKS + "/.default",
	}
}

func openDoors(t *testing.T) *doorway {
	t.Helper()
	d := &doorway{Sandbox: start(t, Options{}), tokens: map[string]string{}}
	client, _ := signIn(t, d.Sandbox)
	kubeconfig, err := client.ClusterCredentials(t.Context(), azure.Group{Subscription: d.endpoints.Subscription, Name: "contoso-rg"}, "contoso-aks")
	if err != nil {
		t.Fatal(err)
	}
	access, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	d.admin = access.BearerToken
	for name, scope := range d.scopes() {
		d.tokens[name] = d.token(t, scope)
	}
	return d
}

// token signs the operator in.
func (d *doorway) token(t *testing.T, scope string) string {
	t.Helper()
	status, body := d.post(t, d.endpoints.Authority+"/"+d.endpoints.Tenant+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {d.endpoints.ClientID}, "client_secret": {d.endpoints.ClientSecret}, "scope": {scope},
	})
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK {
		t.Fatalf("sign in for %s: %d %s", scope, status, body)
	}
	return answer.Token
}

func (d *doorway) post(t *testing.T, address string, form url.Values) (int, []byte) {
	t.Helper()
	response, err := d.Client().PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

func read(t *testing.T, response *http.Response) (int, []byte) {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// door is an endpoint that wants a credential.
type door struct{ audience, method, host, path string }

func (d door) String() string { return d.method + " " + d.host + d.path }

// doors are one of each kind of path that any service of the sandbox serves.
func (d *doorway) doors() []door {
	subscription := "/subscriptions/" + d.endpoints.Subscription
	group := subscription + "/resourceGroups/contoso-rg"
	vault := group + "/providers/Microsoft.KeyVault/vaults/contoso-kv"
	cluster := group + "/providers/Microsoft.ContainerService/managedClusters/contoso-aks"
	identity := group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/theirs"
	location := subscription + "/providers/Microsoft.KeyVault/locations/eastus"
	pod := "/api/v1/namespaces/kafka/pods/consumer"
	paths := map[string][]string{
		forManager + " management": {
			"GET /tenants", "GET /subscriptions", "GET " + subscription, "GET " + subscription + "/locations", "GET " + subscription + "/resources",
			"GET " + subscription + "/resourceGroups", "GET " + group, "HEAD " + group, "PUT " + group, "DELETE " + group, "GET " + group + "/resources",
			"GET " + subscription + "/providers/Microsoft.Compute/skus", "GET " + subscription + "/providers/Microsoft.Compute/locations/eastus/usages",
			"GET " + subscription + "/providers/Microsoft.ContainerService", "POST " + subscription + "/providers/Microsoft.ContainerService/register",
			"POST " + subscription + "/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/KataCcIsolationPreview/register",
			"GET " + cluster, "PUT " + cluster, "DELETE " + cluster, "POST " + cluster + "/listClusterUserCredential",
			"GET " + cluster + "/agentPools", "PUT " + cluster + "/agentPools/p", "DELETE " + cluster + "/agentPools/p",
			"PUT " + identity, "PUT " + identity + "/federatedIdentityCredentials/f", "GET " + vault, "PUT " + vault, "DELETE " + vault,
			"GET " + location + "/deletedVaults/contoso-kv", "POST " + location + "/deletedVaults/contoso-kv/purge",
			"GET " + location + "/operations/x", "GET " + location + "/operationresults/x",
			"GET " + vault + "/providers/Microsoft.Authorization/roleAssignments", "PUT " + vault + "/providers/Microsoft.Authorization/roleAssignments/x",
			"PUT " + group + "/providers/Microsoft.Attestation/attestationProviders/p", "GET /nowhere",
		},
		forVault + " contoso-kv.vault": {
			"GET /keys", "POST /keys/k/create", "GET /keys/k", "GET /keys/k/v", "GET /keys/k/versions", "PATCH /keys/k", "DELETE /keys/k",
			"POST /keys/k/release", "POST /keys/k/v/release", "GET /deletedkeys", "GET /deletedkeys/k", "POST /deletedkeys/k/recover",
			"DELETE /deletedkeys/k", "GET /nowhere",
		},
		forManagedHSM + " contoso-hsm.managedhsm": {
			"GET /keys", "POST /keys/k/release", "GET /keys/providers/Microsoft.Authorization/roleAssignments", "PUT /keys/providers/Microsoft.Authorization/roleAssignments/x",
		},
		forKubernetes + " contoso-aks.k8s": {
			"GET /version", "GET /api", "GET /apis", "GET /openapi/v2", "GET /healthz", "GET /nowhere", "GET /api/v1/nodes", "GET /api/v1/secrets", "GET /api/v1/pods?watch=1",
			"POST /api/v1/namespaces/kafka/pods", "PATCH " + pod, "DELETE " + pod, "GET " + pod + "/log", "GET " + pod + "/log?follow=true", "GET " + pod + "/status",
			"POST " + pod + "/portforward", "GET " + pod + "/portforward", "POST " + pod + "/exec?command=sh", "POST " + pod + "/attach", "GET " + pod + "/proxy/",
			"GET /api/v1/namespaces/kafka/services/consumer:80/proxy/", "POST /api/v1/namespaces/kafka/serviceaccounts/default/token",
			"POST /apis/authentication.k8s.io/v1/tokenreviews", "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
		},
	}
	var all []door
	for at, lines := range paths {
		audience, host, _ := strings.Cut(at, " ")
		for _, line := range lines {
			method, path, _ := strings.Cut(line, " ")
			all = append(all, door{audience, method, host + ".localhost", path})
		}
	}
	return all
}

// knock asks at a door, from wherever, with whatever credential.
func (d *doorway) knock(t *testing.T, at door, credential string, change func(*http.Request)) (int, string) {
	t.Helper()
	address := d.front.URL(at.host) + at.path
	if !strings.Contains(address, "?") {
		address += "?api-version=2024-01-01"
	}
	if at.audience == forVault || at.audience == forManagedHSM {
		address = strings.Replace(address, "2024-01-01", "7.4", 1)
	}
	request, err := http.NewRequestWithContext(t.Context(), at.method, address, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if credential != "" {
		request.Header.Set("Authorization", credential)
	}
	if change != nil {
		change(request)
	}
	response, err := d.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	status, body := read(t, response)
	return status, string(body)
}

// Every door is closed to whoever has no credential, another's, or one that was good once.
func TestEveryDoorWantsItsOwnCredential(t *testing.T) {
	d, elsewhere := openDoors(t), openDoors(t)
	d.directory.Now = func() time.Time { return time.Now().Add(-2 * time.Hour) }
	expired := map[string]string{}
	for name, scope := range d.scopes() {
		expired[name] = d.token(t, scope)
	}
	d.directory.Now = time.Now
	for _, at := range d.doors() {
		credentials := map[string]string{
			"none":                  "",
			"none after the scheme": "Bearer ",
			"no token":              "Bearer x",
			"a password":            "Basic b3BlcmF0b3I6" + d.endpoints.ClientSecret,
			"the client's secret":   "Bearer " + d.endpoints.ClientSecret,
			"expired":               "Bearer " + expired[at.audience],
			"another sandbox's":     "Bearer " + elsewhere.tokens[at.audience],
			"another cluster's":     "Bearer " + elsewhere.admin,
			"without signature":     "Bearer " + d.tokens[at.audience][:strings.LastIndex(d.tokens[at.audience], ".")+1],
			"alg none":              "Bearer eyJhbGciOiJub25lIn0." + strings.Split(d.tokens[at.audience], ".")[1] + ".",
		}
		for audience, token := range d.tokens {
			if audience != at.audience {
				credentials["for "+audience] = "Bearer " + token
			}
		}
		if at.audience != forKubernetes {
			credentials["the cluster's"] = "Bearer " + d.admin
		}
		for name, credential := range credentials {
			if status, body := d.knock(t, at, credential, nil); status != http.StatusUnauthorized {
				t.Errorf("%s with credential %q: %d %s", at, name, status, body)
			}
		}
	}
	if status, body := d.knock(t, door{forManager, "GET", "management.localhost", "/subscriptions"}, "Bearer "+d.tokens[forManager], nil); status != http.StatusOK {
		t.Errorf("the operator: %d %s", status, body)
	}
}

// No web page reaches anything, even with a credential that somebody lost: neither from its own
// origin, nor by a name of its own that was made to lead to this machine.
func TestNoDoorOpensToAWebPage(t *testing.T) {
	d := openDoors(t)
	public := []door{
		{"", "GET", "login.localhost", "/" + d.endpoints.Tenant + "/v2.0/.well-known/openid-configuration"},
		{"", "POST", "login.localhost", "/" + d.endpoints.Tenant + "/oauth2/v2.0/token"},
		{"", "GET", "management.localhost", "/metadata/endpoints"},
		{"", "GET", "sharedeus.eus.attest.localhost", "/certs"},
		{"", "POST", "sharedeus.eus.attest.localhost", "/attest/SevSnpVm"},
		{"", "GET", "oic.localhost", "/"},
	}
	for _, at := range append(d.doors(), public...) {
		credential := "Bearer " + d.tokens[at.audience]
		for name, c := range map[string]struct {
			change func(*http.Request)
			want   int
		}{
			"a page elsewhere":       {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, http.StatusForbidden},
			"a sandboxed page":       {func(r *http.Request) { r.Header.Set("Origin", "null") }, http.StatusForbidden},
			"a page at another port": {func(r *http.Request) { r.Header.Set("Origin", "http://localhost:8080") }, http.StatusForbidden},
			"a rebound name":         {func(r *http.Request) { r.Host = fmt.Sprintf("evil.example:%d", d.endpoints.Port) }, http.StatusMisdirectedRequest},
			"a name that looks so":   {func(r *http.Request) { r.Host = "localhost.evil.example" }, http.StatusMisdirectedRequest},
		} {
			if status, body := d.knock(t, at, credential, c.change); status != c.want {
				t.Errorf("%s from %s: %d, want %d: %s", at, name, status, c.want, body)
			}
		}
	}
}

// The names of the listener's certificate are loopback's, whatever name is asked for.
func TestNoOtherNameIsVouchedFor(t *testing.T) {
	d := openDoors(t)
	for _, name := range []string{"evil.example", "management.azure.com", "localhost.evil.example", ""} {
		conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", d.endpoints.Port), &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		if names := conn.ConnectionState().PeerCertificates[0].DNSNames; !slices.Equal(names, []string{"localhost"}) {
			t.Errorf("%q is vouched for as %v", name, names)
		}
		_ = conn.Close()
	}
}

// Nobody signs in who is not known, not in another tenant, and not by a device code for which nobody
// would have to approve.
func TestTheDirectoryRefusesStrangers(t *testing.T) {
	d, elsewhere := openDoors(t), openDoors(t)
	e := d.endpoints
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {e.ClientID}, "client_secret": {e.ClientSecret}, "scope": {e.ResourceManager + "/.default"}}
	with := func(name, value string) url.Values {
		changed := url.Values{}
		for key, values := range good {
			changed[key] = values
		}
		changed.Set(name, value)
		return changed
	}
	const token, device = "/oauth2/v2.0/token", "/oauth2/v2.0/devicecode"
	for name, c := range map[string]struct {
		tenant, path string
		form         url.Values
		want         int
	}{
		"no secret":               {e.Tenant, token, with("client_secret", ""), http.StatusUnauthorized},
		"a guess":                 {e.Tenant, token, with("client_secret", "guess"), http.StatusUnauthorized},
		"another sandbox's":       {e.Tenant, token, with("client_secret", elsewhere.endpoints.ClientSecret), http.StatusUnauthorized},
		"another's application":   {e.Tenant, token, with("client_id", elsewhere.endpoints.ClientID), http.StatusBadRequest},
		"another tenant":          {elsewhere.endpoints.Tenant, token, good, http.StatusBadRequest},
		"an unknown resource":     {e.Tenant, token, with("scope", "https://graph.microsoft.com/.default"), http.StatusBadRequest},
		"a stranger's device":     {e.Tenant, device, url.Values{"client_id": {"04b07795-8ddb-461a-bbee-02f9e1bf7b46"}}, http.StatusBadRequest},
		"a guessed device code":   {e.Tenant, token, url.Values{"grant_type": {"device_code"}, "device_code": {"x"}, "client_id": {e.ClientID}, "scope": good["scope"]}, http.StatusBadRequest},
		"a guessed refresh token": {e.Tenant, token, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_id": {e.ClientID}, "scope": good["scope"]}, http.StatusBadRequest},
		"an access token as assertion": {e.Tenant, token, url.Values{"grant_type": {"client_credentials"}, "client_id": {e.ClientID}, "scope": good["scope"],
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {d.tokens[forVault]}}, http.StatusBadRequest},
	} {
		if status, body := d.post(t, e.Authority+"/"+c.tenant+c.path, c.form); status != c.want || bytes.Contains(body, []byte(`"access_token"`)) {
			t.Errorf("%s: %d, want %d: %s", name, status, c.want, body)
		}
	}
}

// Attestation asks for no credential, as Azure's does not: evidence is all that counts. The chip's
// certificates are at the guests' metadata address, which nobody outside has.
func TestWithoutEvidenceNothingIsAttested(t *testing.T) {
	d := openDoors(t)
	const provider = "sharedeus.eus.attest.localhost"
	for body, want := range map[string]int{"": 400, "{}": 400, `{"report":"e30","runtimeData":{"data":"","dataType":"JSON"}}`: 400} {
		response, err := d.Client().Post(d.front.URL(provider)+"/attest/SevSnpVm?api-version=2022-08-01", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := read(t, response); status != want || bytes.Contains(answer, []byte(`"token"`)) {
			t.Errorf("%q: %d %s", body, status, answer)
		}
	}
	for _, host := range []string{"169.254.169.254", "metadata.localhost", provider} {
		at := door{"", "GET", host, "/metadata/THIM/amd/certification"}
		status, body := d.knock(t, door{"", "GET", provider, at.path}, "", func(r *http.Request) {
			r.Host = d.front.Host(host)
			r.Header.Set("Metadata", "true")
		})
		if status != http.StatusNotFound && status != http.StatusMisdirectedRequest {
			t.Errorf("the chip's certificates at %s: %d %s", host, status, body)
		}
	}
}

// Kafka's listener for clients out here wants TLS and its password.
func TestKafkaWantsItsPassword(t *testing.T) {
	d, elsewhere := openDoors(t), openDoors(t)
	at := d.endpoints.Kafka
	trusted := d.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	secure := kgo.DialTLSConfig(trusted)
	for name, options := range map[string][]kgo.Opt{
		"no password":         {secure},
		"a guess":             {secure, kgo.SASL(plain.Auth{User: at.Username, Pass: "guess"}.AsMechanism())},
		"another sandbox's":   {secure, kgo.SASL(plain.Auth{User: at.Username, Pass: elsewhere.endpoints.Kafka.Password}.AsMechanism())},
		"the client's secret": {secure, kgo.SASL(plain.Auth{User: at.Username, Pass: d.endpoints.ClientSecret}.AsMechanism())},
		"no TLS":              {kgo.SASL(plain.Auth{User: at.Username, Pass: at.Password}.AsMechanism())},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			client, err := kgo.NewClient(append(options, kgo.SeedBrokers(at.Address), kgo.RequestRetries(0), kgo.RetryTimeout(time.Second))...)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if _, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, client); err == nil {
				t.Error("the broker answered")
			}
		})
	}
}

// Nothing of the sandbox listens but on loopback, whatever it is asked for.
func TestTheSandboxListensOnLoopbackOnly(t *testing.T) {
	openDoors(t)
	for _, address := range listening(t) {
		if !address.Addr().IsLoopback() {
			t.Errorf("listens on %s", address)
		}
	}
	for _, o := range []Options{{Addr: "0.0.0.0:0"}, {Addr: ":0"}, {Addr: "[::]:0"}, {KafkaAddr: "0.0.0.0:0"}, {KafkaAddr: ":0"}} {
		if s, err := Start(t.Context(), o); err == nil {
			t.Errorf("%+v: the sandbox listens", o)
			_ = s.Close()
		}
	}
}

// listening are the TCP addresses at which this process listens, as its kernel tells.
func listening(t *testing.T) []netip.AddrPort {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("asks Linux' /proc")
	}
	sockets := ownSockets(t)
	var all []netip.AddrPort
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n")[1:] {
			fields := strings.Fields(line)
			const listen = "0A"
			if len(fields) < 10 || fields[3] != listen || !sockets[fields[9]] {
				continue
			}
			all = append(all, kernelAddress(t, fields[1]))
		}
	}
	if len(all) < 2 {
		t.Fatalf("of the front and Kafka only %v listen", all)
	}
	return all
}

// ownSockets are the inodes of this process's sockets.
func ownSockets(t *testing.T) map[string]bool {
	t.Helper()
	descriptors, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]bool{}
	for _, descriptor := range descriptors {
		target, _ := os.Readlink(descriptor) // the one of the directory itself is gone
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return own
}

// kernelAddress reads e.g. 0100007F:1F90: words in the machine's order, which is little-endian here.
func kernelAddress(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	address, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+4 <= len(raw); i += 4 {
		slices.Reverse(raw[i : i+4])
	}
	ip, _ := netip.AddrFromSlice(raw)
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(number))
}

// What is not TLS, and what is not HTTP, gets nothing.
func TestTheFrontSpeaksTLSAlone(t *testing.T) {
	d := openDoors(t)
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", d.endpoints.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /subscriptions HTTP/1.1\r\nHost: management.localhost\r\n\r\n")
	answer, err := io.ReadAll(io.LimitReader(conn, 1<<10))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(answer), "HTTP/1.0 400") {
		t.Errorf("answered %q", answer)
	}
}
