package actions

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/cctui/cctui/azure"
)

// federationProblems are refusals of a pod that wants to sign in as the managed identity.
// Source: learn.microsoft.com, Microsoft Entra authentication and authorization error codes.
var federationProblems = []row{
	{
		id:       "federated-subject-case",
		when:     []match{{text: says(`AADSTS7002138`)}},
		title:    "The federated credential names the service account in other letter case",
		why:      "Subjects are compared letter by letter, upper and lower case included.",
		cures:    []string{"again-federated-credential"},
		remedy:   []string{"Remove the federated credential and run again: cctui makes it with the right subject."},
		commands: []string{showFederation, dropFederation},
		links:    []string{"https://github.com/Azure/login/issues/517"},
	},
	{
		id:    "federated-subject",
		when:  []match{{text: says(`AADSTS700213\b`, `AADSTS70021\b`)}},
		title: "No federated credential is for the pod's service account",
		why:   "The token's subject must equal the credential's: system:serviceaccount:<namespace>:<service-account>. A new credential takes a minute or two to be known everywhere.",
		cures: []string{"again-federated-credential"},
		remedy: []string{
			"Compare the credential's subject with the pod's namespace and service account.",
			"If they are equal, wait two minutes and restart the pod; if it stays, remove the credential and run again.",
		},
		commands: []string{showFederation, dropFederation},
		links:    []string{linkFederation, "https://github.com/Azure/azure-workload-identity/issues/1200"},
	},
	{
		id:       "federated-issuer",
		when:     []match{{text: says(`AADSTS700211`)}},
		title:    "The federated credential trusts another cluster's issuer",
		why:      "The token's issuer must equal the credential's, including the slash at its end. A cluster that was made again has a new issuer.",
		cures:    []string{"again-federated-credential"},
		remedy:   []string{"Remove the federated credential and run again: cctui makes it with the cluster's present issuer."},
		commands: []string{"az aks show --resource-group <resource-group> --name <cluster> --query oidcIssuerProfile.issuerUrl", showFederation, dropFederation},
		links:    []string{linkFederation, "https://github.com/Azure/azure-workload-identity/issues/1200"},
	},
	{
		id:       "federated-audience",
		when:     []match{{text: says(`AADSTS700212`)}},
		title:    "The federated credential wants another audience",
		why:      "The audience of both sides must be api://AzureADTokenExchange.",
		cures:    []string{"again-federated-credential"},
		remedy:   []string{"Remove the federated credential and run again: cctui makes it with the right audience."},
		commands: []string{showFederation, dropFederation},
		links:    []string{linkFederation},
	},
	{
		id:       "issuer-unreachable",
		when:     []match{{text: says(`AADSTS90061`)}},
		title:    "Microsoft Entra cannot read the cluster's signing keys",
		why:      "The cluster's OIDC issuer did not answer it.",
		remedy:   []string{"Let AKS set the cluster right, and run again."},
		commands: []string{"az aks update --resource-group <resource-group> --name <cluster>"},
		links:    []string{linkFederation},
	},
}

const (
	showFederation = "az identity federated-credential show --resource-group <resource-group> --identity-name <identity> --name <federated-credential>"
	dropFederation = "az identity federated-credential delete --resource-group <resource-group> --identity-name <identity> --name <federated-credential>"
)

