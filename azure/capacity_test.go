package azure

import (
	"net/http"
	"testing"
)

func TestAVMSizeIsRestrictedAsTheRegionSays(t *testing.T) {
	for name, tc := range map[string]struct {
		body, want string
	}{
		"free": {`{"value":[{"resourceType":"disks","name":"Standard_DC4as_cc_v5"},
			{"resourceType":"virtualMachines","name":"Standard_DC4as_cc_v5","family":"standardDCACCV5Family",
			"capabilities":[{"name":"MemoryGB","value":"16"},{"name":"vCPUs","value":"4"}]}]}`, ""},
		"not offered": {`{"value":[{"resourceType":"disks","name":"Standard_DC4as_cc_v5"}]}`, NotOffered},
		"closed": {`{"value":[{"resourceType":"virtualMachines","name":"standard_dc4as_CC_v5",
			"restrictions":[{"type":"Location","values":["EastUS"],"reasonCode":"NotAvailableForSubscription"}]}]}`, "NotAvailableForSubscription"},
		"closed elsewhere": {`{"value":[{"resourceType":"virtualMachines","name":"Standard_DC4as_cc_v5",
			"restrictions":[{"type":"Location","values":["westus"],"reasonCode":"QuotaId"}]}]}`, ""},
		"one zone closed": {`{"value":[{"resourceType":"virtualMachines","name":"Standard_DC4as_cc_v5",
			"restrictions":[{"type":"Zone","values":["eastus"],"restrictionInfo":{"locations":["eastus"],"zones":["1"]},"reasonCode":"NotAvailableForSubscription"}]}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			s.HandleFunc("GET /subscriptions/s/providers/Microsoft.Compute/skus", func(w http.ResponseWriter, r *http.Request) {
				if filter := r.URL.Query().Get("$filter"); filter != "location eq 'eastus'" {
					t.Errorf("filter = %q", filter)
				}
				reply(http.StatusOK, tc.body)(w)
			})
			size, err := s.client(t).VMSize(t.Context(), "s", "eastus", "Standard_DC4as_cc_v5")
			if err != nil || size.Restriction != tc.want {
				t.Errorf("size = %+v, %v; want restriction %q", size, err, tc.want)
			}
			if name == "free" && (size.VCPUs != 4 || size.Family != "standardDCACCV5Family") {
				t.Errorf("size = %+v", size)
			}
		})
	}
}

func TestQuotaIsThatOfTheFamily(t *testing.T) {
	s := newService(t)
	s.Handle("GET /subscriptions/s/providers/Microsoft.Compute/locations/eastus/usages", answers(reply(http.StatusOK, `{"value":[
		{"name":{"value":"cores"},"currentValue":1,"limit":10},
		{"name":{"value":"standardDCACCV5Family"},"currentValue":8,"limit":32}]}`)))
	quota, err := s.client(t).Quota(t.Context(), "s", "eastus", "StandardDCaccv5Family")
	if err != nil || quota.Free() != 24 || quota.Family != "standardDCACCV5Family" {
		t.Errorf("quota = %+v, %v", quota, err)
	}
	if _, err := s.client(t).Quota(t.Context(), "s", "eastus", "standardNCFamily"); !IsNotFound(err) {
		t.Errorf("error = %v, want not found", err)
	}
}
