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
