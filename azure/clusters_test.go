package azure

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// dig follows keys and first elements into decoded JSON.
func dig(value any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		switch container := value.(type) {
		case map[string]any:
			value = container[key]
		case []any:
			value = container[0].(map[string]any)[key]
		}
	}
	return value
}

func TestANewClusterCanFederateAndRunsAzureLinux(t *testing.T) {
	s := newService(t)
	s.HandleFunc("PUT "+clusterPath, func(w http.ResponseWriter, r *http.Request) {
		body := bodyOf(t, r)
		for path, want := range map[string]any{
			"location":                             "eastus",
			"identity.type":                        "SystemAssigned",
			"properties.oidcIssuerProfile.enabled": true,
			"properties.securityProfile.workloadIdentity.enabled": true,
			"properties.agentPoolProfiles.name":                   "system",
			"properties.agentPoolProfiles.mode":                   "System",
			"properties.agentPoolProfiles.osSKU":                  "AzureLinux",
			"properties.agentPoolProfiles.vmSize":                 "Standard_D4s_v5",
			"properties.agentPoolProfiles.count":                  1.0,
			"properties.kubernetesVersion":                        nil,
			"properties.linuxProfile":                             nil,
		} {
			if got := dig(body, path); got != want {
				t.Errorf("%s = %v, want %v", path, got, want)
			}
		}
		reply(http.StatusOK, finished)(w)
	})
	if _, err := s.client(t).CreateCluster(t.Context(), testGroup, clusterSpec, LRO{}); err != nil {
		t.Fatal(err)
	}
}

func TestADNSPrefixIsOneWhateverTheNames(t *testing.T) {
	label := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,52}[A-Za-z0-9]$`)
	for _, names := range [][2]string{{"aks", "rg"}, {"9_aks.", "-(rg)"}, {strings.Repeat("c", 63), strings.Repeat("g", 90)}, {"é", "ü"}} {
		if prefix := dnsPrefix(Group{Subscription: testGroup.Subscription, Name: names[1]}, names[0]); !label.MatchString(prefix) {
			t.Errorf("prefix of %q = %q", names, prefix)
		}
	}
}

func TestUpdatingAClusterLeavesTheRestAsItIs(t *testing.T) {
	s := newService(t)
	s.Handle("GET "+clusterPath, answers(reply(http.StatusOK, `{"eTag":"e1","location":"eastus","properties":{"kubernetesVersion":"1.33",
		"securityProfile":{"imageCleaner":{"enabled":true}},
		"agentPoolProfiles":[{"name":"np","count":3,"workloadRuntime":"KataCcIsolation"}]}}`)))
	s.HandleFunc("PUT "+clusterPath, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-Match") != "e1" {
			t.Errorf("If-Match = %q", r.Header.Get("If-Match"))
		}
		body := bodyOf(t, r)
		for path, want := range map[string]any{
			"properties.oidcIssuerProfile":                        nil,
			"properties.securityProfile.workloadIdentity.enabled": true,
			"properties.securityProfile.imageCleaner.enabled":     true,
			"properties.kubernetesVersion":                        "1.33",
			"properties.agentPoolProfiles.count":                  3.0,
			"properties.agentPoolProfiles.workloadRuntime":        "KataCcIsolation",
		} {
			if got := dig(body, path); got != want {
				t.Errorf("%s = %v, want %v", path, got, want)
			}
		}
		reply(http.StatusOK, finished)(w)
	})
	if _, err := s.client(t).UpdateCluster(t.Context(), testGroup, "aks", ClusterUpdate{WorkloadIdentity: true}, LRO{}); err != nil {
		t.Fatal(err)
	}
}

func TestAPoolKeepsAWorkloadRuntimeTheSDKDoesNotKnow(t *testing.T) {
	s := newService(t)
	s.HandleFunc("PUT "+clusterPath+"/agentPools/nodepool2", func(w http.ResponseWriter, r *http.Request) {
		body := bodyOf(t, r)
		if dig(body, "properties.workloadRuntime") != "KataCcIsolation" || dig(body, "properties.mode") != "User" {
			t.Errorf("body = %v", body)
		}
		reply(http.StatusOK, `{"name":"nodepool2","properties":{"provisioningState":"Succeeded","count":2,"workloadRuntime":"KataCcIsolation","osSKU":"AzureLinux"}}`)(w)
	})
	pool, err := s.client(t).CreatePool(t.Context(), testGroup, "aks", PoolSpec{
		Name: "nodepool2", VMSize: "Standard_DC4as_cc_v5", NodeCount: 2, OSSKU: "AzureLinux", WorkloadRuntime: "KataCcIsolation",
	}, LRO{})
	if err != nil || pool.WorkloadRuntime != "KataCcIsolation" || pool.NodeCount != 2 || pool.OSSKU != "AzureLinux" {
		t.Errorf("pool = %+v, %v", pool, err)
	}
}

func TestCredentialsAreTheKubeconfig(t *testing.T) {
	s := newService(t)
	s.Handle("POST "+clusterPath+"/listClusterUserCredential", answers(
		reply(http.StatusOK, `{"kubeconfigs":[{"name":"clusterUser","value":"YXBpVmVyc2lvbjogdjE="}]}`), reply(http.StatusOK, `{}`)))
	client := s.client(t)
	if kubeconfig, err := client.ClusterCredentials(t.Context(), testGroup, "aks"); err != nil || string(kubeconfig) != "apiVersion: v1" {
		t.Errorf("kubeconfig = %q, %v", kubeconfig, err)
	}
	if _, err := client.ClusterCredentials(t.Context(), testGroup, "aks"); !IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
}
