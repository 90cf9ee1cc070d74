package tui

import (
	"strings"

	"github.com/cctui/cctui/actions"
)

// nodePool is the screen of the confidential node pool.
func nodePool() screen {
	return screen{
		id: actions.ScreenNodePool, title: "Node pool",
		about: "Nodes on which each pod gets a utility VM of its own, with memory that the host cannot read.",
		fields: []field{
			{key: "node-pool", label: "node pool", help: "Name of the confidential pool.",
				at: func(in *actions.Inputs) any { return &in.Pool }},
			{key: "vm-size", label: "VM size", help: "Machines with AMD SEV-SNP that can run child VMs: the DCas_cc_v5 and ECas_cc_v5 series.",
				at: func(in *actions.Inputs) any { return &in.VMSize }},
			{key: "nodes", label: "nodes", help: "How many. They are what costs most while it exists.",
				at: func(in *actions.Inputs) any { return &in.PoolNodes }},
		},
		findings: []finding{
			{"node-pool", "pool", func(o actions.Outputs) string { return last(o.PoolID) }},
			{"node-pool", "image", func(o actions.Outputs) string { return o.NodeImage }},
			{"runtime-class", "nodes", func(o actions.Outputs) string { return strings.Join(o.Nodes, ", ") }},
		},
	}
}
