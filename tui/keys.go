package tui

import (
	"strings"

	"github.com/cctui/cctui/actions"
)

// keys is the screen of the key and of what it is bound to.
func keys() screen {
	return screen{
		id: actions.ScreenKeys, title: "Keys",
		about: "A key that leaves its HSM only into a pod that proves, by attestation, that it runs exactly what was measured.",
		fields: []field{
			{key: "vault", label: "key vault", help: "Name of the new vault: Premium, roles instead of access policies. Unique in all of Azure.",
				at: func(in *actions.Inputs) any { return &in.Vault }},
			{key: "existing-vault", label: "existing vault", help: "Use this key vault instead of a new one.",
				at: func(in *actions.Inputs) any { return &in.ExistingVault }},
			{key: "managed-hsm", label: "managed HSM", help: "Use this Managed HSM instead of a key vault.",
				at: func(in *actions.Inputs) any { return &in.ManagedHSM }},
			{key: "roles", label: "roles", help: "least: the identity may release keys and nothing else. article: its pair, Crypto Officer and Crypto User.",
				choices: []string{actions.RolesLeast, actions.RolesArticle}, at: func(in *actions.Inputs) any { return &in.Roles }},
			{key: "soft-deleted", label: "if soft-deleted", help: "A vault or key of this name lies deleted and still holds it: fail, recover it, or purge it for good.",
				choices: []string{actions.SoftDeletedFail, actions.SoftDeletedRecover, actions.SoftDeletedPurge}, at: func(in *actions.Inputs) any { return &in.SoftDeleted }},
			{key: "attestation-endpoint", label: "shared attestation", help: "Host of a shared provider, e.g. sharedeus.eus.attest.azure.net. Empty: an own provider is made.",
				at: func(in *actions.Inputs) any { return &in.AttestationEndpoint }},
			{key: "attestation-provider", label: "own attestation", help: "Name of the own attestation provider. Unique in the region.",
				at: func(in *actions.Inputs) any { return &in.AttestationProvider }},
			{key: "key", label: "key", help: "Name of the RSA-HSM key.",
				at: func(in *actions.Inputs) any { return &in.Key }},
		},
		findings: []finding{
			{"vault", "vault", func(o actions.Outputs) string { return strings.TrimPrefix(o.VaultURI, "https://") }},
			{"attestation", "authority", func(o actions.Outputs) string { return strings.TrimPrefix(o.Authority, "https://") }},
			{"policy", "measurement", func(o actions.Outputs) string { return o.Measurement }},
			{"key", "key", func(o actions.Outputs) string { return last(o.KeyID) }},
			{"key", "id", func(o actions.Outputs) string { return o.KeyID }},
			{"public-key", "PEM", func(o actions.Outputs) string { return secondLine(o.PublicKey) }},
		},
	}
}

// secondLine of a PEM is the first that differs from key to key.
func secondLine(pem string) string {
	lines := strings.Split(pem, "\n")
	if len(lines) < 2 {
		return ""
	}
	return lines[1]
}
