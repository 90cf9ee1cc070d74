package actions

// Profile is what differs between platforms of confidential containers. No step asks which
// profile it has; it asks the profile for the value.
type Profile struct {
	Name             string // kata-cc
	RuntimeClass     string // kata-cc-isolation
	WorkloadRuntime  string // KataCcIsolation
	NodeSelector     string // label selector of its nodes
	FeatureNamespace string
	FeatureName      string
	OSSKU            string
	// NewestKubernetes is the newest minor version that its nodes are known for; empty: any.
	NewestKubernetes string
	// PolicyAnnotation holds the base64 of the security policy.
	PolicyAnnotation string
	ComplianceStatus string // the claim its guests are attested with
	SidecarImage     string
	SidecarCommand   []string
	SidecarLogLevel  string
	// ReferenceInfo is the guest's path of the UVM reference information; empty: nothing to mount.
	ReferenceInfo string
	// BootstrapServer is where the consumer finds Kafka; empty: the service's cluster name.
	BootstrapServer string
	// Retired is a plain word on the platform's announced end; empty: none.
	Retired string
}

// KataCC is the article's platform: AKS node pools whose pods run in SEV-SNP guests of their own.
//
// Sources: Azure/AgentBaker pkg/agent/baker.go for node label and runtime class,
// Azure/azure-cli-extensions src/aks-preview for the workload runtime, and
// microsoft/confidential-sidecar-containers for the sidecar. That kata-cc needs Azure Linux 2.0, and so
// Kubernetes 1.31 or older, is concluded from learn.microsoft.com (AKS OS version upgrades) and
// AgentBaker's e2e/validators_kata.go.
func KataCC() Profile {
	return Profile{
		Name:             "kata-cc",
		RuntimeClass:     "kata-cc-isolation",
		WorkloadRuntime:  "KataCcIsolation",
		NodeSelector:     "kubernetes.azure.com/kata-cc-isolation=true",
		FeatureNamespace: "Microsoft.ContainerService",
		FeatureName:      "KataCcIsolationPreview",
		OSSKU:            "AzureLinux",
		NewestKubernetes: "1.31",
		PolicyAnnotation: "io.katacontainers.config.agent.policy",
		ComplianceStatus: "azure-signed-katacc-uvm",
		// From 2.12 on the debug log shows the attestation token without its signature; older
		// images log tokens and keys whole, and must not be given a log level.
		SidecarImage:    "mcr.microsoft.com/aci/skr:2.12",
		SidecarCommand:  []string{"/skr.sh"}, // /bin/skr, the article's command, ignores SkrSideCarArgs
		SidecarLogLevel: "debug",
		ReferenceInfo:   "/opt/confidential-containers/share/kata-containers/reference-info-base64",
		Retired:         "Microsoft announced the end of this preview (KataCcIsolation) for March 2026.",
	}
}
