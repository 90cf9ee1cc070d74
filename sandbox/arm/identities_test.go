package arm

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestIdentityAndFederationLifeCycle(t *testing.T) {
	fx := newFixture(t, weather{})
	fx.makeGroup()
	made := fx.must(http.StatusCreated, "PUT", identityURL, object{"location": "eastus"})
	again := fx.must(http.StatusOK, "PUT", identityURL, object{"location": "eastus"})
	clientID, _ := made.at("properties", "clientId").(string)
	if clientID == "" || again.at("properties", "clientId") != clientID {
		t.Errorf("client id %v, then %v", clientID, again.at("properties", "clientId"))
	}
	credential := func(issuer, subject string, audiences ...string) object {
		return object{"properties": object{"issuer": issuer, "subject": subject, "audiences": audiences}}
	}
	url := identityURL + "/federatedIdentityCredentials/"
	fx.must(http.StatusCreated, "PUT", url+"kafka", credential("https://i/", "s", "a"))
	fx.refused("Conflict", "PUT", url+"other", credential("https://i/", "s", "a"))
	fx.refused("BadRequest", "PUT", url+"other", credential("https://i/", "s2"))
	principal, federations, ok := fx.Federations(strings.ToUpper(clientID))
	if !ok || principal.ObjectID != made.at("properties", "principalId") || len(federations) != 1 {
		t.Errorf("federations %+v of %+v", federations, principal)
	}
	fx.must(http.StatusOK, "DELETE", url+"kafka", nil)
	fx.must(http.StatusNoContent, "DELETE", url+"kafka", nil)
	fx.refused("NotFound", "GET", url+"kafka", nil)
	fx.must(http.StatusOK, "DELETE", identityURL, nil)
	if _, _, ok := fx.Federations(clientID); ok {
		t.Error("a deleted identity can still sign in")
	}
}

func TestFederationIsMisfiledOnRequest(t *testing.T) {
	for fault, differs := range map[string]string{"federated-issuer": "issuer", "federated-subject": "subject", "federated-audience": "audiences"} {
		t.Run(fault, func(t *testing.T) {
			fx := newFixture(t, weather{faults: map[string]string{fault: ""}})
			fx.makeGroup()
			fx.must(http.StatusCreated, "PUT", identityURL, object{"location": "eastus"})
			sent := object{"issuer": "https://i/", "subject": "s", "audiences": []any{"a"}}
			stored := fx.must(http.StatusCreated, "PUT", identityURL+"/federatedIdentityCredentials/kafka", object{"properties": sent})
			for name, value := range sent {
				want, _ := json.Marshal(value)
				got, _ := json.Marshal(stored.at("properties", name))
				if bytes.Equal(want, got) == (name == differs) {
					t.Errorf("%s is stored as %s, sent %s", name, got, want)
				}
			}
		})
	}
}
