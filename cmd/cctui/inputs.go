package main

import (
	"cmp"
	"strings"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/sandbox"
)

// settings are everything a user may choose: what the walkthrough does, and how this program goes about it.
type settings struct {
	actions.Inputs

	Auto    bool
	From    string
	NoMouse bool
	Yes     bool
	Auth    string
	Client  string

	Output  string
	Quiet   bool
	Verbose bool

	Sandbox        bool
	SandboxProfile string
	SandboxScale   float64
	SandboxFaults  []string
}

// group says which commands an input belongs to.
type group int

const (
	general     group = iota // how the program speaks
	account                  // who signs in, and to what
	where                    // a real subscription, or the sandbox
	world                    // what the sandbox is like
	walkthrough              // what the walkthrough makes, and of what
	mode                     // of the root command only
	removal                  // of cleanup only
)

// input is one thing a user may choose. Its key makes the flag --key, the variable CCTUI_KEY
// and the key of the config file.
type input struct {
	key   string
	group group
	help  string
	// choices are the words it takes; none: any, or checked by actions.
	choices []string
	// variable is one that other programs use for the same thing; CCTUI_KEY goes before it.
	variable string
	// field is where the value is kept: *string, *int, *bool, *float64, *time.Duration or *[]string.
	field func(*settings) any
}

// inputs is the one table of them, in the order of the article.
func inputs() []input {
	return []input{
		{key: "auto", group: mode, help: "run the whole walkthrough without a terminal; never asks",
			field: func(s *settings) any { return &s.Auto }},
		{key: "from", group: mode, help: "run again from this step, with all that depends on it, although it is done; cctui plan lists the steps", choices: stepIDs(),
			field: func(s *settings) any { return &s.From }},
		{key: "no-mouse", group: mode, help: "leave the mouse to the terminal",
			field: func(s *settings) any { return &s.NoMouse }},
		{key: "yes", group: removal, help: "remove without asking for the cluster's name",
			field: func(s *settings) any { return &s.Yes }},

		{key: "output", group: general, help: "how results are written: text or json (one object a line); plan also writes sh", choices: []string{"text", "json", "sh"},
			field: func(s *settings) any { return &s.Output }},
		{key: "quiet", group: general, help: "only the result",
			field: func(s *settings) any { return &s.Quiet }},
		{key: "verbose", group: general, help: "what the steps are doing, too",
			field: func(s *settings) any { return &s.Verbose }},

		{key: "sandbox", group: where, help: "Azure, Kubernetes and Kafka on loopback: no account, no cost",
			field: func(s *settings) any { return &s.Sandbox }},
		{key: "sandbox-profile", group: world, help: "how long things take in the sandbox: instant, demo or azure (default instant; on the screens, demo)", choices: []string{sandbox.ProfileInstant, sandbox.ProfileDemo, sandbox.ProfileAzure},
			field: func(s *settings) any { return &s.SandboxProfile }},
		{key: "sandbox-scale", group: world, help: "multiplies the durations of the sandbox's profile",
			field: func(s *settings) any { return &s.SandboxScale }},
		{key: "sandbox-fault", group: world, help: "let something go wrong in the sandbox, repeatable (see sandbox --help)", choices: faultNames(),
			field: func(s *settings) any { return &s.SandboxFaults }},

		{key: "auth", group: account, help: "how to sign in: " + strings.Join(signInMethods(), ", "), choices: signInMethods(),
			field: func(s *settings) any { return &s.Auth }},
		{key: "client-id", group: account, help: "application or managed identity to sign in as", variable: "AZURE_CLIENT_ID",
			field: func(s *settings) any { return &s.Client }},
		{key: "subscription", group: account, help: "subscription, by id or name; needed where there are several", variable: "AZURE_SUBSCRIPTION_ID",
			field: func(s *settings) any { return &s.Subscription }},
		{key: "tenant", group: account, help: "Entra tenant, by id or domain", variable: "AZURE_TENANT_ID",
			field: func(s *settings) any { return &s.Tenant }},
		{key: "location", group: walkthrough, help: "Azure region",
			field: func(s *settings) any { return &s.Location }},
		{key: "resource-group", group: walkthrough, help: "resource group",
			field: func(s *settings) any { return &s.ResourceGroup }},

		{key: "cluster", group: walkthrough, help: "name of the new cluster",
			field: func(s *settings) any { return &s.Cluster }},
		{key: "existing-cluster", group: walkthrough, help: "use this cluster instead of a new one; it gets a node pool of its own",
			field: func(s *settings) any { return &s.ExistingCluster }},
		{key: "cluster-resource-group", group: walkthrough, help: "resource group of the existing cluster, where it is another",
			field: func(s *settings) any { return &s.ClusterGroup }},
		{key: "kubernetes-version", group: walkthrough, help: "Kubernetes of a new cluster; empty: the newest for confidential nodes",
			field: func(s *settings) any { return &s.KubernetesVersion }},
		{key: "system-vm-size", group: walkthrough, help: "VM size of a new cluster's system pool",
			field: func(s *settings) any { return &s.SystemVMSize }},
		{key: "node-pool", group: walkthrough, help: "name of the confidential node pool",
			field: func(s *settings) any { return &s.Pool }},
		{key: "vm-size", group: walkthrough, help: "VM size of the confidential node pool",
			field: func(s *settings) any { return &s.VMSize }},
		{key: "nodes", group: walkthrough, help: "how many machines the confidential node pool has",
			field: func(s *settings) any { return &s.PoolNodes }},

		{key: "identity", group: walkthrough, help: "managed identity of the consumer",
			field: func(s *settings) any { return &s.Identity }},
		{key: "federated-credential", group: walkthrough, help: "federated credential of that identity",
			field: func(s *settings) any { return &s.FederatedCredential }},
		{key: "namespace", group: walkthrough, help: "Kubernetes namespace",
			field: func(s *settings) any { return &s.Namespace }},
		{key: "service-account", group: walkthrough, help: "service account of the consumer",
			field: func(s *settings) any { return &s.ServiceAccount }},

		{key: "vault", group: walkthrough, help: "name of the new key vault (Premium, RBAC)",
			field: func(s *settings) any { return &s.Vault }},
		{key: "existing-vault", group: walkthrough, help: "use this key vault instead of a new one",
			field: func(s *settings) any { return &s.ExistingVault }},
		{key: "managed-hsm", group: walkthrough, help: "use this Managed HSM instead of a key vault",
			field: func(s *settings) any { return &s.ManagedHSM }},
		{key: "roles", group: walkthrough, help: "what the identity may do: least (only release keys), or article (its pair of roles)",
			field: func(s *settings) any { return &s.Roles }},
		{key: "soft-deleted", group: walkthrough, help: "where a vault or key of that name is soft-deleted: fail, recover or purge",
			field: func(s *settings) any { return &s.SoftDeleted }},
		{key: "attestation-endpoint", group: walkthrough, help: "host name of a shared attestation provider, instead of one of the run's own",
			field: func(s *settings) any { return &s.AttestationEndpoint }},
		{key: "attestation-provider", group: walkthrough, help: "name of the run's own attestation provider",
			field: func(s *settings) any { return &s.AttestationProvider }},
		{key: "key", group: walkthrough, help: "name of the key",
			field: func(s *settings) any { return &s.Key }},

		{key: "topic", group: walkthrough, help: "Kafka topic",
			field: func(s *settings) any { return &s.Topic }},
		{key: "message", group: walkthrough, help: "what the producer says, encrypted",
			field: func(s *settings) any { return &s.Message }},
		{key: "expose", group: walkthrough, help: "who can reach the page with the decrypted text: cluster, internal or public (plain HTTP)",
			field: func(s *settings) any { return &s.Expose }},
		{key: "consumer-image", group: walkthrough, help: "image of the consumer",
			field: func(s *settings) any { return &s.ConsumerImage }},
		{key: "producer-image", group: walkthrough, help: "image of the producer",
			field: func(s *settings) any { return &s.ProducerImage }},
		{key: "sidecar-image", group: walkthrough, help: "image of the secure key release sidecar",
			field: func(s *settings) any { return &s.SidecarImage }},

		{key: "install-extensions", group: walkthrough, help: "add or update the az extensions that are missing or old",
			field: func(s *settings) any { return &s.InstallExtensions }},
		{key: "patience", group: walkthrough, help: "how long to wait for what takes effect late, such as a role; less in the sandbox",
			field: func(s *settings) any { return &s.Patience }},
		{key: "keep-for", group: walkthrough, help: "remind me to clean up after this long, e.g. 2h",
			field: func(s *settings) any { return &s.KeepFor }},
	}
}

