package images

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/cctui/cctui/sandbox/pods"
	"github.com/cctui/cctui/skr"
)

const (
	attestationHost = "shared.eus.attest.localhost"
	vaultHost       = "kv.vault.localhost"
	loginHost       = "login.localhost"
	tenant          = "11111111-2222-3333-4444-555555555555"
	sidecarImage    = "mcr.microsoft.com/aci/skr:2.12"
)

// azure are the services that a sidecar talks to, each played by a function that a test can replace.
type azure struct {
	*node
	certificate tls.Certificate // of all of them
	signer      tls.Certificate // of released keys
	key         *rsa.PrivateKey // the one in the vault
	attest      http.HandlerFunc
	signIn      http.HandlerFunc
	release     http.HandlerFunc
}

func newAzure(t *testing.T) *azure {
	t.Helper()
	a := &azure{node: newNode()}
	a.key, _ = rsaKey(t)
	a.certificate = certificate(t, attestationHost, vaultHost, loginHost)
	a.signer = a.certificate
	a.trust = &tls.Config{RootCAs: a.roots()}
	a.attest, a.signIn, a.release = a.attestTruly, a.signInTruly, a.releaseTruly
	a.serve(t, "169.254.169.254", 80, http.HandlerFunc(thim))
	a.serveTLS(t, attestationHost, func(w http.ResponseWriter, r *http.Request) { a.attest(w, r) })
	a.serveTLS(t, loginHost, func(w http.ResponseWriter, r *http.Request) { a.signIn(w, r) })
	a.serveTLS(t, vaultHost, func(w http.ResponseWriter, r *http.Request) { a.release(w, r) })
	return a
}

// certificate is for those names, and its own authority.
func certificate(t *testing.T, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: names,
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *azure) roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate.Leaf)
	return roots
}

func (a *azure) serveTLS(t *testing.T, host string, handler http.HandlerFunc) {
	t.Helper()
	listener, err := a.network.Listen(a.host(host), 443)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() {
		_ = server.Serve(tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{a.certificate}}))
	}()
	t.Cleanup(func() { _ = server.Close() })
}

func thim(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Metadata") != "true" || r.URL.Path != "/metadata/THIM/amd/certification" {
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	reply(w, http.StatusOK, map[string]string{"vcekCert": "VCEK", "certificateChain": "CHAIN", "tcbm": "0300000000000873", "cacheControl": "86400"})
}

// device is a TEE whose reports nobody signed.
type device struct{}

func (device) Report(_ context.Context, reportData [64]byte) ([]byte, error) {
	report := make([]byte, 1184)
	copy(report[reportDataOffset:], reportData[:])
	copy(report[reportedTCBOffset:], []byte{0x73, 0x08, 0, 0, 0, 0, 0, 0x03})
	return report, nil
}

// attestTruly checks what an attestation service checks of the request's form, and puts the runtime
// data into a token.
func (a *azure) attestTruly(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Report      string `json:"report"`
		RuntimeData struct {
			Data string `json:"data"`
			Type string `json:"dataType"`
		} `json:"runtimeData"`
		InitTimeData map[string]string `json:"initTimeData"`
	}
	var evidence struct{ SnpReport, VcekCertChain, Endorsements string }
	err := json.NewDecoder(r.Body).Decode(&request)
	if err == nil {
		err = json.Unmarshal(decodeURL(request.Report), &evidence)
	}
	report, runtime := decodeURL(evidence.SnpReport), decodeURL(request.RuntimeData.Data)
	digest := sha256.Sum256(runtime)
	if err != nil || r.URL.String() != "/attest/SevSnpVM?api-version=2020-10-01" || request.RuntimeData.Type != "JSON" ||
		string(decodeURL(evidence.VcekCertChain)) != "VCEKCHAIN" || !bytes.Equal(report[reportDataOffset:reportDataOffset+32], digest[:]) {
		reply(w, http.StatusBadRequest, map[string]any{"error": map[string]string{"code": "InvalidParameter", "message": "bad evidence"}})
		return
	}
	claims := fmt.Sprintf(`{"iss":"https://%s","x-ms-runtime":%s}`, attestationHost, runtime)
	reply(w, http.StatusOK, map[string]string{"token": "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"})
}

