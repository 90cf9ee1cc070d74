package arm

import (
	"net/http"
	"strings"
	"testing"
)

func TestPoolLifeCycle(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeCluster()
	fx.succeed(fx.must(http.StatusCreated, "PUT", poolURL, kataPool()))
	r := fx.must(http.StatusOK, "GET", poolURL, nil)
	if r.at("properties", "provisioningState") != "Succeeded" || r.at("properties", "nodeImageVersion") != imageKataCc || !fx.clusters.pools["kata"] {
		t.Errorf("pool %s, nodes %v", r.raw, fx.clusters.pools)
	}
	usages := fx.must(http.StatusOK, "GET", "/subscriptions/"+subscription+"/providers/Microsoft.Compute/locations/eastus/usages", nil)
	if !strings.Contains(string(usages.raw), `"currentValue":16,"limit":100,"name":{"localizedValue":"standardDCACCV5Family`) {
		t.Errorf("usages %s", usages.raw)
	}
	fx.refused("OperationNotAllowed", "DELETE", clusterURL+"/agentPools/nodepool1", nil)
	fx.succeed(fx.must(http.StatusAccepted, "DELETE", poolURL, nil))
	fx.refused("NotFound", "GET", poolURL, nil)
	fx.must(http.StatusNoContent, "DELETE", poolURL, nil)
	if len(fx.clusters.pools) != 0 {
		t.Errorf("nodes are left: %v", fx.clusters.pools)
	}
}

func TestConfidentialPoolIsRefusedForTheTrueReason(t *testing.T) {
	tests := []struct {
		name, code string
		fault      string
		edit       func(object)
	}{
		{"operating system", "InvalidParameter", "", func(p object) { p["osSKU"] = "Ubuntu" }},
		{"ordinary size", "InvalidParameter", "", func(p object) { p["vmSize"] = "Standard_D4s_v5" }},
		{"other runtime", "InvalidParameter", "", func(p object) { p["workloadRuntime"] = "KataMshvVmIsolation" }},
		{"feature gone", "PreviewFeatureNotRegistered", "feature-missing", func(object) {}},
		{"no quota", "ErrCode_InsufficientVCPUQuota", "quota-zero", func(object) {}},
		{"size not offered", "SkuNotAvailable", "sku-missing", func(object) {}},
		{"too much for the quota", "ErrCode_InsufficientVCPUQuota", "", func(p object) { p["count"] = 50 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			faults := map[string]string{}
			fx := newFixture(t, weather{faults: faults})
			fx.makeCluster()
			if test.fault != "" {
				fx.mu.Lock()
				faults[test.fault] = ""
				fx.mu.Unlock()
			}
			body := kataPool()
			test.edit(body["properties"].(object))
			fx.refused(test.code, "PUT", poolURL, body)
		})
	}
}
