package arm

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cctui/cctui/sandbox/entra"
)

// Whatever is asked, Resource Manager answers in JSON and keeps running.
func FuzzRequests(f *testing.F) {
	f.Add("GET", groupURL, "")
	f.Add("PUT", groupURL, `{"location":"eastus"}`)
	f.Add("PUT", clusterURL, `{"location":"eastus","properties":{"dnsPrefix":"a","agentPoolProfiles":[{}]}}`)
	f.Add("PUT", vaultURL, `{"location":"eastus","properties":{"createMode":"recover"}}`)
	f.Add("PUT", identityURL+"/federatedIdentityCredentials/f", `{"properties":{"audiences":[]}}`)
	f.Add("PUT", vaultURL+assignments+"/x", `{"properties":null}`)
	f.Add("GET", "//providers/Microsoft.Authorization/", "null")
	f.Add("DELETE", poolURL, "[")
	manager := New(Options{
		URL: func(host string) string { return "https://" + host }, Tenant: tenant, Subscription: subscription, Location: "eastus",
		Authenticate: func(*http.Request) (entra.Principal, error) { return entra.Principal{ObjectID: operator}, nil },
		Owners:       []entra.Principal{{ObjectID: operator}},
		Conditions:   weather{}, Clusters: &fakeClusters{},
		Estate: Estate{Group: "rg", Cluster: "aks", Vault: "kv-test", ManagedHSM: "hsm"},
	})
	f.Cleanup(func() { _ = manager.Close() })
	handler := manager.Handler()
	f.Fuzz(func(t *testing.T, method, path, body string) {
		request := httptest.NewRequest(http.MethodGet, "/?api-version=2024-01-01", strings.NewReader(body))
		request.Method, request.URL.Path = method, path
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if answer := recorder.Body.Bytes(); recorder.Header().Get("Content-Type") == "application/json; charset=utf-8" && !json.Valid(answer) {
			t.Errorf("%s %q answers %q", method, path, answer)
		}
		if recorder.Code == http.StatusInternalServerError {
			t.Errorf("%s %q: %s", method, path, recorder.Body)
		}
	})
}