func decodeURL(text string) []byte {
	decoded, _ := base64.URLEncoding.DecodeString(text) // tests compare what it gives
	return decoded
}

func (a *azure) signInTruly(w http.ResponseWriter, r *http.Request) {
	want := map[string]string{
		"client_id": "app", "client_assertion": "service-account-token", "grant_type": "client_credentials",
		"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		"scope":                 "https://vault.localhost/.default",
	}
	for field, value := range want {
		if r.FormValue(field) != value {
			reply(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": "AADSTS9002313: " + field})
			return
		}
	}
	if r.URL.Path != "/"+tenant+"/oauth2/v2.0/token" {
		http.NotFound(w, r)
		return
	}
	reply(w, http.StatusOK, map[string]string{"access_token": "vault-token", "token_type": "Bearer"})
}

// releaseTruly wraps the vault's key for the key in the token.
func (a *azure) releaseTruly(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Target string `json:"target"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || r.Header.Get("Authorization") != "Bearer vault-token" ||
		r.URL.String() != "/keys/demo/release?api-version=7.4" {
		http.Error(w, "unexpected request", http.StatusBadRequest)
		return
	}
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(request.Target, ".")[1])
	var claims struct {
		Runtime jose.JSONWebKeySet `json:"x-ms-runtime"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || len(claims.Runtime.Keys) != 1 {
		http.Error(w, "no key in the token", http.StatusBadRequest)
		return
	}
	envelope, err := a.seal(claims.Runtime.Keys[0].Key.(*rsa.PublicKey))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	reply(w, http.StatusOK, map[string]string{"value": envelope})
}

func (a *azure) seal(to *rsa.PublicKey) (string, error) {
	material, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return "", err
	}
	wrapped, err := skr.Wrap(skr.WrapCKM, to, material)
	if err != nil {
		return "", err
	}
	return skr.ReleasedKey{
		ID: "https://" + vaultHost + "/keys/demo/1", Type: "RSA-HSM", Operations: []string{"decrypt"},
		APIVersion: "7.4", Algorithm: skr.WrapCKM, Wrapped: wrapped, Policy: []byte("{}"),
	}.Seal(a.signer)
}

// start runs a sidecar in a confidential pod with workload identity; edit changes its container.
func (a *azure) start(t *testing.T, edit func(*pods.Container)) *running {
	t.Helper()
	c := pods.Container{
		Name: "skr", Pod: "consumer", Namespace: "kafka", Image: sidecarImage, Command: []string{"/skr.sh"}, TEE: device{},
		Env: map[string]string{
			"LogLevel": "debug", "AZURE_CLIENT_ID": "app", "AZURE_TENANT_ID": tenant,
			"AZURE_FEDERATED_TOKEN_FILE": "/token", "AZURE_AUTHORITY_HOST": "https://" + loginHost + "/",
		},
		ReadFile: func(path string) ([]byte, error) {
			if path == "/token" {
				return []byte("service-account-token"), nil
			}
			return nil, os.ErrNotExist
		},
	}
	if edit != nil {
		edit(&c)
	}
	return a.run(t, New(Options{Conditions: instant{}, Roots: a.roots()}), c)
}

// sidecar is the client that cctui has for it, in the same pod.
func (a *azure) sidecar() skr.Sidecar {
	return skr.Sidecar{URL: "http://localhost:8080", HTTP: podNetwork{a.node, a.host("consumer")}.Client()}
}

func (a *azure) keyRelease(t *testing.T) (any, error) {
	t.Helper()
	return a.sidecar().KeyRelease(t.Context(), skr.Release{AttestationHost: attestationHost, VaultHost: vaultHost, Key: "demo"})
}

