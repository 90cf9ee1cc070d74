package arm

import (
	"maps"
	"slices"
	"strings"
)

// role is a built-in role: what it allows in the control plane and in the data plane.
type role struct {
	name                        string
	actions, notActions         []string
	dataActions, notDataActions []string
}

// Source: learn.microsoft.com, Azure built-in roles.
var roles = map[string]role{
	"8e3af657-a8ff-443c-a75c-2fe8c4bcb635": {name: "Owner", actions: []string{"*"}},
	"b24988ac-6180-42a0-ab88-20f7382dd24c": {name: "Contributor", actions: []string{"*"}, notActions: []string{
		"Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action",
		"Microsoft.Blueprint/blueprintAssignments/write", "Microsoft.Blueprint/blueprintAssignments/delete",
	}},
	"acdd72a7-3385-48ef-bd42-f606fba81ae7": {name: "Reader", actions: []string{"*/read"}},
	"00482a5a-887f-4fb3-b363-3b7fe8e74483": {name: "Key Vault Administrator", dataActions: []string{"Microsoft.KeyVault/vaults/*"}},
	"14b46e9e-c2b7-41b4-b07b-48a6ebf60603": {name: "Key Vault Crypto Officer", dataActions: []string{
		"Microsoft.KeyVault/vaults/keys/*", "Microsoft.KeyVault/vaults/keyrotationpolicies/*",
	}},
	"12338af0-0e69-4776-bea7-57ae8d297424": {name: "Key Vault Crypto User", dataActions: []string{
		"Microsoft.KeyVault/vaults/keys/read", "Microsoft.KeyVault/vaults/keys/update/action", "Microsoft.KeyVault/vaults/keys/backup/action",
		"Microsoft.KeyVault/vaults/keys/encrypt/action", "Microsoft.KeyVault/vaults/keys/decrypt/action", "Microsoft.KeyVault/vaults/keys/wrap/action",
		"Microsoft.KeyVault/vaults/keys/unwrap/action", "Microsoft.KeyVault/vaults/keys/sign/action", "Microsoft.KeyVault/vaults/keys/verify/action",
	}},
	"08bbd89e-9f13-488c-ac41-acfcb10c90ab": {name: "Key Vault Crypto Service Release User", dataActions: []string{
		"Microsoft.KeyVault/vaults/keys/release/action",
	}},
}

const (
	ownerRole       = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	contributorRole = "b24988ac-6180-42a0-ab88-20f7382dd24c"
)

// permits tells whether a role allows a data action.
func (r role) permits(dataAction string) bool {
	return slices.ContainsFunc(r.dataActions, matching(dataAction)) && !slices.ContainsFunc(r.notDataActions, matching(dataAction))
}

// matching compares patterns, in which * is any text, with an action. Case does not count.
func matching(action string) func(string) bool {
	return func(pattern string) bool {
		parts := strings.Split(strings.ToLower(pattern), "*")
		rest, ok := strings.CutPrefix(strings.ToLower(action), parts[0])
		if !ok || len(parts) == 1 {
			return ok && rest == ""
		}
		for _, part := range parts[1 : len(parts)-1] {
			i := strings.Index(rest, part)
			if i < 0 {
				return false
			}
			rest = rest[i+len(part):]
		}
		return strings.HasSuffix(rest, parts[len(parts)-1])
	}
}

// ownRole is the role of the operator in the subscription.
func (m *Manager) ownRole() role {
	if _, on := m.Conditions.Has("no-role-permission"); on {
		return roles[contributorRole]
	}
	return roles[ownerRole]
}

// listPermissions are the caller's, at any scope of the subscription: its only role is there.
func (m *Manager) listPermissions(*call) (answer, error) {
	r := m.ownRole()
	return ok(page([]map[string]any{{
		"actions": r.actions, "notActions": orEmpty(r.notActions), "dataActions": []string{}, "notDataActions": []string{},
	}})), nil
}

// roleDefinition is a role as its definition is shown at the subscription.
func (m *Manager) roleDefinition(id string) map[string]any {
	r := roles[id]
	return map[string]any{
		"id": m.roleDefinitionID(id), "name": id, "type": "Microsoft.Authorization/roleDefinitions",
		"properties": map[string]any{
			"roleName": r.name, "type": "BuiltInRole", "assignableScopes": []string{"/"},
			"permissions": []map[string][]string{{
				"actions": orEmpty(r.actions), "notActions": orEmpty(r.notActions),
				"dataActions": orEmpty(r.dataActions), "notDataActions": orEmpty(r.notDataActions),
			}},
		},
	}
}

func (m *Manager) roleDefinitionID(id string) string {
	return m.subscriptionID() + "/providers/Microsoft.Authorization/roleDefinitions/" + id
}

func (m *Manager) listRoleDefinitions(c *call) (answer, error) {
	name, byName := strings.CutPrefix(c.URL.Query().Get("$filter"), "roleName eq '")
	var all []map[string]any
	for _, id := range slices.Sorted(maps.Keys(roles)) {
		if !byName || roles[id].name == strings.TrimSuffix(name, "'") {
			all = append(all, m.roleDefinition(id))
		}
	}
	return ok(page(all)), nil
}

func (m *Manager) getRoleDefinition(c *call) (answer, error) {
	id := strings.ToLower(c.PathValue("name"))
	if _, known := roles[id]; !known {
		return answer{}, notFound("RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", id)
	}
	return ok(m.roleDefinition(id)), nil
}

func orEmpty(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}