// signInProblems are refusals of the operator.
var signInProblems = []row{
	{
		id:     "conditional-access",
		class:  ClassSignIn,
		when:   []match{{text: says(`AADSTS(?:50005|50076|50079|50158|53000|53001|53003)\b`)}, {text: says(`requires multifactor authentication`)}},
		title:  "The tenant's conditional access wants more of this sign-in",
		why:    "An administrator's rule asks for a second factor, a managed device or another place.",
		remedy: []string{"Sign in again in a browser, which can answer what the rule asks.", "If it is refused there too, ask the tenant's administrator."},
		commands: []string{
			"az login --tenant <tenant>",
		},
		links: []string{"https://learn.microsoft.com/entra/identity/conditional-access/troubleshoot-conditional-access"},
	},
	{
		id:       "sign-in-expired",
		class:    ClassSignIn,
		when:     []match{{text: says(`AADSTS(?:700082|70043|50173|700084)\b`)}},
		title:    "The sign-in has expired",
		why:      "Its refresh token is too old, or was revoked.",
		remedy:   []string{"Sign in again, and run the same command again."},
		commands: []string{"az login --tenant <tenant>"},
	},
	{
		id:     "client-secret",
		class:  ClassSignIn,
		when:   []match{{text: says(`AADSTS(?:7000215|7000222)\b`)}},
		title:  "The client secret is wrong or has expired",
		why:    "Microsoft Entra knows the application, but not with this secret.",
		remedy: []string{"Set AZURE_CLIENT_SECRET to the secret's value, not its id.", "If it has expired, make a new one."},
	},
	{
		id:     "tenant-unknown",
		class:  ClassSignIn,
		when:   []match{{text: says(`AADSTS(?:90002|900023)\b`)}},
		title:  "There is no such tenant",
		why:    "The id or domain given is not one of Microsoft Entra's.",
		remedy: []string{"Check --tenant and AZURE_TENANT_ID."},
	},
	{
		id:       "not-signed-in",
		class:    ClassSignIn,
		when:     []match{{text: says(`az login`, `no subscription found.*az account set`)}},
		title:    "Nobody is signed in",
		why:      "cctui uses the sign-in of the az command line, and there is none.",
		remedy:   []string{"Sign in, and run the same command again.", "Or choose another way with --auth."},
		commands: []string{"az login"},
	},
	{
		id:     "sign-in-unreadable",
		class:  ClassSignIn,
		when:   []match{{is: []error{azure.ErrSignIn}, text: says(`json decode error`, `something that is not JSON`)}},
		title:  "Somebody else answered the sign-in",
		why:    "What came back says yes, and is not what Microsoft Entra sends: a proxy's answer, or that of a network that wants somebody to sign in first.",
		remedy: []string{"Open any page in a browser on this machine, and do what the network asks for.", "Run the same command again."},
	},
	{
		id:       "sign-in-without-az",
		class:    ClassSignIn,
		when:     []match{{is: []error{azure.ErrSignIn}, text: says(`executable not found on path`)}},
		title:    "There is no az command line in the PATH",
		why:      "cctui signs in as az is signed in, and has its extension confcom generate the security policy, which nothing else can.",
		remedy:   []string{"Install it, sign in with it, and run the same command again.", "To see the walkthrough without it, and without an account: cctui --sandbox."},
		commands: []string{"az login"},
		links:    []string{linkInstallAz},
	},
	{
		id:     "sign-in-setting-missing",
		class:  ClassSignIn,
		when:   []match{{is: []error{azure.ErrSignIn}, text: says(`(?:missing|incomplete) environment variable`, `no (?:client|tenant) ID specified`, `no token file specified`)}},
		title:  "This way of signing in lacks a setting",
		why:    "It takes what it needs from variables such as AZURE_TENANT_ID and AZURE_CLIENT_ID; the one that is missing is named below.",
		remedy: []string{"Set it, and run the same command again.", "Or choose another way with --auth."},
	},
	{
		id:     "managed-identity-missing",
		class:  ClassSignIn,
		when:   []match{{is: []error{azure.ErrSignIn}, text: says(`sign in by managed-identity`)}},
		title:  "This machine gives no token for a managed identity",
		why:    "Only machines in Azure can, and only for an identity that is assigned to them.",
		remedy: []string{"Check that this machine is in Azure, and which identities it has; --client-id names one of several.", "Or choose another way with --auth."},
	},
	{
		id:       "subscription-unknown",
		class:    ClassSignIn,
		when:     []match{{codes: []string{"SubscriptionNotFound", "InvalidSubscriptionId"}}},
		title:    "The account cannot see this subscription",
		why:      "It does not exist, is in another tenant, or the account has no role in it.",
		remedy:   []string{"Choose one of the listed subscriptions with --subscription.", "If it is in another tenant, sign in there."},
		commands: []string{"az account list --all --output table"},
	},
	{
		id:     "subscription-disabled",
		class:  ClassAvailability,
		when:   []match{{codes: []string{"ReadOnlyDisabledSubscription", "SubscriptionNotRegistered", "DisabledSubscription"}}},
		title:  "The subscription is disabled",
		why:    "Nothing can be made in it: its spending limit is reached, or it has been cancelled.",
		remedy: []string{"Enable it again in the portal, or choose another one with --subscription."},
		links:  []string{"https://learn.microsoft.com/azure/cost-management-billing/manage/subscription-disabled"},
	},
}

