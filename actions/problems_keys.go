package actions

import "github.com/cctui/cctui/skr"

// keyProblems are a key vault's, met by the operator.
// Sources: learn.microsoft.com, Key Vault REST API error codes; the AKV.SKR codes of its release errors.
var keyProblems = []row{
	{
		id:     "vault-standard",
		when:   []match{{text: says(`AKV\.SKR\.100[16]`, `only .{0,40}premium`, `HSM.{0,60}not (?:supported|allowed|available).{0,40}standard`, `standard .{0,60}HSM`)}},
		title:  "The vault is of the Standard tier",
		why:    "Keys that can be released live in an HSM, which only Premium vaults and Managed HSMs have.",
		remedy: []string{"Use a Premium vault: leave --existing-vault out, and cctui makes one.", "Or change the vault's tier; it takes effect at once."},
		commands: []string{
			"az keyvault update --name <existing-vault> --set properties.sku.name=premium",
		},
		links: []string{"https://learn.microsoft.com/azure/key-vault/keys/about-keys", "https://github.com/Azure/azure-sdk-for-python/issues/29945"},
	},
	{
		id:     "release-policy-missing",
		when:   []match{{text: says(`AKV\.SKR\.100[45]`, `Exportable keys must have release policy`)}},
		title:  "The vault wants a release policy with an exportable key",
		why:    "A key without one could be released to anybody, or to nobody.",
		remedy: []string{"Remove the key and run again: cctui makes it with its policy."},
		links:  []string{linkReleasePolicy},
	},
	{
		id:     "release-policy-fixed",
		when:   []match{{text: says(`AKV\.SKR\.(?:1003|1014|1016|1020)`, `immutable .{0,40}release policy`)}},
		title:  "The key's release policy cannot be changed any more",
		why:    "It was made immutable, or belongs to one version only.",
		remedy: []string{"Choose another name with --key."},
		links:  []string{linkReleasePolicy},
	},
	{
		id:    "key-deleted",
		when:  []match{{codes: []string{"ObjectIsDeletedButRecoverable", "ObjectIsBeingDeleted"}}, {text: says(`currently in a deleted but recoverable state`)}},
		title: "A deleted key of this name is still kept",
		why:   "Vaults keep deleted keys for a while, and the name with them.",
		cures: []string{"recover-key", "purge-key"},
		remedy: []string{
			"Run again with --soft-deleted recover to take it back, or with --soft-deleted purge to let it go for good.",
			"Or choose another name with --key.",
		},
		commands: []string{recoverKey, purgeKey},
		links:    []string{linkSoftDelete},
	},
	{
		id:    "vault-deleted",
		when:  []match{{text: says(`vault with the same name already exists in deleted state`, `vault .{0,60}soft.deleted`)}},
		title: "A deleted vault of this name is still kept",
		why:   "Azure keeps deleted vaults for up to 90 days, and the name with them.",
		cures: []string{"recover-vault", "purge-vault"},
		remedy: []string{
			"Run again with --soft-deleted recover to take it back, or with --soft-deleted purge to let it go for good.",
			"Or choose another name with --vault.",
		},
		commands: []string{
			"az keyvault recover --name <vault> --location <location>",
			"az keyvault purge --name <vault> --location <location>",
		},
		links: []string{linkSoftDelete},
	},
	{
		id:     "purge-protected",
		when:   []match{{text: says(`purge.?protect`), codes: []string{"MethodNotAllowed", "BadRequest", "Forbidden", "NotAllowed"}}},
		title:  "The vault protects what is deleted from being purged",
		why:    "Somebody switched purge protection on; it cannot be switched off.",
		remedy: []string{"Recover it with --soft-deleted recover, or choose another name."},
		links:  []string{linkSoftDelete},
	},
	{
		id:       "vault-access-policy",
		when:     []match{{codes: []string{"ForbiddenByPolicy", "AccessDenied"}}},
		title:    "The vault goes by access policies, not by roles",
		why:      "Roles assigned on such a vault have no effect, neither for the account nor for the pod's identity.",
		remedy:   []string{"Use a vault in RBAC mode: leave --existing-vault out, and cctui makes one.", "Or switch the vault over, once its access policies are written down as roles."},
		commands: []string{"az keyvault update --name <existing-vault> --enable-rbac-authorization true"},
		links:    []string{"https://learn.microsoft.com/azure/key-vault/general/rbac-migration"},
	},
	{
		id:       "vault-firewall",
		when:     []match{{codes: []string{"ForbiddenByFirewall", "ForbiddenByConnection"}}},
		title:    "The vault's firewall refuses this address",
		why:      "It allows chosen networks or private links only.",
		remedy:   []string{"Run cctui from an allowed network, or allow this machine's address."},
		commands: []string{"az keyvault network-rule list --name <vault>"},
		links:    []string{"https://learn.microsoft.com/azure/key-vault/general/network-security"},
	},
	{
		id:       "no-role-permission",
		class:    ClassAvailability,
		when:     []match{{codes: []string{"ForbiddenByRbac"}, text: says(`roleAssignments/write`)}},
		title:    "The account may not assign roles in the Managed HSM",
		why:      "The pod's identity needs a local role there, and roles of the subscription do not include giving it.",
		remedy:   []string{"Ask an administrator of the HSM for Managed HSM Policy Administrator."},
		commands: []string{"az keyvault role assignment list --hsm-name <managed-hsm> --output table"},
		links:    []string{"https://learn.microsoft.com/azure/key-vault/managed-hsm/built-in-roles"},
	},
	{
		id:     "role-missing",
		retry:  true,
		when:   []match{{codes: []string{"ForbiddenByRbac"}}},
		title:  "A role on the vault is missing",
		why:    "A new role assignment takes minutes to be known everywhere, for managed identities now and then hours; one that was given to a name instead of an object id never works.",
		cures:  []string{"again-roles"},
		remedy: []string{"If the role was assigned just now, wait and run the same command again: cctui waits for it by itself.", "Otherwise assign it; the command names who lacks what."},
		links:  []string{linkRBAC},
		detail: whoLacksRole,
	},
	{
		id:       "vault-elsewhere",
		when:     []match{{codes: []string{"VaultNotFound"}}, {text: says(`akv resource endpoint doesn.t exist`)}},
		title:    "There is no such vault in this subscription",
		why:      "The name is wrong, or the vault is in another subscription.",
		remedy:   []string{"Check --existing-vault or --managed-hsm, and --subscription."},
		commands: []string{"az keyvault list --output table"},
	},
}

