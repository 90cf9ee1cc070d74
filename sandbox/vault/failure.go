package vault

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/cctui/cctui/sandbox/entra"
	"github.com/cctui/cctui/sandbox/front"
)

// failure is an error answer in Key Vault's form.
type failure struct {
	status               int
	code, inner, message string
}

func (f *failure) Error() string { return f.code + ": " + f.message }

func failed(status int, code, message string) *failure {
	return &failure{status: status, code: code, message: message}
}

func badParameter(message string) *failure {
	return failed(http.StatusBadRequest, "BadParameter", message)
}

func keyNotFound(c *call) *failure {
	return failed(http.StatusNotFound, "KeyNotFound",
		fmt.Sprintf("A key with (name/id) %s was not found in this key vault. If you recently deleted this key you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182", c.id()))
}

// deletedButRecoverable refuses a name that a soft-deleted key holds.
func deletedButRecoverable(name string) *failure {
	return &failure{
		status: http.StatusConflict, code: "Conflict", inner: "ObjectIsDeletedButRecoverable",
		message: "Key " + name + " is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the key can only be recovered or purged.",
	}
}

// forbiddenByRole names caller and action: it is by these that people find the missing role.
func forbiddenByRole(c *call, action, resource string) *failure {
	return &failure{
		status: http.StatusForbidden, code: "Forbidden", inner: "ForbiddenByRbac",
		message: "Caller is not authorized to perform action on resource.\r\n" +
			"If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\n" +
			"Caller: " + callerText(c.Caller) + "\r\n" +
			"Action: '" + action + "'\r\n" +
			"Resource: '" + resource + "'\r\n" +
			"Assignment: (not found)\r\n" +
			"DenyAssignmentId: null\r\n" +
			"DecisionReason: 'DeniedWithNoValidRBAC' \r\n" +
			"Vault: " + c.Vault.Name + ";location=" + c.Vault.Location + "\r\n",
	}
}

// forbiddenByAccessPolicy is what a vault that is not in RBAC mode says, whatever roles there are.
func forbiddenByAccessPolicy(c *call, permission string) *failure {
	return &failure{
		status: http.StatusForbidden, code: "Forbidden", inner: "ForbiddenByPolicy",
		message: fmt.Sprintf("The user, group or application '%s' does not have keys %s permission on key vault '%s;location=%s'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287",
			callerText(c.Caller), permission, c.Vault.Name, c.Vault.Location),
	}
}

func callerText(p entra.Principal) string {
	return fmt.Sprintf("appid=%s;oid=%s;iss=https://sts.windows.net/%s/", p.AppID, p.ObjectID, p.TenantID)
}

// unauthenticated is answered with a challenge, by which clients learn where to get a token, and for what.
func unauthenticated(cause error) *failure {
	return failed(http.StatusUnauthorized, "Unauthorized", "AKV10000: Request is missing a valid Bearer or PoP token: "+cause.Error())
}

// refuse answers with an error; one that is not a failure is the sandbox's own.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var f *failure
	if !errors.As(err, &f) {
		f = failed(http.StatusInternalServerError, "InternalError", err.Error())
	}
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="%s", resource="%s"`, s.Authority, s.resource(r)))
	}
	body := map[string]any{"code": f.code, "message": f.message}
	if f.inner != "" {
		body["innererror"] = map[string]string{"code": f.inner}
	}
	answer(w, f.status, map[string]any{"error": body})
}

// resource is what clients must ask a token for. They check that it is the domain of the vault, port included.
func (s *Service) resource(r *http.Request) string {
	if isHSM(front.HostOf(r)) {
		return s.URL("managedhsm.localhost")
	}
	return s.URL("vault.localhost")
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone
}

// knownVersion are the api-versions with key release.
var knownVersion = regexp.MustCompile(`^(7\.[3-9](-preview(\.\d)?)?|20\d\d-\d\d-\d\d(-preview)?)$`)

func checkVersion(version string) error {
	if version == "" {
		return badParameter("api-version must be specified")
	}
	if !knownVersion.MatchString(version) {
		return badParameter(fmt.Sprintf("The specified version (%s) is not recognized. Consider using the latest supported version (2025-07-01).", version))
	}
	return nil
}
