package arm

import (
	"net/http"
	"testing"
)

func TestGroupLifeCycle(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.refused("InvalidResourceGroup", "PUT", "/subscriptions/"+subscription+"/resourceGroups/rg.", object{"location": "eastus"})
	fx.refused("LocationNotAvailableForResourceGroup", "PUT", groupURL, object{"location": "atlantis"})
	fx.makeGroup()
	fx.must(http.StatusNoContent, "HEAD", groupURL, nil)
	fx.must(http.StatusOK, "PUT", groupURL, object{"location": "eastus"})
	fx.refused("InvalidResourceGroupLocation", "PUT", groupURL, object{"location": "westus"})
	fx.must(http.StatusCreated, "PUT", identityURL, object{"location": "eastus"})
	if all := fx.must(http.StatusOK, "GET", groupURL+"/resources", nil).at("value").([]any); len(all) != 1 {
		t.Errorf("the group holds %v", all)
	}
	fx.succeed(fx.must(http.StatusAccepted, "DELETE", groupURL, nil))
	fx.refused("ResourceGroupNotFound", "GET", groupURL, nil)
	fx.refused("ResourceGroupNotFound", "GET", identityURL, nil)
}

func TestGroupDeletionWaitsForWhatIsUnderWay(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.clusters.hold = make(chan struct{})
	fx.makeGroup()
	fx.must(http.StatusOK, "POST", aksURL+"/register", nil)
	creation := fx.must(http.StatusCreated, "PUT", clusterURL, clusterOf())
	deletion := fx.must(http.StatusAccepted, "DELETE", groupURL, nil)
	fx.refused("ResourceGroupBeingDeleted", "PUT", identityURL, object{"location": "eastus"})
	close(fx.clusters.hold)
	fx.succeed(creation)
	fx.succeed(deletion)
	if fx.clusters.closed != 1 {
		t.Errorf("the cluster was closed %d times", fx.clusters.closed)
	}
}

func TestGroupDeletionLeavesItsVaultsSoftDeleted(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeVault()
	fx.succeed(fx.must(http.StatusAccepted, "DELETE", groupURL, nil))
	fx.must(http.StatusOK, "GET", deletedURL, nil)
}