const (
	recoverKey = "az keyvault key recover --vault-name <vault> --name <key>"
	purgeKey   = "az keyvault key purge --vault-name <vault> --name <key>"
)

// releaseProblems are those of the sidecar on its way to the key. It answers 403 to all of them:
// what the service behind it said tells them apart.
var releaseProblems = []row{
	{
		id:     "debuggable-guest",
		when:   []match{{text: says(`is-debuggable.{0,40}\btrue\b`, `guest (?:is|was) debuggable`)}},
		title:  "The pod's virtual machine may be debugged",
		why:    "Whoever runs the host could read its memory, so the release policy refuses it.",
		remedy: []string{"Use nodes whose confidential guests are not debuggable; a released node image never is.", "Make the node pool again."},
		links:  []string{linkSidecar, linkReleasePolicy},
	},
	{
		id:     "policy-drift",
		when:   []match{{text: says(`hostdata.{0,200}\b(?:differs?|is not|mismatch|wants?)\b`)}},
		title:  "The running pod has another security policy than the key demands",
		why:    "The policy's hash is in the pod's attestation report (hostdata) and in the key's release policy, and they differ: the manifest was changed after the key was made.",
		cures:  []string{"again-policy"},
		remedy: []string{"Run again: cctui generates the policy anew and makes a key version for it.", "Nothing may change the pod between generation and deployment, webhooks included."},
		commands: []string{
			"kubectl get pod kafka-golang-consumer --namespace <namespace> --output jsonpath='{.metadata.annotations.io\\.katacontainers\\.config\\.agent\\.policy}' | base64 --decode | sha256sum",
			"az keyvault key show --vault-name <vault> --name <key> --query releasePolicy",
		},
		links: []string{linkSidecar},
	},
	{
		id:       "wrong-authority",
		when:     []match{{text: says(`token'?s? issuer .{0,80}not .{0,40}authority`, `authority .{0,80}(?:does not match|differs|is not)`, `no authority of the (?:release )?policy`)}},
		title:    "The release policy names another attestation service",
		why:      "The vault trusts the service whose address is the policy's authority, to the letter; the pod was attested by another.",
		cures:    []string{"again-attestation"},
		remedy:   []string{"Make the key again with the attestation service that the pod uses: remove the key and run again."},
		commands: []string{"az keyvault key show --vault-name <vault> --name <key> --query releasePolicy"},
		links:    []string{linkReleasePolicy, linkSidecar},
	},
	{
		id:     "attestation-unreachable",
		retry:  true,
		when:   []match{{text: says(`attestation service .{0,200}cannot be reached`)}},
		title:  "The vault cannot reach the attestation service",
		why:    "It reads the service's signing keys to check the pod's token, and did not get them.",
		remedy: []string{"Wait a moment, and run the same command again.", "If it stays so, compare the release policy's authority with the service's name."},
		links:  []string{linkReleasePolicy},
	},
	{
		id:    "key-not-released",
		when:  []match{{stages: []skr.Stage{skr.StageVault}, statuses: []int{403}}},
		title: "The vault did not release the key to the pod",
		why:   "The pod's attestation does not meet the key's release policy, or the identity lacks the role to release.",
		remedy: []string{
			"Compare three hashes: of the policy in the pod's annotation, hostdata in the key's release policy, and hostdata in the pod's token.",
			"Compare the token's issuer with the policy's authority.",
			"Check that the identity has Key Vault Crypto Service Release User on the vault.",
		},
		commands: []string{
			"az keyvault key show --vault-name <vault> --name <key> --query releasePolicy",
			"kubectl logs kafka-golang-consumer --namespace <namespace> --container skr",
		},
		links: []string{linkSidecar, linkReleasePolicy},
	},
	{
		id:       "key-not-found",
		when:     []match{{stages: []skr.Stage{skr.StageVault}, statuses: []int{404}}},
		title:    "The pod asked for a key that does not exist",
		why:      "The key's name in the pod (SkrClientKID) is wrong, or the key was deleted.",
		remedy:   []string{"Check the key's name; if it was deleted, recover it or run again with another --key."},
		commands: []string{"az keyvault key list --vault-name <vault> --output table", recoverKey},
		links:    []string{linkSidecar},
	},
	{
		id:     "endpoint-unknown",
		when:   []match{{text: says(`no such host`), stages: []skr.Stage{skr.StageVault, skr.StageAttestation}}},
		title:  "The pod was given a host name that does not exist",
		why:    "The vault's or the attestation service's name in the manifest is wrong: a placeholder, a test host, or with https:// before it.",
		remedy: []string{"Set the name right; then policy, key and deployment have to be made again: run again."},
		links:  []string{linkSidecar},
	},
	{
		id:     "attestation-refused",
		when:   []match{{stages: []skr.Stage{skr.StageAttestation}, statuses: []int{400, 401, 403}}},
		title:  "The attestation service refused the pod's report",
		why:    "The report is not signed by AMD hardware that the service knows, or a policy of the attestation provider denies it. A pod outside a confidential guest ends here too.",
		remedy: []string{"Check that the pod runs with the runtime class kata-cc-isolation.", "If the provider has a policy of its own, read what it demands."},
		commands: []string{
			"kubectl get pod kafka-golang-consumer --namespace <namespace> --output jsonpath='{.spec.runtimeClassName}'",
			"az attestation policy show --name <attestation-provider> --resource-group <resource-group> --attestation-type SEVSNPVM",
		},
		links: []string{linkSidecar},
	},
	{
		id:     "certificates-missing",
		when:   []match{{text: says(`certificate endpoint not set`, `failed to retrieve thim`, `THIM.{0,80}(?:fail|refus|unreach|timeout)`)}},
		title:  "The sidecar has no certificates for the processor",
		why:    "It reads them from the node's metadata service; started as /bin/skr it does not know where that is, because only /skr.sh reads SkrSideCarArgs.",
		cures:  []string{"again-consumer"},
		remedy: []string{"Start the sidecar as /skr.sh, which is cctui's default, and generate policy and key again.", "If it is /skr.sh already, restart the pod: the metadata service may have been late."},
		links:  []string{linkSidecar},
	},
	{
		id:       "no-sidecar",
		when:     []match{{text: says(`(?:localhost|127\.0\.0\.1|\[::1\]):8080.{0,80}connection refused`, `no container skr`, `container skr (?:is|was) not`)}},
		title:    "The consumer's pod has no sidecar that answers",
		why:      "The key comes from the container skr in the same pod. It is missing, or has not started.",
		cures:    []string{"again-consumer"},
		remedy:   []string{"See whether the pod has the container skr; something may have removed it at admission.", "If it is there, restart the pod."},
		commands: []string{"kubectl get pod kafka-golang-consumer --namespace <namespace> --output jsonpath='{.spec.containers[*].name}'", restartConsumer},
		links:    []string{linkSidecar},
	},
	{
		id:       "consumer-raced",
		when:     []match{{text: says(`not able to retrieve key`, `unable to retrieve key from SKR`)}},
		title:    "The consumer asked for its key before the sidecar was ready",
		why:      "It asks once, when it joins its group, and shows ciphertext for ever if that fails.",
		cures:    []string{"again-consumer"},
		remedy:   []string{"Restart the pod: run the same command again."},
		commands: []string{restartConsumer},
		links:    []string{linkSidecar},
	},
}

const restartConsumer = "kubectl delete pod kafka-golang-consumer --namespace <namespace>"
