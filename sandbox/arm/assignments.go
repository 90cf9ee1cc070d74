package arm

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// assignment grants a role to a principal at a scope.
type assignment struct {
	ID         string               `json:"id"`
	Name       string               `json:"name"`
	Type       string               `json:"type"`
	Properties assignmentProperties `json:"properties"`
}

// Source: learn.microsoft.com, REST, Authorization, Role Assignments, 2022-04-01.
type assignmentProperties struct {
	RoleDefinitionID string    `json:"roleDefinitionId"`
	PrincipalID      string    `json:"principalId"`
	PrincipalType    string    `json:"principalType"`
	Scope            string    `json:"scope"`
	CreatedOn        time.Time `json:"createdOn"`
}

// roleID is the GUID at the end of the definition id, which callers prefix with any scope.
func (a *assignment) roleID() string {
	id := a.Properties.RoleDefinitionID
	return strings.ToLower(id[strings.LastIndex(id, "/")+1:])
}

// grants tells whether it already says what another one would.
func (a *assignment) grants(p assignmentProperties) bool {
	return strings.EqualFold(a.Properties.Scope, p.Scope) && strings.EqualFold(a.Properties.RoleDefinitionID, p.RoleDefinitionID) &&
		strings.EqualFold(a.Properties.PrincipalID, p.PrincipalID)
}

// findAssignment looks at exactly the scope of the call, not above it.
func (m *Manager) findAssignment(c *call) (*assignment, error) {
	name := c.PathValue("name")
	if a, ok := m.assignments[strings.ToLower(c.scope+"/"+name)]; ok {
		return a, nil
	}
	return nil, notFound("RoleAssignmentNotFound", "The role assignment '%s' is not found.", name)
}

func (m *Manager) getAssignment(c *call) (answer, error) {
	a, err := m.findAssignment(c)
	return ok(a), err
}

// listAssignments lists those at, above and below a scope; the filter may narrow it to a
// principal, and to those at or above the scope.
func (m *Manager) listAssignments(c *call) (answer, error) {
	filter := c.URL.Query().Get("$filter")
	_, principal, _ := strings.Cut(filter, "'")
	principal, _, byPrincipal := strings.Cut(principal, "'")
	below := !strings.Contains(filter, "atScope()")
	all := []*assignment{}
	for _, id := range slices.Sorted(maps.Keys(m.assignments)) {
		a := m.assignments[id]
		at := within(c.scope, a.Properties.Scope) || below && within(a.Properties.Scope, c.scope)
		if at && (!byPrincipal || strings.EqualFold(a.Properties.PrincipalID, principal)) {
			all = append(all, a)
		}
	}
	return ok(page(all)), nil
}

func (m *Manager) putAssignment(c *call) (answer, error) {
	var asked struct{ Properties assignmentProperties }
	if err := c.decode(&asked); err != nil {
		return answer{}, err
	}
	p := asked.Properties
	p.Scope, p.CreatedOn = c.scope, time.Now().UTC()
	if err := m.checkAssignment(c, &p); err != nil {
		return answer{}, err
	}
	if existing, err := m.findAssignment(c); err == nil {
		return m.putAgain(existing, p)
	}
	for _, other := range m.assignments {
		if other.grants(p) {
			return answer{}, conflict("RoleAssignmentExists", "The role assignment already exists. The ID of the conflicting role assignment is %s.", strings.ReplaceAll(other.Name, "-", ""))
		}
	}
	name := c.PathValue("name")
	made := &assignment{
		ID: c.scope + "/providers/Microsoft.Authorization/roleAssignments/" + name, Name: name,
		Type: "Microsoft.Authorization/roleAssignments", Properties: p,
	}
	m.assignments[strings.ToLower(c.scope+"/"+name)] = made
	return created(true, made), nil
}

