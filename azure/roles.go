package azure

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
)

// RoleAssignments are those of a principal that are in force at a scope: made there or above.
func (c *Client) RoleAssignments(ctx context.Context, scope, principalID string) ([]RoleAssignment, error) {
	assignments, err := c.roleAssignments(scope)
	if err != nil {
		return nil, err
	}
	filter := "principalId eq " + quote(principalID)
	pager := assignments.NewListForScopePager(scopePath(scope), &armauthorization.RoleAssignmentsClientListForScopeOptions{Filter: &filter})
	found, err := collect(ctx, pager, func(page armauthorization.RoleAssignmentsClientListForScopeResponse) []*armauthorization.RoleAssignment {
		return page.Value
	})
	if err != nil {
		return nil, failed(err, "list role assignments at %s", scope)
	}
	var inForce []RoleAssignment
	for _, assignment := range found {
		// The filter also yields what was made below the scope.
		if plain := assignmentOf(assignment); covers(plain.Scope, scope) {
			inForce = append(inForce, plain)
		}
	}
	return inForce, nil
}

// CreateRoleAssignment grants a role. It succeeds where the principal has the role at the scope already, by whatever name.
func (c *Client) CreateRoleAssignment(ctx context.Context, a RoleAssignment) error {
	assignments, err := c.roleAssignments(a.Scope)
	if err != nil {
		return err
	}
	definition := "/subscriptions/" + segment(a.Scope, "subscriptions") + "/providers/Microsoft.Authorization/roleDefinitions/" + a.RoleID
	_, err = assignments.Create(ctx, scopePath(a.Scope), a.Name, armauthorization.RoleAssignmentCreateParameters{
		Properties: &armauthorization.RoleAssignmentProperties{
			PrincipalID:      &a.PrincipalID,
			PrincipalType:    ptr(armauthorization.PrincipalType(a.PrincipalType)),
			RoleDefinitionID: &definition,
		},
	}, nil)
	return unlessAssigned(failed(err, "assign role %s at %s", a.RoleID, a.Scope))
}

// DeleteRoleAssignment takes a role back.
func (c *Client) DeleteRoleAssignment(ctx context.Context, scope, name string) error {
	assignments, err := c.roleAssignments(scope)
	if err != nil {
		return err
	}
	_, err = assignments.Delete(ctx, scopePath(scope), name, nil)
	return unlessAbsent(failed(err, "delete role assignment %s at %s", name, scope))
}

func (c *Client) roleAssignments(scope string) (*armauthorization.RoleAssignmentsClient, error) {
	return clientFor(c, segment(scope, "subscriptions"), armauthorization.NewRoleAssignmentsClient)
}

// scopePath is a scope as the SDK's URL templates want it.
func scopePath(scope string) string {
	return strings.TrimPrefix(scope, "/")
}

// covers tells whether an assignment at one scope is in force at another.
func covers(assigned, scope string) bool {
	assigned, scope = strings.ToLower(strings.Trim(assigned, "/")), strings.ToLower(strings.Trim(scope, "/"))
	return assigned == "" || assigned == scope || strings.HasPrefix(scope, assigned+"/")
}

// unlessAssigned makes it a success that the role was assigned before under another name.
func unlessAssigned(err error) error {
	if refusal, ok := errors.AsType[*Error](err); ok && refusal.Code == "RoleAssignmentExists" {
		return nil
	}
	return err
}

func assignmentOf(r armauthorization.RoleAssignment) RoleAssignment {
	p := value(r.Properties)
	return RoleAssignment{
		Name: value(r.Name), Scope: value(p.Scope), RoleID: path.Base(value(p.RoleDefinitionID)),
		PrincipalID: value(p.PrincipalID), PrincipalType: string(value(p.PrincipalType)),
	}
}
