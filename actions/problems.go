package actions

import "slices"

// known are the failures that cctui can explain. The first row that matches wins: so what a service
// said stands before how it was said, and the passing ones, which match least, come last.
var known = slices.Concat(
	journalProblems,
	uncertainProblems,
	federationProblems,
	signInProblems,
	capacityProblems,
	clusterProblems,
	toolProblems,
	keyProblems,
	releaseProblems,
	podProblems,
	kafkaProblems,
	permissionProblems,
	passingProblems,
	anySignInProblem,
)

// Documents that several rows lead to.
const (
	linkOverview      = "https://learn.microsoft.com/azure/aks/confidential-containers-overview"
	linkVirtualNodes  = "https://github.com/microsoft/virtualnodesOnAzureContainerInstances"
	linkQuota         = "https://learn.microsoft.com/azure/quotas/per-vm-quota-requests"
	linkSKU           = "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-sku-not-available"
	linkRBAC          = "https://learn.microsoft.com/azure/key-vault/general/rbac-guide"
	linkSoftDelete    = "https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview"
	linkReleasePolicy = "https://learn.microsoft.com/azure/key-vault/keys/policy-grammar"
	linkInstallAz     = "https://learn.microsoft.com/cli/azure/install-azure-cli"
	linkFederation    = "https://azure.github.io/azure-workload-identity/docs/troubleshooting.html"
	linkSidecar       = "https://github.com/microsoft/confidential-sidecar-containers/blob/main/examples/skr/TROUBLESHOOTING.md"
	linkStrimzi       = "https://github.com/strimzi/strimzi-kafka-operator/releases/tag/0.45.2"
)
