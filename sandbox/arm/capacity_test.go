package arm

import (
	"net/http"
	"testing"
)

func TestSizesAreOfferedByRegion(t *testing.T) {
	fx := newFixture(t, weather{})
	restrictions := func(location string) int {
		r := fx.must(http.StatusOK, "GET", "/subscriptions/"+subscription+"/providers/Microsoft.Compute/skus?$filter=location+eq+'"+location+"'", nil)
		for _, sku := range r.at("value").([]any) {
			if s := sku.(object); s["name"] == "Standard_DC8as_cc_v5" {
				return len(s["restrictions"].([]any))
			}
		}
		return -1
	}
	if n := restrictions("eastus"); n != 0 {
		t.Errorf("eastus has %d restrictions", n)
	}
	if n := restrictions("uksouth"); n != 1 {
		t.Errorf("uksouth has %d restrictions", n)
	}
}