func TestSidecarReleasesTheKey(t *testing.T) {
	a := newAzure(t)
	r := a.start(t, nil)
	r.log.await(t, "Listening and serving")
	if ready, err := a.sidecar().Status(t.Context()); err != nil || !ready {
		t.Errorf("status %v, %v", ready, err)
	}
	key, err := a.keyRelease(t)
	if err != nil {
		t.Fatalf("%v\n%s", err, r.log)
	}
	if !a.key.Equal(key) {
		t.Error("another key came out")
	}
	if err := r.end(t); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestSidecarLogsTheTokenWithoutItsSignatureFrom212On(t *testing.T) {
	for image, want := range map[string]bool{sidecarImage: true, "mcr.microsoft.com/aci/skr:2.7": false} {
		a := newAzure(t)
		r := a.start(t, func(c *pods.Container) { c.Image = image })
		r.log.await(t, "Listening and serving")
		if _, err := a.keyRelease(t); err != nil {
			t.Fatal(err)
		}
		text := r.log.String()
		if strings.Contains(text, "level=debug msg=MAA Token (signature redacted): e30.") != want {
			t.Errorf("%s logs\n%s", image, text)
		}
		for _, secret := range []string{"c2ln", "vault-token", "service-account-token", `"d":`} {
			if strings.Contains(text, secret) {
				t.Errorf("%s logs %s", image, secret)
			}
		}
	}
}

func TestFailureNamesItsStage(t *testing.T) {
	refuse := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	tests := map[string]struct {
		spoil func(*testing.T, *azure)
		want  skr.SidecarError
	}{
		"attestation refuses": {
			func(_ *testing.T, a *azure) {
				a.attest = refuse(400, `{"error":{"code":"PolicyEvaluationError","message":"no"}}`)
			},
			skr.SidecarError{Stage: skr.StageAttestation, UpstreamStatus: 400, UpstreamCode: "PolicyEvaluationError"},
		},
		"sign-in refuses": {
			func(_ *testing.T, a *azure) {
				a.signIn = refuse(401, `{"error":"invalid_client","error_description":"AADSTS700213: No matching federated identity record found"}`)
			},
			skr.SidecarError{Stage: skr.StageIdentity, UpstreamCode: "AADSTS700213"},
		},
		"vault refuses": {
			func(_ *testing.T, a *azure) {
				a.release = refuse(403, `{"error":{"code":"Forbidden","message":"Caller is not authorized","innererror":{"code":"ForbiddenByRbac"}}}`)
			},
			skr.SidecarError{Stage: skr.StageVault, UpstreamStatus: 403, UpstreamCode: "ForbiddenByRbac"},
		},
		"vault is another": {
			func(t *testing.T, a *azure) { a.signer = certificate(t, vaultHost) },
			skr.SidecarError{Stage: skr.StageVault},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAzure(t)
			r := a.start(t, nil)
			r.log.await(t, "Listening and serving")
			test.spoil(t, a)
			_, err := a.keyRelease(t)
			var failure *skr.SidecarError
			if !errors.As(err, &failure) {
				t.Fatalf("KeyRelease: %v", err)
			}
			if failure.Status != http.StatusForbidden || failure.Stage != test.want.Stage ||
				failure.UpstreamCode != test.want.UpstreamCode ||
				test.want.UpstreamStatus != 0 && failure.UpstreamStatus != test.want.UpstreamStatus {
				t.Errorf("failure %+v", failure)
			}
		})
	}
}

func TestOutsideOfATEETheReportIsMadeUp(t *testing.T) {
	a := newAzure(t)
	r := a.start(t, func(c *pods.Container) { c.TEE = nil })
	r.log.await(t, "Listening and serving")
	report, err := a.sidecar().AttestRaw(t.Context(), []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	digest, hostData := sha256.Sum256([]byte("data")), sha256.Sum256(nil)
	if len(report) != 1184 || !bytes.Equal(report[reportDataOffset:][:32], digest[:]) || !bytes.Equal(report[hostDataOffset:][:32], hostData[:]) {
		t.Errorf("report % x", report)
	}
	r.log.await(t, "Not running inside SNP VM")
}

// Without arguments the sidecar has nowhere to get certificates from when the firmware was updated.
func TestOnlyTheScriptReadsTheArguments(t *testing.T) {
	arguments := base64.StdEncoding.EncodeToString([]byte(`{"certcache":{"endpoint_type":"LocalTHIM","endpoint":"169.254.169.254/metadata/THIM/amd/certification"}}`))
	for command, says := range map[string]string{
		"/bin/skr": "certificate endpoint not set",
		"/skr.sh":  "doesn't match Certificate TCB value",
	} {
		t.Run(command, func(t *testing.T) {
			a := newAzure(t)
			r := a.start(t, func(c *pods.Container) {
				c.Command, c.TEE = []string{command}, oldDevice{}
				c.Env["SkrSideCarArgs"] = arguments
			})
			r.log.await(t, "Listening and serving")
			if _, err := a.keyRelease(t); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("KeyRelease: %v", err)
			}
			if scripted := strings.Contains(r.log.String(), "SkrSideCarArgs = "+arguments); scripted != (command == "/skr.sh") {
				t.Errorf("log:\n%s", r.log)
			}
		})
	}
}

