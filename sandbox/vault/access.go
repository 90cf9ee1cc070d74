package vault

import (
	"net/http"
	"strings"
)

// operation is what a request does, in the words of the three ways to permit it.
type operation struct {
	permission string // of an access policy
	action     string // data action of a vault, below Microsoft.KeyVault/vaults/
	hsmAction  string // data action of a Managed HSM, below Microsoft.KeyVault/managedHsm/
}

// Source: learn.microsoft.com, Azure built-in roles for security, and Managed HSM local RBAC built-in roles.
var (
	opRead        = operation{"get", "keys/read", "keys/read/action"}
	opCreate      = operation{"create", "keys/create/action", "keys/create"}
	opUpdate      = operation{"update", "keys/update/action", "keys/write/action"}
	opDelete      = operation{"delete", "keys/delete", "keys/delete"}
	opReadDeleted = operation{"get", "keys/read", "keys/deletedKeys/read/action"}
	opRecover     = operation{"recover", "keys/recover/action", "keys/deletedKeys/recover/action"}
	opPurge       = operation{"purge", "keys/purge/action", "keys/deletedKeys/delete"}
	opRelease     = operation{"release", "keys/release/action", "keys/release/action"}
	opReadRoles   = operation{hsmAction: "roleAssignments/read/action"}
	opAssignRoles = operation{hsmAction: "roleAssignments/write/action"}
	opRemoveRoles = operation{hsmAction: "roleAssignments/delete/action"}
)

// authorise asks for a role at the key or above it. A vault in access-policy mode ignores roles, and has no policies.
func (s *Service) authorise(c *call, op operation) error {
	resource := c.Vault.ID
	if c.Name != "" {
		resource += "/keys/" + c.Name
	}
	switch {
	case c.Vault.HSM:
		action := hsmActions + op.hsmAction
		if !c.store.locallyAllowed(c.Caller.ObjectID, c.Name, action) {
			return forbiddenByRole(c, action, resource)
		}
		return nil
	case op.action == "":
		return failed(http.StatusNotFound, "NotFound", "A key vault has no local roles.")
	case !c.Vault.RBAC:
		return forbiddenByAccessPolicy(c, op.permission)
	}
	action := "Microsoft.KeyVault/vaults/" + op.action
	if !s.Allowed(c.Caller.ObjectID, resource, action) {
		return forbiddenByRole(c, action, strings.ToLower(resource))
	}
	return nil
}
