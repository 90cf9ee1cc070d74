package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cctui/cctui/azure"
)

// role is a built-in role of a vault or an HSM.
type role struct{ name, id string }

// roleSet are the roles that the walkthrough deals in.
type roleSet struct{ release, officer, user role }

func rolesOf(in Inputs) roleSet {
	if in.ManagedHSM != "" {
		return roleSet{
			release: role{"Managed HSM Crypto Service Release User", azure.LocalRoleCryptoReleaseUser},
			officer: role{"Managed HSM Crypto Officer", azure.LocalRoleCryptoOfficer},
			user:    role{"Managed HSM Crypto User", azure.LocalRoleCryptoUser},
		}
	}
	return roleSet{
		release: role{"Key Vault Crypto Service Release User", azure.RoleCryptoReleaseUser},
		officer: role{"Key Vault Crypto Officer", azure.RoleCryptoOfficer},
		user:    role{"Key Vault Crypto User", azure.RoleCryptoUser},
	}
}

// podRoles and operatorRoles are who needs what. An HSM's officer may purge but not make keys; its user may.
func podRoles(in Inputs) []role {
	if set := rolesOf(in); in.Roles == RolesArticle {
		return []role{set.officer, set.user}
	}
	return []role{rolesOf(in).release}
}

func operatorRoles(in Inputs) []role {
	if set := rolesOf(in); in.Roles == RolesArticle || in.ManagedHSM != "" {
		return []role{set.officer, set.user}
	}
	return []role{rolesOf(in).officer}
}

func roles() Step {
	return Step{
		ID: "roles", Screen: ScreenKeys, Title: "Assign the roles at the vault",
		Why:     "The pod's identity may ask for the key's release, and you may make the key; nobody gets more.",
		Needs:   []string{"vault", "identity"},
		Reads:   []string{"roles"},
		Typical: 2 * time.Minute,
		Commands: func(in Inputs) []string {
			// Assigned is not in effect: the vault lets us in when it has learned of it.
			prove := sh(append([]string{"az", "keyvault", "key", "list", "--output", "none"}, vaultFlag(in)...)...)
			return append(roleCommands(in, "create"), "until "+prove+"; do sleep 15; done")
		},
		Probe: probeRoles,
		Run:   runRoles,
		Undo:  undoRoles,
		UndoCommands: func(in Inputs) []string {
			return roleCommands(in, "delete")
		},
	}
}

func roleCommands(in Inputs, verb string) []string {
	pod, operator := variable("USER_ASSIGNED_PRINCIPAL_ID"), variable("OPERATOR_OBJECT_ID")
	var commands []string
	if verb == "create" {
		commands = append(commands, capture("OPERATOR_OBJECT_ID", "az", "ad", "signed-in-user", "show", "--query", "id", "--output", "tsv"))
	}
	add := func(role role, principal, kind, scope string) {
		command := []string{"az", "role", "assignment", verb, "--role", role.name, "--assignee-object-id", principal}
		switch {
		case in.ManagedHSM != "":
			command = []string{"az", "keyvault", "role", "assignment", verb, "--hsm-name", in.ManagedHSM, "--role", role.name, "--assignee-object-id", principal, "--scope", scope}
		case verb == "create":
			command = append(command, "--assignee-principal-type", kind, "--scope", variable("AKV_SCOPE"))
		default:
			command = []string{"az", "role", "assignment", verb, "--role", role.name, "--assignee", principal, "--scope", variable("AKV_SCOPE")}
		}
		commands = append(commands, sh(command...))
	}
	for _, role := range podRoles(in) {
		add(role, pod, "ServicePrincipal", "/keys/"+in.Key)
	}
	for _, role := range operatorRoles(in) {
		add(role, operator, "User", "/keys")
	}
	return commands
}

// grant is a role for somebody.
type grant struct {
	role  role
	who   string // for people
	hsm   string // the HSM's URI, where the role is local to it
	wants azure.RoleAssignment
}

// grants are the role assignments the run needs. A repeated run names them the same, so that
// nothing is assigned twice.
func grants(r *Run) []grant {
	in, out := r.Inputs(), r.Outputs()
	var list []grant
	add := func(role role, who, principal, kind, local string) {
		g := grant{role: role, who: who}
		scope := out.VaultID
		if in.ManagedHSM != "" {
			g.hsm, scope = out.VaultURI, local
		}
		g.wants = azure.RoleAssignment{
			Name: assignmentName(out.VaultID+scope, role.id, principal), Scope: scope,
			RoleID: role.id, PrincipalID: principal, PrincipalType: kind,
		}
		list = append(list, g)
	}
	for _, role := range podRoles(in) {
		add(role, "the pod's identity "+in.Identity, out.PrincipalID, "ServicePrincipal", "/keys/"+in.Key)
	}
	for _, role := range operatorRoles(in) {
		add(role, out.AccountName, out.AccountObjectID, out.AccountType, "/keys")
	}
	return list
}

func assignmentName(scope, role, principal string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(strings.ToLower(scope+"|"+role+"|"+principal))).String()
}

func (g grant) resource() Resource {
	return Resource{
		Kind: "role assignment", Name: g.role.name + " for " + g.who,
		ID: g.hsm + g.wants.Scope + "/providers/Microsoft.Authorization/roleAssignments/" + g.wants.Name,
		In: vaultKind,
	}
}