// oldDevice reports firmware that the platform's certificates are not for.
type oldDevice struct{}

func (oldDevice) Report(context.Context, [64]byte) ([]byte, error) { return make([]byte, 1184), nil }

func TestSidecarDoesNotStartWithoutCertificates(t *testing.T) {
	n := newNode()
	r := n.run(t, New(Options{Conditions: instant{}}), pods.Container{Pod: "consumer", Image: sidecarImage, TEE: device{}})
	if err := r.wait(t); err == nil || !strings.Contains(r.log.String(), "level=fatal msg=Failed to retrieve thim certs") {
		t.Errorf("ended with %v:\n%s", err, r.log)
	}
}

func TestSidecarDoesNotStartWithFlagsItDoesNotKnow(t *testing.T) {
	for name, args := range map[string][]string{
		"unknown flag":   {"/bin/skr", "-hostname", "0.0.0.0"},
		"unknown level":  {"/bin/skr", "-loglevel", "chatty"},
		"broken base64":  {"/bin/skr", "-base64", "%"},
		"no information": {"/bin/skr", "-base64", "Zm9v"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAzure(t)
			if err := a.start(t, func(c *pods.Container) { c.Command = args }).wait(t); err == nil {
				t.Error("started")
			}
		})
	}
}

func TestFailedAttestationIsFollowedByASecondObject(t *testing.T) {
	a := newAzure(t)
	a.attest = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadRequest) }
	a.start(t, nil).log.await(t, "Listening and serving")
	body := fmt.Sprintf(`{"maa_endpoint":%q,"runtime_data":"e30="}`, attestationHost)
	status, objects := a.post(t, "/attest/maa", body)
	if status != http.StatusForbidden || len(objects) != 2 || !strings.Contains(fmt.Sprint(objects[0]["error"]), "attestation failed") {
		t.Errorf("answered %d %v", status, objects)
	}
}

func TestCombinedEvidenceCanBeVerifiedByItself(t *testing.T) {
	a := newAzure(t)
	a.start(t, func(c *pods.Container) {
		c.ReadFile = func(string) ([]byte, error) { return []byte("cmVmZXJlbmNl\n"), nil }
	}).log.await(t, "Listening and serving")
	status, objects := a.post(t, "/attest/combined", `{"runtime_data":"e30="}`)
	if status != http.StatusOK || len(objects) != 1 {
		t.Fatalf("%d %v", status, objects)
	}
	answer := objects[0]
	evidence, err := base64.StdEncoding.DecodeString(fmt.Sprint(answer["evidence"]))
	digest := sha256.Sum256([]byte("{}"))
	if err != nil || len(evidence) != skr.SNPReportBytes || !bytes.Equal(evidence[reportDataOffset:reportDataOffset+32], digest[:]) {
		t.Errorf("the evidence has %d bytes, %v", len(evidence), err)
	}
	for name, want := range map[string]string{
		"endorsed_tcb": "0300000000000873", "endorsements": "VkNFS0NIQUlO", "uvm_endorsements": "cmVmZXJlbmNl",
	} {
		if answer[name] != want {
			t.Errorf("%s is %v, not %s", name, answer[name], want)
		}
	}
}

