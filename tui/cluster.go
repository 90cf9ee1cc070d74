package tui

import "github.com/cctui/cctui/actions"

// cluster is the screen of the AKS cluster.
func cluster() screen {
	return screen{
		id: actions.ScreenCluster, title: "Cluster",
		about: "An AKS cluster whose tokens others can verify: OIDC issuer and workload identity are on.",
		fields: []field{
			{key: "resource-group", label: "resource group", help: "Holds everything this run makes. It goes with the cleanup if the run made it.",
				at: func(in *actions.Inputs) any { return &in.ResourceGroup }},
			{key: "cluster", label: "cluster", help: "Name of the new cluster.",
				at: func(in *actions.Inputs) any { return &in.Cluster }},
			{key: "existing-cluster", label: "existing cluster", help: "Use this cluster instead of a new one. It is checked, gets a node pool of its own, and stays.",
				at: func(in *actions.Inputs) any { return &in.ExistingCluster }},
			{key: "cluster-resource-group", label: "its resource group", help: "Resource group of the existing cluster, where it is another.",
				at: func(in *actions.Inputs) any { return &in.ClusterGroup }},
			{key: "kubernetes-version", label: "Kubernetes", help: "Version of a new cluster. Empty: the newest on offer that confidential nodes are known to run on.",
				at: func(in *actions.Inputs) any { return &in.KubernetesVersion }},
			{key: "system-vm-size", label: "system VM size", help: "Machines of a new cluster's system pool. They run nothing confidential.",
				at: func(in *actions.Inputs) any { return &in.SystemVMSize }},
		},
		findings: []finding{
			{"resource-group", "group", func(o actions.Outputs) string { return last(o.ResourceGroup) }},
			{"cluster", "version", func(o actions.Outputs) string { return prefixed("Kubernetes ", o.ClusterVersion) }},
			{"cluster", "issuer", func(o actions.Outputs) string { return o.IssuerURL }},
			{"credentials", "API server", func(o actions.Outputs) string { return o.APIServer }},
		},
	}
}
