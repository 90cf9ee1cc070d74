package arm

import (
	"net/http"
	"strings"
	"testing"
)

func TestAttestationProviderLifeCycle(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeGroup()
	url := groupURL + "/providers/Microsoft.Attestation/attestationProviders/cctuiattest"
	fx.refused("MissingSubscriptionRegistration", "PUT", url, object{"location": "eastus"})
	fx.must(http.StatusOK, "POST", "/subscriptions/"+subscription+"/providers/"+attestationNamespace+"/register", nil)
	made := fx.must(http.StatusCreated, "PUT", url, object{"location": "eastus"})
	if made.at("properties", "attestUri") != fx.front.URL("cctuiattest.eus.attest.localhost") {
		t.Errorf("provider %s", made.raw)
	}
	known := map[string]bool{
		fx.front.Host("cctuiattest.eus.attest.localhost"): true,
		"sharedeus.eus.attest.localhost":                  true,
		"sharedweu.weu.attest.localhost":                  true,
		"sharedeus.weu.attest.localhost":                  false,
		"other.eus.attest.localhost":                      false,
	}
	for host, want := range known {
		if fx.Provider(host) != want {
			t.Errorf("provider %s: %v", host, !want)
		}
	}
	fx.refused("InvalidAttestationProviderName", "PUT", strings.Replace(url, "cctuiattest", "Cctui-Attest", 1), object{"location": "eastus"})
	fx.must(http.StatusOK, "DELETE", url, nil)
	fx.must(http.StatusNoContent, "DELETE", url, nil)
}
