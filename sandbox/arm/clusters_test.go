package arm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestClusterLifeCycle(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeGroup()
	fx.refused("MissingSubscriptionRegistration", "PUT", clusterURL, clusterOf())
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	fx.succeed(fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf()))

	r := fx.must(http.StatusOK, "GET", clusterURL, nil)
	want := map[string]any{
		"provisioningState": "Succeeded", "currentKubernetesVersion": "1.33.5", "nodeResourceGroup": "MC_rg_aks_eastus",
		"oidcIssuerProfile": object{"enabled": true, "issuerURL": fx.clusters.Issuer()},
	}
	for name, value := range want {
		got, _ := json.Marshal(r.at("properties", name))
		expected, _ := json.Marshal(value)
		if !bytes.Equal(got, expected) {
			t.Errorf("%s is %s, want %s", name, got, expected)
		}
	}
	if made := fx.clusters.created; len(made) != 1 || made[0].SystemPool != "nodepool1" || made[0].SystemNodes != 1 {
		t.Errorf("Kubernetes was asked for %+v", made)
	}
	credentials := fx.must(http.StatusOK, "POST", clusterURL+"/listClusterUserCredential", nil)
	if !strings.Contains(string(credentials.raw), `"value":"YXBpVmVyc2lvbjogdjE="`) {
		t.Errorf("credentials %s", credentials.raw)
	}
	fx.must(http.StatusOK, "GET", "/subscriptions/"+subscription+"/resourceGroups/MC_rg_aks_eastus", nil)
	fx.succeed(fx.must(http.StatusAccepted, "DELETE", clusterURL, nil))
	fx.refused("ResourceNotFound", "GET", clusterURL, nil)
	fx.refused("ResourceGroupNotFound", "GET", "/subscriptions/"+subscription+"/resourceGroups/MC_rg_aks_eastus", nil)
	fx.must(http.StatusNoContent, "DELETE", clusterURL, nil)
}

func TestClusterIsRefusedForTheTrueReason(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	tests := []struct {
		name, code string
		edit       func(object)
	}{
		{"no dns prefix", "InvalidParameter", func(p object) { delete(p, "dnsPrefix") }},
		{"no pools", "InvalidParameter", func(p object) { delete(p, "agentPoolProfiles") }},
		{"retired version", "K8sVersionNotSupported", func(p object) { p["kubernetesVersion"] = "1.24" }},
		{"odd version", "K8sVersionNotSupported", func(p object) { p["kubernetesVersion"] = "latest" }},
		{"workload identity alone", "InvalidParameter", func(p object) { delete(p, "oidcIssuerProfile") }},
		{"unknown size", "SkuNotAvailable", func(p object) { p["agentPoolProfiles"].([]object)[0]["vmSize"] = "Standard_X1" }},
		{"too many nodes", "ErrCode_InsufficientVCPUQuota", func(p object) { p["agentPoolProfiles"].([]object)[0]["count"] = 1000 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := clusterOf()
			test.edit(body["properties"].(object))
			fx.refused(test.code, "PUT", clusterURL, body)
			fx.refused("ResourceNotFound", "GET", clusterURL, nil)
		})
	}
}

func TestClusterTakesOneOperationAtATime(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.clusters.hold = make(chan struct{})
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	creation := fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf())
	fx.refused("OperationNotAllowed", "PUT", clusterURL, clusterOf())
	fx.refused("OperationNotAllowed", "DELETE", clusterURL, nil)
	fx.refused("OperationNotAllowed", "PUT", poolURL, kataPool())
	fx.refused("BadRequest", "POST", clusterURL+"/listClusterUserCredential", nil)
	close(fx.clusters.hold)
	fx.succeed(creation)
}

func TestExistingClusterGetsItsIssuer(t *testing.T) {
	fx := newFixture(t, weather{})
	existing := strings.NewReplacer("/rg/", "/contoso-rg/", "/aks", "/contoso-aks").Replace(clusterURL)
	before := fx.must(http.StatusOK, "GET", existing, nil)
	if before.at("properties", "oidcIssuerProfile", "enabled") != false || len(fx.clusters.created) != 0 {
		t.Errorf("before: %s, %d running", before.raw, len(fx.clusters.created))
	}
	fx.must(http.StatusOK, "POST", existing+"/listClusterUserCredential", nil)
	fx.succeed(fx.must(http.StatusOK, "PUT", existing, clusterOf()))
	after := fx.must(http.StatusOK, "GET", existing, nil)
	if after.at("properties", "oidcIssuerProfile", "issuerURL") != fx.clusters.Issuer() || len(fx.clusters.created) != 1 {
		t.Errorf("after: %s, %d running", after.raw, len(fx.clusters.created))
	}
	disabled := clusterOf()
	disabled["properties"].(object)["oidcIssuerProfile"] = object{"enabled": false}
	fx.refused("OIDCIssuerFeatureCannotBeDisabled", "PUT", existing, disabled)
}

// A region withdraws versions, for its list and for new clusters alike.
func TestVersionsOnOffer(t *testing.T) {
	const path = aksURL + "/locations/eastus/kubernetesVersions"
	for fault, want := range map[string]string{"": "1.30 1.31 1.32 1.33* 1.34", "kubernetes-new": "1.32 1.33* 1.34"} {
		fx := newFixture(t, weather{faults: map[string]string{fault: ""}})
		fx.makeGroup()
		fx.refused("MissingSubscriptionRegistration", "GET", path, nil)
		fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
		offered, _ := fx.must(http.StatusOK, "GET", path, nil).at("values").([]any)
		var got []string
		for _, v := range offered {
			version := v.(map[string]any)
			got = append(got, fmt.Sprint(version["version"])+map[bool]string{true: "*"}[version["isDefault"] == true])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("fault %q: on offer are %v, want %s", fault, got, want)
		}
		old := clusterOf()
		old["properties"].(object)["kubernetesVersion"] = "1.31"
		if fault != "" {
			fx.refused("K8sVersionNotSupported", "PUT", clusterURL, old)
		} else {
			fx.succeed(fx.must(http.StatusCreated, "PUT", clusterURL, old))
		}
	}
}