// withDefaults fills what nobody chose. The names made here end in suffix.
func (s settings) withDefaults(suffix string) settings {
	s.Inputs = s.Inputs.WithDefaults(suffix)
	s.Auth = cmp.Or(s.Auth, "cli")
	s.Output = cmp.Or(s.Output, "text")
	s.SandboxScale = cmp.Or(s.SandboxScale, 1)
	return s
}

// signInMethods are the values of --auth.
func signInMethods() []string {
	return []string{"cli", "device-code", "browser", "environment", "workload-identity", "managed-identity"}
}

// stepIDs are the values of --from.
func stepIDs() (ids []string) {
	for _, s := range actions.Steps() {
		ids = append(ids, s.ID)
	}
	return ids
}

// faultNames are the values of --sandbox-fault; an argument may follow after an equals sign.
func faultNames() (names []string) {
	for _, fault := range sandbox.Faults() {
		names = append(names, fault.Name)
	}
	return names
}

// profile is how long things take in a sandbox of one's own.
func (s settings) profile() string {
	if s.Auto {
		return cmp.Or(s.SandboxProfile, sandbox.ProfileInstant)
	}
	return cmp.Or(s.SandboxProfile, sandbox.ProfileDemo)
}

// conditions tells whether the user asked for a sandbox that behaves in some way of its own.
func (c choice) conditions() bool {
	return c.SandboxProfile != "" || c.SandboxScale != 0 || len(c.SandboxFaults) > 0
}
