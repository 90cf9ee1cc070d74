package azure

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestEveryShapeOfRefusalIsRead(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		want Error
	}{
		"resource manager": {
			`{"error":{"code":"ResourceGroupNotFound","message":"Resource group 'rg' could not be found."}}`,
			Error{Code: "ResourceGroupNotFound", Message: "Resource group 'rg' could not be found."},
		},
		"without envelope": {
			`{"code":"BadRequest","message":"no","details":null,"subcode":""}`,
			Error{Code: "BadRequest", Message: "no"},
		},
		"with details": {
			`{"error":{"code":"InvalidTemplateDeployment","message":"failed","details":[{"code":"QuotaExceeded","message":"left 0"}]}}`,
			Error{Code: "InvalidTemplateDeployment", InnerCode: "QuotaExceeded", Message: "failed left 0"},
		},
		"key vault": {
			`{"error":{"code":"Forbidden","message":"Caller is not authorized","innererror":{"code":"ForbiddenByRbac"}}}`,
			Error{Code: "Forbidden", InnerCode: "ForbiddenByRbac", Message: "Caller is not authorized"},
		},
		"failed operation": {
			`{"status":"Failed","error":{"code":"AllocationFailed","message":"no capacity"}}`,
			Error{Code: "AllocationFailed", Message: "no capacity"},
		},
		"entra": {
			`{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1\r\nTimestamp: 2","error_codes":[7000215]}`,
			Error{Code: "invalid_client", InnerCode: "AADSTS7000215", Message: "AADSTS7000215: Invalid client secret provided."},
		},
		"a proxy's page": {`<html>Bad gateway</html>`, Error{}},
		"nothing":        {``, Error{}},
		"other JSON":     {`["error"]`, Error{}},
		"odd envelope":   {`{"error":42}`, Error{}},
	} {
		t.Run(name, func(t *testing.T) {
			var got Error
			got.read([]byte(tc.body))
			if got != tc.want {
				t.Errorf("read = %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestARefusalIsAnErrorOfThisPackage(t *testing.T) {
	s := newService(t)
	s.Handle("/", answers(reply(http.StatusForbidden, `{"error":{"code":"AuthorizationFailed","message":"no right"}}`, "x-ms-request-id", "r-7")))
	_, err := s.client(t).ResourceGroup(t.Context(), testGroup)
	var refusal *Error
	if !errors.As(err, &refusal) {
		t.Fatalf("error = %v, want an *Error", err)
	}
	if want := (Error{Status: 403, Code: "AuthorizationFailed", Message: "no right", RequestID: "r-7"}); *refusal != want {
		t.Errorf("error = %+v, want %+v", *refusal, want)
	}
	if want := "read resource group rg: AuthorizationFailed: no right"; err.Error() != want {
		t.Errorf("error = %q, want %q", err, want)
	}
	if IsNotFound(err) {
		t.Error("forbidden was taken for not found")
	}
}

func TestAFailedConnectionDoesNotShowTheQuery(t *testing.T) {
	refused := errors.New("connection refused")
	err := convert(&url.Error{Op: "Get", URL: "https://management.localhost/op?s=signature", Err: refused})
	if !errors.Is(err, refused) || strings.Contains(err.Error(), "signature") || !strings.Contains(err.Error(), "management.localhost") {
		t.Errorf("error = %v", err)
	}
}

func TestTheTextOfARefusalSaysWhatItCan(t *testing.T) {
	for want, refusal := range map[string]*Error{
		"Forbidden/ForbiddenByRbac: no": {Status: 403, Code: "Forbidden", InnerCode: "ForbiddenByRbac", Message: "no"},
		"Bad Gateway (HTTP 502)":        {Status: 502},
		"refused (HTTP 599)":            {Status: 599},
	} {
		if refusal.Error() != want {
			t.Errorf("Error() = %q, want %q", refusal.Error(), want)
		}
	}
}

func FuzzNoBodyIsTooMuchForARefusal(f *testing.F) {
	f.Add([]byte(`{"error":{"code":"A","message":"b","details":[{"code":"c"}],"innererror":{"code":"d"}}}`))
	f.Add([]byte(`{"error":"invalid_client","error_description":"AADSTS1: x"}`))
	f.Add([]byte(`{"message":"` + strings.Repeat("é", maxMessage) + `"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var refusal Error
		refusal.read(body)
		if len(refusal.Message) > maxMessage+len("…") {
			t.Errorf("message of %d bytes", len(refusal.Message))
		}
	})
}
