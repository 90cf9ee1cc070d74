package arm

import (
	"net/http"
	"strings"
	"testing"
)

func TestEveryRequestPassesTheGate(t *testing.T) {
	fx := newFixture(t, weather{})
	base := fx.front.URL("management.localhost")
	tests := []struct {
		name, url, authorization string
		status                   int
		code                     string
	}{
		{"no token", base + "/subscriptions?api-version=2022-12-01", "", 401, "InvalidAuthenticationToken"},
		{"a stranger", base + groupURL + "?api-version=2022-12-01", "Bearer stranger", 403, "AuthorizationFailed"},
		{"no version", base + "/subscriptions", "Bearer " + operator, 400, "MissingApiVersionParameter"},
		{"odd version", base + "/subscriptions?api-version=latest", "Bearer " + operator, 400, "InvalidApiVersionParameter"},
		{"other subscription", base + "/subscriptions/other/resourceGroups?api-version=2022-12-01", "Bearer " + operator, 404, "SubscriptionNotFound"},
		{"other subscription's scope", base + "/subscriptions/other/providers/Microsoft.Authorization/permissions?api-version=2022-12-01", "Bearer " + operator, 404, "SubscriptionNotFound"},
		{"unknown path", base + "/nowhere?api-version=2022-12-01", "Bearer " + operator, 404, "NotFound"},
		{"no group", base + groupURL + "?api-version=2022-12-01", "Bearer " + operator, 404, "ResourceGroupNotFound"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := fx.send(http.MethodGet, test.url, test.authorization, nil)
			if r.status != test.status || r.code() != test.code {
				t.Errorf("%d %s, want %d %s", r.status, r.raw, test.status, test.code)
			}
			if challenge := r.header.Get("WWW-Authenticate"); (test.status == 401) != strings.Contains(challenge, tenant) {
				t.Errorf("challenge %q", challenge)
			}
		})
	}
}

func TestPathsIgnoreCaseAndNamesKeepTheirs(t *testing.T) {
	fx := newFixture(t, weather{})
	made := fx.must(http.StatusCreated, "PUT", "/SUBSCRIPTIONS/"+subscription+"/resourcegroups/My-RG", object{"location": "eastus"})
	if made.at("name") != "My-RG" {
		t.Errorf("the group is called %v", made.at("name"))
	}
	if r := fx.must(http.StatusOK, "GET", "/subscriptions/"+subscription+"/ResourceGroups/my-rg", nil); r.at("id") != made.at("id") {
		t.Errorf("found %v", r.at("id"))
	}
}