// permissionProblems are what the account or an identity may not do.
var permissionProblems = []row{
	{
		id:       "principal-unknown",
		when:     []match{{codes: []string{"PrincipalNotFound"}}},
		title:    "The new identity is not known everywhere yet",
		why:      "Microsoft Entra copies it between its regions; that takes up to a few minutes.",
		remedy:   []string{"Wait a moment, and run the same command again."},
		retry:    true,
		commands: []string{"az identity show --resource-group <resource-group> --name <identity> --query principalId"},
	},
	{
		id:     "no-role-permission",
		class:  ClassAvailability,
		when:   []match{{codes: []string{"AuthorizationFailed", "LinkedAuthorizationFailed"}, text: says(`roleAssignments/write`)}},
		title:  "The account may not assign roles",
		why:    "The pod's identity needs a role on the key vault, and Contributor does not allow to give it.",
		remedy: []string{"Ask an owner of the subscription for Role Based Access Control Administrator, or User Access Administrator, on the resource group.", "Activate the role first, where it is only eligible (Privileged Identity Management)."},
		links:  []string{"https://learn.microsoft.com/azure/role-based-access-control/role-assignments-steps"},
		detail: whoMayNot,
	},
	{
		id:     "not-authorized",
		when:   []match{{codes: []string{"AuthorizationFailed", "LinkedAuthorizationFailed"}}},
		title:  "The account may not do this",
		why:    "It has no role that allows the action.",
		remedy: []string{"Ask an owner for a role that allows it: Contributor for making resources.", "If the role is new, sign in again and wait a few minutes."},
		links:  []string{"https://learn.microsoft.com/azure/role-based-access-control/troubleshooting"},
		detail: whoMayNot,
	},
	{
		id:     "policy-disallows",
		when:   []match{{codes: []string{"RequestDisallowedByPolicy"}}},
		title:  "A policy of the organisation forbids this",
		why:    "Azure Policy refused the resource; the policy's name stands below.",
		remedy: []string{"Ask whoever keeps the policies for an exemption, or choose a region, size or group that they allow."},
		links:  []string{"https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-policy-requestdisallowedbypolicy"},
	},
	{
		id:     "locked",
		when:   []match{{codes: []string{"ScopeLocked"}}},
		title:  "A lock forbids this",
		why:    "Somebody put a lock on the resource or its group, so that it is not changed or deleted by accident.",
		remedy: []string{"If it may go, remove the lock and run again."},
		commands: []string{
			"az lock list --resource-group <resource-group> --output table",
		},
	},
	{
		id:     "cluster-forbids",
		when:   []match{{text: says(`is forbidden: User "`, `cannot \w+ resource "[a-z]+" in API group`)}},
		title:  "The account may not do this in the cluster",
		why:    "The API server knows the account, and no role of the cluster's allows the action.",
		remedy: []string{"Ask for Azure Kubernetes Service RBAC Cluster Admin on the cluster, or a matching Kubernetes role."},
		commands: []string{
			"kubectl auth can-i --list --namespace <namespace>",
		},
		links: []string{"https://learn.microsoft.com/azure/aks/manage-azure-rbac"},
	},
	{
		id:     "cluster-refuses-sign-in",
		when:   []match{{text: says(`the server has asked for the client to provide credentials`, `^Unauthorized$`, `: Unauthorized$`)}},
		title:  "The cluster does not accept the credentials",
		why:    "They have expired, or the cluster wants a sign-in with Microsoft Entra.",
		cures:  []string{"fetch-credentials"},
		remedy: []string{"Run the same command again: cctui fetches new ones."},
		commands: []string{
			"az aks get-credentials --resource-group <resource-group> --name <cluster> --file -",
		},
		links: []string{"https://learn.microsoft.com/azure/aks/enable-authentication-microsoft-entra-id"},
	},
}

