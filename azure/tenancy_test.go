package azure

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestPermissionsAllowWhatIsGrantedAndNotExcepted(t *testing.T) {
	const write = "Microsoft.Authorization/roleAssignments/write"
	owner := Permissions{Actions: []string{"*"}}
	contributor := Permissions{Actions: []string{"*"}, NotActions: []string{"Microsoft.Authorization/*/Write", "Microsoft.Authorization/*/Delete"}}
	for name, tc := range map[string]struct {
		role   Permissions
		action string
		want   bool
	}{
		"owner":                       {owner, write, true},
		"contributor":                 {contributor, write, false},
		"contributor, something else": {contributor, "Microsoft.KeyVault/vaults/write", true},
		"exact":                       {Permissions{Actions: []string{write}}, write, true},
		"any case":                    {Permissions{Actions: []string{strings.ToUpper(write)}}, write, true},
		"star in the middle":          {Permissions{Actions: []string{"Microsoft.Authorization/*/write"}}, write, true},
		"star spans slashes":          {Permissions{Actions: []string{"Microsoft.Authorization/*"}}, write, true},
		"verb only":                   {Permissions{Actions: []string{"*/write"}}, write, true},
		"prefix is not enough":        {Permissions{Actions: []string{"Microsoft.Authorization/roleAssignments"}}, write, false},
		"suffix is not enough":        {Permissions{Actions: []string{"roleAssignments/write"}}, write, false},
		"a dot is only a dot":         {Permissions{Actions: []string{"MicrosoftxAuthorization/*"}}, "Microsoft.Authorization/x", false},
		"reader":                      {Permissions{Actions: []string{"*/read"}}, write, false},
		"nobody":                      {Permissions{}, write, false},
	} {
		if got := tc.role.Allow(tc.action); got != tc.want {
			t.Errorf("%s: Allow = %v, want %v", name, got, tc.want)
		}
	}
}

func TestPermissionsAreReadRoleByRoleAndPageByPage(t *testing.T) {
	s := newService(t)
	path := "/subscriptions/s/providers/Microsoft.Authorization/permissions"
	s.Handle("GET "+path, answers(
		reply(http.StatusOK, `{"value":[{"actions":["*"],"notActions":["Microsoft.Authorization/*/Write"]}],"nextLink":"https://management.localhost`+path+`?skip=1"}`),
		reply(http.StatusOK, `{"value":[{"actions":["Microsoft.Authorization/*"]}]}`)))
	roles, err := s.client(t).Permissions(t.Context(), "/subscriptions/s")
	if err != nil {
		t.Fatal(err)
	}
	allows := func(p Permissions) bool { return p.Allow("Microsoft.Authorization/roleAssignments/write") }
	if len(roles) != 2 || !slices.ContainsFunc(roles, allows) {
		t.Errorf("roles = %+v", roles)
	}
}

func TestANextLinkElsewhereGetsNoToken(t *testing.T) {
	s := newService(t)
	s.Handle("/", answers(reply(http.StatusOK, `{"value":[],"nextLink":"https://evil.example/more"}`)))
	if _, err := s.client(t).Permissions(t.Context(), "/subscriptions/s"); err == nil {
		t.Error("followed a link to another host")
	}
	if slices.Contains(s.hosts, "evil.example") {
		t.Error("asked another host")
	}
}

func TestTheAccountIsReadFromTheToken(t *testing.T) {
	for name, tc := range map[string]struct {
		claims string
		want   Account
	}{
		"user": {`{"tid":"t","oid":"o","upn":"ana@contoso.com","idtyp":"user","scp":"user_impersonation"}`,
			Account{TenantID: "t", ObjectID: "o", Name: "ana@contoso.com", PrincipalType: "User"}},
		"guest": {`{"tid":"t","oid":"o","unique_name":"live.com#ana@example.com","scp":"user_impersonation"}`,
			Account{TenantID: "t", ObjectID: "o", Name: "live.com#ana@example.com", PrincipalType: "User"}},
		"service principal": {`{"tid":"t","oid":"o","appid":"a","idtyp":"app"}`,
			Account{TenantID: "t", ObjectID: "o", Name: "a", PrincipalType: "ServicePrincipal"}},
		"service principal, v2": {`{"tid":"t","oid":"o","azp":"a"}`,
			Account{TenantID: "t", ObjectID: "o", Name: "a", PrincipalType: "ServicePrincipal"}},
	} {
		got, err := accountOf("h." + base64.RawURLEncoding.EncodeToString([]byte(tc.claims)) + ".s")
		if err != nil || got != tc.want {
			t.Errorf("%s: account = %+v, %v; want %+v", name, got, err, tc.want)
		}
	}
}

func FuzzAnAccountNeverRepeatsTheToken(f *testing.F) {
	f.Add("a.b.c")
	f.Add("secret-token")
	f.Add("h." + base64.RawURLEncoding.EncodeToString([]byte(`{"tid":"t"}`)) + ".s")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := accountOf(token); err != nil && len(token) > 20 && strings.Contains(err.Error(), token) {
			t.Errorf("the error shows the token: %v", err)
		}
	})
}

func TestOnlyRegionsThatHoldResourcesAreLocations(t *testing.T) {
	s := newService(t)
	s.Handle("GET /subscriptions/s/locations", answers(reply(http.StatusOK, `{"value":[
		{"name":"westus","metadata":{"regionType":"Physical"}},
		{"name":"europe","metadata":{"regionType":"Logical"}},
		{"name":"eastus","metadata":{"regionType":"Physical"}}]}`)))
	locations, err := s.client(t).Locations(t.Context(), "s")
	if err != nil || !slices.Equal(locations, []string{"eastus", "westus"}) {
		t.Errorf("locations = %q, %v", locations, err)
	}
}