// present tells whether the role is assigned, by whomever.
func (g grant) present(ctx context.Context, r *Run) (bool, error) {
	var found []azure.RoleAssignment
	var err error
	if g.hsm != "" {
		found, err = r.Azure().LocalRoleAssignments(ctx, g.hsm, g.wants.Scope, g.wants.PrincipalID)
	} else {
		found, err = r.Azure().RoleAssignments(ctx, g.wants.Scope, g.wants.PrincipalID)
	}
	if err != nil {
		return false, fmt.Errorf("list the roles of %s: %w", g.who, err)
	}
	return slices.ContainsFunc(found, func(a azure.RoleAssignment) bool { return strings.EqualFold(a.RoleID, g.wants.RoleID) }), nil
}

func (g grant) create(ctx context.Context, r *Run) error {
	return r.Create(ctx, g.resource(), func(azure.LRO) error {
		var err error
		if g.hsm != "" {
			err = r.Azure().CreateLocalRoleAssignment(ctx, g.hsm, g.wants)
		} else {
			err = r.Azure().CreateRoleAssignment(ctx, g.wants)
		}
		if err != nil {
			return fmt.Errorf("assign %s to %s: %w", g.role.name, g.who, err)
		}
		return nil
	})
}

func (g grant) remove(ctx context.Context, r *Run) error {
	return r.Remove(ctx, g.resource(), func(azure.LRO) error {
		var err error
		if g.hsm != "" {
			if gone, err := vaultGone(ctx, r); err != nil || gone {
				return err // and its local roles with it
			}
			err = r.Azure().DeleteLocalRoleAssignment(ctx, g.hsm, g.wants.Scope, g.wants.Name)
		} else {
			err = r.Azure().DeleteRoleAssignment(ctx, g.wants.Scope, g.wants.Name)
		}
		if err != nil {
			return fmt.Errorf("remove %s from %s: %w", g.role.name, g.who, err)
		}
		return nil
	})
}

// probeRoles also asks whether the operator's role is in effect, not only whether it was assigned.
func probeRoles(ctx context.Context, r *Run) (bool, error) {
	for _, g := range grants(r) {
		if present, err := g.present(ctx, r); err != nil || !present {
			return false, err
		}
	}
	_, err := r.Azure().Keys(ctx, r.Outputs().VaultURI)
	if forbidden(err) || unknownHost(err) {
		return false, nil
	}
	return err == nil, err
}

func runRoles(ctx context.Context, r *Run) error {
	for _, g := range grants(r) {
		present, err := g.present(ctx, r)
		if err != nil {
			return err
		}
		if present {
			continue
		}
		if err := g.create(ctx, r); err != nil {
			return err
		}
	}
	return proveOperatorRole(ctx, r)
}

// proveOperatorRole lists keys until the vault lets us. That the pod's role is in effect can only
// the pod itself prove.
func proveOperatorRole(ctx context.Context, r *Run) error {
	out := r.Outputs()
	err := untilAllowed(ctx, r, "the vault learns of the new roles; this takes minutes, rarely longer", func(ctx context.Context) error {
		_, err := r.Azure().Keys(ctx, out.VaultURI)
		return err
	})
	if errors.Is(err, errPatience) && forbidden(err) {
		return roleMissing(r, out.AccountName, out.AccountObjectID, out.AccountType, operatorRoles(r.Inputs())[0], err.Error())
	}
	if err != nil {
		return fmt.Errorf("list the keys of %s: %w", out.VaultURI, err)
	}
	return nil
}

// roleMissing is a vault that keeps refusing somebody for want of a role.
func roleMissing(r *Run, who, principal, kind string, role role, raw string) error {
	return &Problem{
		ID: "role-missing", Title: fmt.Sprintf("The vault does not accept the role %q of %s", role.name, who),
		Why:   "Role assignments can take long to take effect: Key Vault may go by what it remembers for up to 24 hours. Or somebody removed the assignment.",
		Cures: offer("again-roles"),
		Remedy: []string{
			"Look whether the assignment is there; if not, run again.",
			"If it is there, wait and run again: everything done so far stays done.",
		},
		Commands: mendRole(r, principal, kind, role),
		Links:    []string{"https://learn.microsoft.com/azure/role-based-access-control/troubleshooting#symptom---role-assignment-changes-are-not-being-detected"},
		Raw:      Sanitize(raw, maxRaw),
	}
}

// mendRole are the commands that look for a role and assign it. Those of an HSM are its own.
func mendRole(r *Run, principal, kind string, role role) []string {
	if hsm := r.Inputs().ManagedHSM; hsm != "" {
		return []string{
			sh("az", "keyvault", "role", "assignment", "list", "--hsm-name", hsm, "--assignee-object-id", principal, "--output", "table"),
			sh("az", "keyvault", "role", "assignment", "create", "--hsm-name", hsm, "--role", role.name, "--assignee-object-id", principal, "--scope", "/keys"),
		}
	}
	scope := r.Outputs().VaultID
	return []string{
		sh("az", "role", "assignment", "list", "--scope", scope, "--assignee", principal, "--output", "table"),
		sh("az", "role", "assignment", "create", "--role", role.name, "--assignee-object-id", principal, "--assignee-principal-type", kind, "--scope", scope),
	}
}

func undoRoles(ctx context.Context, r *Run) error {
	if err := spareVault(ctx, r); err != nil {
		return err
	}
	for _, g := range grants(r) {
		if err := g.remove(ctx, r); err != nil {
			return err
		}
	}
	return nil
}
