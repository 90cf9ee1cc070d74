package actions

// Steps is the whole walkthrough. What a step needs stands before it; what does not depend on each
// other runs side by side. Undone in the opposite order, it is the cleanup.
func Steps() []Step {
	return []Step{
		// Prerequisites: nothing here costs money, and what rules the walkthrough out comes first.
		signIn(),
		tools(),
		availability(),
		providers(),
		feature(),

		// Cluster
		resourceGroup(),
		cluster(),
		credentials(),

		// Node pool
		nodePool(),
		runtimeClass(),

		// Identity
		identity(),
		serviceAccount(),
		federatedCredential(),

		// Keys: the pod is rendered and measured before the key is made for that measurement.
		vault(),
		roles(),
		attestation(),
		policy(),
		key(),
		publicKey(),

		// Deployment
		strimzi(),
		kafkaStep(),
		consumer(),
		producer(),
		invariants(),
		message(),
		contrast(),
	}
}
