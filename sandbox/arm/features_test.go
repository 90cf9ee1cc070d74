package arm

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestFeatureTakesItsTimeToRegister(t *testing.T) {
	fx := newFixture(t, weather{durations: map[string]time.Duration{"feature.register": time.Hour}})
	if state := fx.must(http.StatusOK, "GET", featureURL, nil).at("properties", "state"); state != "NotRegistered" {
		t.Errorf("state %v", state)
	}
	if state := fx.must(http.StatusOK, "POST", featureURL+"/register", nil).at("properties", "state"); state != "Registering" {
		t.Errorf("state %v", state)
	}
	fx.mu.Lock()
	fx.features[strings.ToLower(containerService+"/"+kataFeature)] = time.Now().Add(-time.Hour)
	fx.mu.Unlock()
	if state := fx.must(http.StatusOK, "POST", featureURL+"/register", nil).at("properties", "state"); state != "Registered" {
		t.Errorf("state %v", state)
	}
	fx.refused("FeatureNotFound", "GET", featureURL+"x", nil)
}
