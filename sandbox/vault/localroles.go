package vault

import (
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
)

// localRole is a role assignment in a Managed HSM's data plane. Azure's own role assignments do not reach there.
type localRole struct {
	name, scope, role, principal string
}

// administrator is the definition id of the role that an HSM's first administrators hold.
const administrator = "a290e904-7015-4bba-90c8-60543313cdb4"

// localRoleActions are the built-in local roles that the walkthrough meets, by definition id.
// Source: learn.microsoft.com, Managed HSM local RBAC built-in roles.
var localRoleActions = map[string][]string{
	administrator: {"roleAssignments/read/action", "roleAssignments/write/action", "roleAssignments/delete/action"},
	"515eb02d-2335-4d2d-92f2-b1cbdf9c3778": { // Crypto Officer
		"roleAssignments/read/action", "roleAssignments/write/action", "roleAssignments/delete/action",
		"keys/deletedKeys/read/action", "keys/deletedKeys/recover/action", "keys/deletedKeys/delete",
	},
	"21dbd100-6940-42c2-9190-5d6cb909625b": { // Crypto User
		"roleAssignments/read/action",
		"keys/read/action", "keys/write/action", "keys/create", "keys/delete", "keys/release/action",
	},
	"21dbd100-6940-42c2-9190-5d6cb909625c": {"keys/release/action"}, // Crypto Service Release User
}

const (
	hsmActions        = "Microsoft.KeyVault/managedHsm/"
	assignmentsSuffix = "/providers/Microsoft.Authorization/roleAssignments"
)

// locallyAllowed tells whether a local role at / , /keys or /keys/<name> grants the action.
func (st *store) locallyAllowed(principal, keyName, action string) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	action = strings.TrimPrefix(action, hsmActions)
	return slices.ContainsFunc(st.roles, func(r localRole) bool {
		reaches := r.scope == "/" || r.scope == "/keys" || r.scope == "/keys/"+keyName
		return r.principal == principal && reaches && slices.Contains(localRoleActions[r.role], action)
	})
}

// handleLocalRoles serves role assignments at the scopes /, /keys and /keys/<name>.
func (s *Service) handleLocalRoles(handle func(pattern string, op operation, serve func(*call) (any, error))) {
	for _, scope := range []string{"", "/keys", "/keys/{name}"} {
		all := scope + assignmentsSuffix
		handle("GET "+all, opReadRoles, s.listRoles)
		handle("GET "+all+"/{assignment}", opReadRoles, s.getRole)
		handle("PUT "+all+"/{assignment}", opAssignRoles, s.putRole)
		handle("DELETE "+all+"/{assignment}", opRemoveRoles, s.deleteRole)
	}
}

// scope is where the request assigns a role.
func (c *call) scope() string {
	before, _, _ := strings.Cut(c.Request.URL.Path, assignmentsSuffix)
	return path.Join("/", before)
}

// listRoles shows the assignments made at just this scope, of one principal where the filter names one.
func (s *Service) listRoles(c *call) (any, error) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	principal := filteredPrincipal(c.Request.URL.Query().Get("$filter"))
	shown := []any{}
	for _, r := range c.store.roles {
		if r.scope == c.scope() && (principal == "" || r.principal == principal) {
			shown = append(shown, r.json())
		}
	}
	return map[string]any{"value": shown}, nil
}

var principalFilter = regexp.MustCompile(`(?i)principalId(?:\s+eq\s+|\()'([0-9a-f-]+)'`)

func filteredPrincipal(filter string) string {
	if match := principalFilter.FindStringSubmatch(filter); match != nil {
		return match[1]
	}
	return ""
}

func (s *Service) getRole(c *call) (any, error) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	if i := c.findRole(); i >= 0 {
		return c.store.roles[i].json(), nil
	}
	return nil, failed(http.StatusNotFound, "RoleAssignmentNotFound", "The role assignment does not exist.")
}

// putRole is idempotent by name, which the caller chooses.
func (s *Service) putRole(c *call) (any, error) {
	var body struct {
		Properties struct {
			RoleDefinitionID string `json:"roleDefinitionId"`
			PrincipalID      string `json:"principalId"`
		} `json:"properties"`
	}
	if err := decodeBody(c, &body); err != nil {
		return nil, err
	}
	role := path.Base(body.Properties.RoleDefinitionID)
	if _, known := localRoleActions[role]; !known || body.Properties.PrincipalID == "" {
		return nil, badParameter("The role definition " + role + " does not exist, or the principal is missing.")
	}
	r := localRole{c.Request.PathValue("assignment"), c.scope(), role, body.Properties.PrincipalID}
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	if i := c.findRole(); i >= 0 {
		c.store.roles[i] = r
	} else {
		c.store.roles = append(c.store.roles, r)
	}
	return r.json(), nil
}

func (s *Service) deleteRole(c *call) (any, error) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	i := c.findRole()
	if i < 0 {
		return nil, failed(http.StatusNotFound, "RoleAssignmentNotFound", "The role assignment does not exist.")
	}
	gone := c.store.roles[i]
	c.store.roles = slices.Delete(c.store.roles, i, i+1)
	return gone.json(), nil
}

func (c *call) findRole() int {
	return slices.IndexFunc(c.store.roles, func(r localRole) bool {
		return r.scope == c.scope() && r.name == c.Request.PathValue("assignment")
	})
}

func (r localRole) json() map[string]any {
	return map[string]any{
		"id":   path.Join(r.scope, assignmentsSuffix, r.name),
		"name": r.name,
		"type": "Microsoft.Authorization/roleAssignments",
		"properties": map[string]string{
			"scope":            r.scope,
			"roleDefinitionId": "Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/" + r.role,
			"principalId":      r.principal,
		},
	}
}