// clientAction is Resource Manager's sentence about a missing permission.
var clientAction = regexp.MustCompile(`(?i)client '([^']*)'(?: with object id '([^']*)')? does not have (?:authorization|permission) to perform action '([^']*)'(?: over scope '([^']*)')?`)

func whoMayNot(p *Problem, s symptom) {
	if m := clientAction.FindStringSubmatch(s.text); m != nil {
		p.Why = fmt.Sprintf("%s may not %s at %s. %s", Sanitize(m[1], maxLine), Sanitize(m[3], maxLine), Sanitize(m[4], maxLine), p.Why)
	}
}

// deniedCaller and deniedAction are lines of a key vault's refusal by role.
// Source: learn.microsoft.com, Key Vault authentication and access troubleshooting.
var (
	deniedCaller = regexp.MustCompile(`(?i)\boid=([0-9a-f-]{36})`)
	deniedAction = regexp.MustCompile(`(?i)Action: *'?(Microsoft\.KeyVault/[A-Za-z0-9/.]+)`)
)

// whoLacksRole tells which role is missing for whom. The pod asks for release, the account for all else.
func whoLacksRole(p *Problem, s symptom) {
	action := submatch(deniedAction, s.text)
	if action == "" {
		return
	}
	who := submatch(deniedCaller, s.text)
	if who == "" {
		who = "<object-id>"
	}
	role, command := lackedRole(action, who)
	p.Why = fmt.Sprintf("%s wanted %s, which the role %s would allow. %s", who, action, role.name, p.Why)
	p.Commands = append(p.Commands, command)
}

// lackedRole is the role that allows an action, and the command that gives it. Roles of a Managed HSM are its own.
func lackedRole(action, who string) (role, string) {
	lower := strings.ToLower(action)
	releases := strings.Contains(lower, "/release")
	if strings.Contains(lower, "/managedhsm/") {
		set := rolesOf(Inputs{ManagedHSM: "<managed-hsm>"})
		lacked := set.user
		switch {
		case releases:
			lacked = set.release
		case strings.Contains(lower, "/deletedkeys/"):
			lacked = set.officer
		}
		return lacked, "az keyvault role assignment create --hsm-name <managed-hsm> --assignee-object-id " + who + " --role " + sh(lacked.name) + " --scope /keys"
	}
	lacked, kind := rolesOf(Inputs{}).officer, ""
	if releases {
		lacked, kind = rolesOf(Inputs{}).release, " --assignee-principal-type ServicePrincipal"
	}
	return lacked, "az role assignment create --assignee-object-id " + who + kind + " --role " + lacked.id +
		` --scope "$(az keyvault show --name <vault> --query id --output tsv)"`
}

func submatch(re *regexp.Regexp, text string) string {
	m := re.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

// anySignInProblem is a refusal for a reason that no other row knows.
var anySignInProblem = []row{{
	id:       "sign-in-failed",
	when:     []match{{is: []error{azure.ErrSignIn}}},
	title:    "Signing in failed",
	why:      "There is no token; the reason stands below.",
	remedy:   []string{"Sign in again.", "Or choose another way with --auth."},
	commands: []string{"az login"},
}}