func TestRequestsThatLackSomethingAreRefused(t *testing.T) {
	a := newAzure(t)
	a.start(t, nil).log.await(t, "Listening and serving")
	for _, test := range []struct{ path, body string }{
		{"/attest/raw", `{}`},
		{"/attest/raw", `{"runtime_data":"%"}`},
		{"/attest/combined", `{}`},
		{"/attest/maa", `{"runtime_data":"e30="}`},
		{"/key/release", `{"kid":"demo"}`},
		{"/key/release", `not JSON`},
	} {
		status, objects := a.post(t, test.path, test.body)
		if _, says := objects[0]["error"]; status != http.StatusBadRequest || len(objects) != 1 || !says {
			t.Errorf("%s %s: %d %v", test.path, test.body, status, objects)
		}
	}
}

// post returns the status and every JSON object of the answer.
func (a *azure) post(t *testing.T, path, body string) (status int, objects []map[string]any) {
	t.Helper()
	response, err := a.sidecar().HTTP.Post("http://localhost:8080"+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	decoder := json.NewDecoder(response.Body)
	for {
		var object map[string]any
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return response.StatusCode, objects
		} else if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
}

func TestAnotherPodDoesNotReachTheSidecar(t *testing.T) {
	a := newAzure(t)
	a.start(t, nil).log.await(t, "Listening and serving")
	another := podNetwork{a.node, a.host("another")}.Client()
	if response, err := another.Get("http://consumer:8080/status"); err == nil {
		_ = response.Body.Close()
		t.Errorf("answered %s", response.Status)
	}
	if ready, err := a.sidecar().Status(t.Context()); err != nil || !ready {
		t.Errorf("its own pod: %v, %v", ready, err)
	}
}

func TestWithoutWorkloadIdentityTheMachineIsAsked(t *testing.T) {
	a := newAzure(t)
	a.start(t, func(c *pods.Container) { delete(c.Env, "AZURE_CLIENT_ID") }).log.await(t, "Listening and serving")
	_, err := a.keyRelease(t)
	var failure *skr.SidecarError
	if !errors.As(err, &failure) || failure.Stage != skr.StageIdentity || !strings.Contains(failure.Message, "http get authentication token") {
		t.Errorf("KeyRelease: %v", err)
	}
}

func TestOnlyTheFirstSidecarIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := func(l *library) time.Duration {
			start := time.Now()
			if err := l.delaySidecar(t.Context()); err != nil {
				t.Error(err)
			}
			return time.Since(start)
		}
		slow := &library{Options: Options{Conditions: instant{"sidecar-slow": ""}}}
		if first, second := late(slow), late(slow); first <= joinDelay || second != 0 {
			t.Errorf("late by %v and %v", first, second)
		}
		if usual := late(&library{Options: Options{Conditions: instant{}}}); usual != 0 {
			t.Errorf("late by %v without the fault", usual)
		}
	})
}

func TestTheVaultsDomainIsWhatTheTokenIsFor(t *testing.T) {
	for host, want := range map[string]string{
		"kv.vault.azure.net":             "https://vault.azure.net",
		"kv.vault.localhost:40123":       "https://vault.localhost",
		"hsm.managedhsm.localhost:40123": "https://managedhsm.localhost",
		"hsm.managedhsm.azure.net":       "https://managedhsm.azure.net",
	} {
		if got := vaultResource(host); got != want {
			t.Errorf("%s: %s", host, got)
		}
	}
}

func TestTokenIsRedacted(t *testing.T) {
	token := func(issuer string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"iss":%q}`, issuer)) + ".AAAA"
	}
	shown := func(issuer string) string { return strings.TrimSuffix(token(issuer), "AAAA") + "***" }
	for given, want := range map[string]string{
		token("https://sharedeus.eus.attest.azure.net"):       shown("https://sharedeus.eus.attest.azure.net"),
		token("https://sharedeus.eus.attest.localhost:40123"): shown("https://sharedeus.eus.attest.localhost:40123"),
		token("https://sts.microsoft.com"):                    "<redacted token with issuer https://sts.microsoft.com>",
		"invalid":                                             "<redacted invalid token: not a JWT>",
		"a.%.c":                                               "<redacted invalid token: failed to decode payload>",
	} {
		if got := redactToken(given); got != want {
			t.Errorf("%s became %s", given, got)
		}
	}
}