// putAgain is idempotent: a repeated create is the same assignment, anything else is refused.
func (m *Manager) putAgain(existing *assignment, p assignmentProperties) (answer, error) {
	if existing.grants(p) {
		return ok(existing), nil
	}
	return answer{}, badRequest("RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
}

// checkAssignment refuses what Azure refuses, and completes what callers may leave out.
func (m *Manager) checkAssignment(c *call, p *assignmentProperties) error {
	if err := m.mayAssign(c); err != nil {
		return err
	}
	if err := uuid.Validate(c.PathValue("name")); err != nil {
		return badRequest("InvalidRoleAssignmentId", "The role assignment ID '%s' is not valid. The role assignment ID must be a GUID.", c.PathValue("name"))
	}
	id := (&assignment{Properties: *p}).roleID()
	if _, known := roles[id]; !known {
		return badRequest("RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", id)
	}
	p.RoleDefinitionID = m.roleDefinitionID(id)
	if err := m.scopeExists(p.Scope); err != nil {
		return err
	}
	kind, known := m.principalType(p.PrincipalID)
	if !known {
		return badRequest("PrincipalNotFound", "Principal %s does not exist in the directory %s. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group. See https://aka.ms/docs-principaltype",
			p.PrincipalID, m.Tenant)
	}
	if p.PrincipalType != "" && p.PrincipalType != kind {
		return badRequest("UnmatchedPrincipalType", "The PrincipalId '%s' has type '%s', which is different from specified PrincipalType '%s'.", p.PrincipalID, kind, p.PrincipalType)
	}
	p.PrincipalType = kind
	return nil
}

// mayAssign refuses an operator who is no more than a contributor.
func (m *Manager) mayAssign(c *call) error {
	if slices.ContainsFunc(m.ownRole().notActions, matching("Microsoft.Authorization/roleAssignments/write")) {
		return m.unauthorized(c)
	}
	return nil
}

// scopeExists tells whether a scope is the subscription, one of its groups, or a resource.
func (m *Manager) scopeExists(scope string) error {
	if strings.EqualFold(scope, m.subscriptionID()) {
		return nil
	}
	if name, isGroup := strings.CutPrefix(strings.ToLower(scope), strings.ToLower(m.groupID(""))); isGroup && !strings.Contains(name, "/") {
		_, err := m.group(name)
		return err
	}
	if _, found := m.resources[strings.ToLower(scope)]; !found {
		return notFound("ResourceNotFound", "The Resource '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", scope)
	}
	return nil
}

// principalType looks a principal up in the directory: an owner, or a managed identity.
func (m *Manager) principalType(objectID string) (kind string, known bool) {
	for _, owner := range m.Owners {
		if strings.EqualFold(owner.ObjectID, objectID) {
			return owner.Type, true
		}
	}
	for _, i := range itemsOf[*identity](m) {
		if strings.EqualFold(i.Properties.PrincipalID, objectID) {
			return "ServicePrincipal", true
		}
	}
	return "", false
}

// deleteAssignment succeeds where there is none, as a repeated delete must.
func (m *Manager) deleteAssignment(c *call) (answer, error) {
	if err := m.mayAssign(c); err != nil {
		return answer{}, err
	}
	a, err := m.findAssignment(c)
	if err != nil {
		return gone(), nil
	}
	delete(m.assignments, strings.ToLower(c.scope+"/"+a.Name))
	return ok(a), nil
}

// dropAssignments forgets those at a scope and below, which has gone.
func (m *Manager) dropAssignments(scope string) {
	maps.DeleteFunc(m.assignments, func(_ string, a *assignment) bool { return within(a.Properties.Scope, scope) })
}

// Allowed tells whether a principal may take a data action at a scope, such as a vault or one
// of its keys, by the role assignments that have taken effect.
func (m *Manager) Allowed(objectID, scope, dataAction string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.assignments {
		if strings.EqualFold(a.Properties.PrincipalID, objectID) && within(scope, a.Properties.Scope) &&
			m.effective(a) && roles[a.roleID()].permits(dataAction) {
			return true
		}
	}
	return false
}

// effective tells whether an assignment has reached the data plane, which takes its time; one
// for an identity never does under the fault role-missing.
func (m *Manager) effective(a *assignment) bool {
	if _, on := m.Conditions.Has("role-missing"); on && !m.isOwner(a.Properties.PrincipalID) {
		return false
	}
	return time.Since(a.Properties.CreatedOn) >= m.Conditions.Duration("role.propagate")
}
