package arm

import (
	"net/http"
	"sync"
	"testing"
)

func TestFailedOperationSaysWhy(t *testing.T) {
	fx := newFixture(t, weather{faults: map[string]string{"operation-failed": "cluster.create"}})
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	status, end := fx.follow(fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf()))
	if status != "Failed" || end.code() != "InternalOperationError" {
		t.Errorf("ended %s", end.raw)
	}
	if state := fx.must(http.StatusOK, "GET", clusterURL, nil).at("properties", "provisioningState"); state != "Failed" {
		t.Errorf("state %v", state)
	}
	fx.succeed(fx.must(http.StatusAccepted, "DELETE", clusterURL, nil))
}

func TestForgottenOperationGoesOn(t *testing.T) {
	fx := newFixture(t, weather{faults: map[string]string{"operation-gone": "cluster.create"}})
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	accepted := fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf())
	for _, header := range []string{"Azure-AsyncOperation", "Location"} {
		if asked := fx.send("GET", accepted.header.Get(header), "Bearer "+operator, nil); asked.status != http.StatusNotFound {
			t.Errorf("%s: %d", header, asked.status)
		}
	}
	fx.awaitState(clusterURL, "Succeeded")
}

func TestEndlessOperationEndsWhenTheFaultDoes(t *testing.T) {
	faults := map[string]string{"operation-endless": ""}
	var mu sync.Mutex
	fx := newFixture(t, weather{faults: faults, mu: &mu})
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf())
	if state := fx.must(http.StatusOK, "GET", clusterURL, nil).at("properties", "provisioningState"); state != "Creating" {
		t.Errorf("state %v", state)
	}
	mu.Lock()
	delete(faults, "operation-endless")
	mu.Unlock()
	fx.awaitState(clusterURL, "Succeeded")
}
