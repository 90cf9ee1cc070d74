package sandbox

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/skr"
)

func start(t *testing.T, o Options) *Sandbox {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// signIn is the walkthrough's own client, from what another process would know of the sandbox.
func signIn(t *testing.T, s *Sandbox) (*azure.Client, azure.Cloud) {
	t.Helper()
	raw, err := json.Marshal(s.Endpoints())
	if err != nil {
		t.Fatal(err)
	}
	var e Endpoints
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	web, err := e.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(web.CloseIdleConnections)
	cloud := azure.Cloud{
		Authority: e.Authority, ResourceManager: e.ResourceManager, VaultSuffix: e.VaultSuffix, ManagedHSMSuffix: e.ManagedHSMSuffix,
		DisableInstanceDiscovery: true,
	}
	credential, err := azure.SignIn(t.Context(), azure.SignInOptions{
		Method: "client-secret", Tenant: e.Tenant, ClientID: e.ClientID, ClientSecret: e.ClientSecret, Cloud: cloud, HTTP: web,
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := azure.New(azure.Config{Cloud: cloud, Credential: credential, HTTP: web})
	if err != nil {
		t.Fatal(err)
	}
	return client, cloud
}

func TestServicesKnowEachOther(t *testing.T) {
	s := start(t, Options{})
	client, _ := signIn(t, s)
	ctx, e := t.Context(), s.Endpoints()
	account, err := client.Account(ctx)
	if err != nil || account.TenantID != e.Tenant {
		t.Fatalf("account %+v, %v", account, err)
	}

	// A vault knows Resource Manager's role assignments.
	vault, err := client.FindVault(ctx, e.Subscription, "contoso-kv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Keys(ctx, vault.URI); err == nil {
		t.Error("the owner of a subscription may list keys without a role")
	}
	err = client.CreateRoleAssignment(ctx, azure.RoleAssignment{
		Name: "aaaaaaaa-0000-0000-0000-000000000001", Scope: vault.ID, RoleID: azure.RoleCryptoOfficer,
		PrincipalID: account.ObjectID, PrincipalType: account.PrincipalType,
	})
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := client.Keys(ctx, vault.URI); err != nil || len(keys) != 0 {
		t.Errorf("keys %v, %v", keys, err)
	}

	// An attestation provider that Resource Manager lists answers for itself.
	metadata, err := skr.Attester{HTTP: s.Client()}.Metadata(ctx, e.AttestationHost)
	if err != nil || metadata.Issuer != "https://"+e.AttestationHost || len(metadata.KeyIDs) == 0 {
		t.Errorf("attestation %+v, %v", metadata, err)
	}
}

func TestExistingClusterStartsWhenItIsNeeded(t *testing.T) {
	s := start(t, Options{})
	client, _ := signIn(t, s)
	ctx := t.Context()
	kubeconfig, err := client.ClusterCredentials(ctx, azure.Group{Subscription: s.Endpoints().Subscription, Name: "contoso-rg"}, "contoso-aks")
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := kube.Connect(ctx, kube.Config{Kubeconfig: kubeconfig, Dial: s.Endpoints().Dial})
	if err != nil {
		t.Fatal(err)
	}
	if nodes, err := cluster.WaitNodes(ctx, "", 1, nil); err != nil || len(nodes) != 1 {
		t.Errorf("nodes %+v, %v", nodes, err)
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	client, _ := signIn(t, s)
	group := azure.Group{Subscription: s.Endpoints().Subscription, Name: "contoso-rg"}
	if _, err := client.ClusterCredentials(t.Context(), group, "contoso-aks"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left := settled(before); left > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", before, left, stacks[:runtime.Stack(stacks, true)])
	}
	if response, err := s.Client().Get(s.Endpoints().Authority); err == nil {
		response.Body.Close()
		t.Error("a closed sandbox still answers")
	}
}

// settled gives goroutines that have been told to end the chance to.
func settled(want int) int {
	for began := time.Now(); runtime.NumGoroutine() > want && time.Since(began) < 5*time.Second; {
		runtime.Gosched()
	}
	return runtime.NumGoroutine()
}

func TestStartRefusesWhatItDoesNotKnow(t *testing.T) {
	tests := map[string]Options{
		`unknown latency profile "slow"`: {Profile: "slow"},
		`must be positive`:               {Scale: -1},
		`unknown fault "rain"`:           {Faults: []string{"rain"}},
		`takes no argument`:              {Faults: []string{"no-sidecar=1"}},
		`there is no "dns"`:              {Faults: []string{"http-500=dns"}},
		`there is no "lunch"`:            {Faults: []string{"operation-failed=lunch"}},
		`is given twice`:                 {Faults: []string{"http-500=login", "http-500=vault"}},
		`rbac-slow`:                      {Faults: []string{"rbac-slow=long"}},
		`not a loopback address`:         {Addr: "0.0.0.0:0"},
		`not on loopback`:                {KafkaAddr: "0.0.0.0:0"},
	}
	for want, o := range tests {
		s, err := Start(t.Context(), o)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}

func TestEveryFaultIsExplainedAndAccepted(t *testing.T) {
	for _, f := range Faults() {
		if _, err := parseFaults([]string{f.Name}); err != nil || !strings.HasSuffix(f.Explanation, ".") {
			t.Errorf("%+v: %v", f, err)
		}
	}
	for _, f := range httpFaults() {
		if !strings.Contains(faultNames(), f.name) {
			t.Errorf("%s is in no list", f.name)
		}
	}
}

func TestProfilesOrderAndScaleDurations(t *testing.T) {
	weatherOf := func(profile string, scale float64) weather {
		w, err := newWeather(profile, scale, nil)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	for operation := range durations {
		instant, demo, azure := weatherOf("", 0).Duration(operation), weatherOf(ProfileDemo, 0).Duration(operation), weatherOf(ProfileAzure, 0).Duration(operation)
		if instant != 0 || demo <= 0 || azure < demo {
			t.Errorf("%s takes %v, %v, %v", operation, instant, demo, azure)
		}
	}
	if got, want := weatherOf(ProfileAzure, 0.01).Duration("cluster.create"), 3*time.Second; got != want {
		t.Errorf("scaled: %v, want %v", got, want)
	}
}

func TestTakeWaitsAndEndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := newWeather(ProfileAzure, 1, []string{"rbac-slow=1h"})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := w.Take(t.Context(), "role.propagate"); err != nil || time.Since(began) != time.Hour {
			t.Errorf("took %v, %v", time.Since(began), err)
		}
	})
}

func TestThrottledCallsArriveInTheEnd(t *testing.T) {
	s := start(t, Options{Faults: []string{"throttle", "http-500=login"}})
	client, _ := signIn(t, s)
	subscriptions, err := client.Subscriptions(t.Context())
	if err != nil || len(subscriptions) != 1 {
		t.Errorf("subscriptions %v, %v", subscriptions, err)
	}
}
