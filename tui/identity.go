package tui

import "github.com/cctui/cctui/actions"

// identity is the screen of who the consumer is in Azure.
func identity() screen {
	return screen{
		id: actions.ScreenIdentity, title: "Identity",
		about: "The consumer's service account may act as a managed identity. No secret changes hands: Azure trusts the cluster's tokens.",
		fields: []field{
			{key: "identity", label: "identity", help: "Managed identity of the consumer.",
				at: func(in *actions.Inputs) any { return &in.Identity }},
			{key: "federated-credential", label: "federated credential", help: "Name of the trust between that identity and the service account.",
				at: func(in *actions.Inputs) any { return &in.FederatedCredential }},
			{key: "namespace", label: "namespace", help: "Kubernetes namespace of the pods and of Kafka.",
				at: func(in *actions.Inputs) any { return &in.Namespace }},
			{key: "service-account", label: "service account", help: "The consumer's. Issuer, this name and audience must match in Azure.",
				at: func(in *actions.Inputs) any { return &in.ServiceAccount }},
		},
		findings: []finding{
			{"identity", "client id", func(o actions.Outputs) string { return o.ClientID }},
			{"identity", "principal id", func(o actions.Outputs) string { return o.PrincipalID }},
		},
	}
}
