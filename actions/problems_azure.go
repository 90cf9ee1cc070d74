package actions

import (
	"context"

	"github.com/cctui/cctui/azure"
)

// uncertainProblems say nothing yet: whatever the refusal is, the next attempt looks what is there.
var uncertainProblems = []row{
	{
		id:     "answer-lost",
		retry:  true,
		when:   []match{{is: []error{azure.ErrUncertain}}},
		title:  "An answer of Azure's was lost, and asking again was refused",
		why:    "What was asked for may have been done at the first try; then there is nothing wrong.",
		remedy: []string{"Run the same command again: it looks what is there, and goes on from that."},
	},
}

// capacityProblems are what a subscription or region does not offer.
var capacityProblems = []row{
	{
		id:     "feature-pending",
		class:  ClassAvailability,
		when:   []match{{steps: []string{"feature"}, is: []error{context.DeadlineExceeded, errPatience}}},
		title:  "The preview feature is still not registered",
		why:    "Registering usually takes a quarter of an hour at most. A request that stays longer waits for somebody's approval, which a preview that has ended may never get.",
		remedy: []string{"Look at its state; once it is Registered, run the same command again.", "If it stays as it is, choose a successor: confidential pods on virtual nodes.", "The cluster was made meanwhile and costs money: cctui cleanup removes it."},
		commands: []string{
			"az feature show --namespace Microsoft.ContainerService --name KataCcIsolationPreview --query properties.state",
			"az provider register --namespace Microsoft.ContainerService",
		},
		links: []string{linkOverview, linkVirtualNodes},
	},
	{
		id:     "feature-missing",
		class:  ClassAvailability,
		when:   []match{{codes: []string{"FeatureNotFound"}}},
		title:  "Azure does not know the preview feature",
		why:    "KataCcIsolationPreview was announced to end in March 2026. Where it is gone, no confidential node pool can be made.",
		remedy: []string{"Choose a successor: confidential pods on virtual nodes (Azure Container Instances).", "To see the whole walkthrough without Azure, run cctui --sandbox."},
		links:  []string{linkOverview, linkVirtualNodes, "https://github.com/Azure/AKS/issues/3781"},
	},
	{
		id:     "feature-off",
		class:  ClassAvailability,
		when:   []match{{codes: []string{"FeatureNotRegistered", "PreviewFeatureNotRegistered"}}},
		title:  "The preview feature is not registered in this subscription",
		why:    "Azure makes confidential node pools only where it is.",
		cures:  []string{"register-feature"},
		remedy: []string{"Register it, wait until its state is Registered, and run the same command again."},
		commands: []string{
			"az feature register --namespace Microsoft.ContainerService --name KataCcIsolationPreview",
			"az provider register --namespace Microsoft.ContainerService",
		},
		links: []string{linkOverview},
	},
	{
		id:       "provider-off",
		when:     []match{{codes: []string{"MissingSubscriptionRegistration", "NoRegisteredProviderFound"}}},
		title:    "A resource provider is not registered in this subscription",
		why:      "Azure makes resources of a kind only after its provider was registered once; which one stands below.",
		cures:    []string{"register-providers"},
		remedy:   []string{"Register it, wait a minute, and run the same command again."},
		commands: []string{"az provider register --wait --namespace Microsoft.ContainerService", "az provider register --wait --namespace Microsoft.KeyVault", "az provider register --wait --namespace Microsoft.ManagedIdentity", "az provider register --wait --namespace Microsoft.Attestation"},
	},
	{
		id:     "preview-gone",
		class:  ClassAvailability,
		when:   []match{{text: says(`Kata(?:Cc)?Isolation.{0,80}\b(?:not (?:supported|available|allowed)|no longer|retired|deprecated|invalid)`, `workload\s?runtime.{0,80}\b(?:not supported|invalid|no longer|unknown)`)}},
		title:  "Azure makes no confidential node pools of this kind any more",
		why:    "The preview (KataCcIsolation) was announced to end in March 2026, and Azure refused the workload runtime.",
		remedy: []string{"There is no cure within this preview.", "Choose a successor: confidential pods on virtual nodes (Azure Container Instances).", "Remove what was made with cctui cleanup."},
		links:  []string{linkOverview, linkVirtualNodes, "https://github.com/Azure/AKS/issues/3781"},
	},
	{
		id:     "node-image-retired",
		class:  ClassAvailability,
		when:   []match{{text: says(`Azure\s?Linux\s?(?:2\.0|2\b|V2).{0,120}(?:not supported|retired|removed|end of life|unsupported|deprecated)`, `node\s?image.{0,80}(?:not found|retired|no longer|unavailable)`)}},
		title:  "The nodes' operating system is retired",
		why:    "Confidential pools ran on Azure Linux 2.0 only; its images were removed on 31 March 2026, and pools of it cannot be made or scaled.",
		remedy: []string{"There is no cure within this preview.", "Remove what was made with cctui cleanup."},
		links:  []string{"https://github.com/Azure/AKS/issues/4988", linkVirtualNodes},
	},
	{
		id:     "quota-zero",
		class:  ClassAvailability,
		when:   []match{{codes: []string{"ErrCode_InsufficientVCPUQuota", "InsufficientVCPUQuota", "QuotaExceeded"}}, {text: says(`exceeding approved .{0,80}quota`, `insufficient .{0,40}vcpu quota`)}},
		title:  "The vCPU quota of this family does not suffice",
		why:    "A subscription begins with no or few vCPUs of the confidential sizes in each region.",
		remedy: []string{"Ask for quota of the family standardDCACCV5Family in the region.", "Or choose fewer --nodes, another --vm-size or another --location."},
		commands: []string{
			"az vm list-usage --location <location> --output table",
		},
		links: []string{linkQuota},
	},
	{
		id:       "sku-not-offered",
		class:    ClassAvailability,
		when:     []match{{codes: []string{"SkuNotAvailable", "SkuNotAvailableForSubscription", "NotAvailableForSubscription", "VMSizeNotSupported"}}, {text: says(`VM size .{0,120}is not (?:allowed|available|supported) in (?:your subscription|location)`)}},
		title:    "The VM size is not offered here",
		why:      "Not every region has every size, and not every subscription may use it.",
		remedy:   []string{"Choose another --location or --vm-size from the list."},
		commands: []string{"az vm list-skus --location <location> --size Standard_DC --all --output table"},
		links:    []string{linkSKU},
	},
	{
		id:     "no-capacity",
		class:  ClassAvailability,
		when:   []match{{codes: []string{"AllocationFailed", "ZonalAllocationFailed", "OverconstrainedAllocationRequest", "OverconstrainedZonalAllocationRequest"}}},
		title:  "The region has no free machines of this size",
		why:    "Quota allows them, but at the moment there are none.",
		remedy: []string{"Run the same command again later, or choose another --location."},
		links:  []string{"https://github.com/Azure/AKS/issues/1478"},
	},
	{
		id:       "location-unknown",
		class:    ClassUsage,
		when:     []match{{codes: []string{"LocationNotAvailableForResourceType", "InvalidLocation", "LocationNotAvailable", "LocationNotAvailableForResourceGroup"}}},
		title:    "The region does not have this, or does not exist",
		why:      "Azure refused the location.",
		remedy:   []string{"Choose another --location from the list."},
		commands: []string{"az account list-locations --query \"[].name\" --output tsv"},
	},
}

// clusterProblems are Resource Manager's about the cluster, its pools and names.
var clusterProblems = []row{
	{
		id:       "kubernetes-version",
		when:     []match{{codes: []string{"K8sVersionNotSupported", "AgentPoolK8sVersionNotSupported", "UnsupportedKubernetesVersion"}}},
		title:    "AKS does not offer this Kubernetes version here",
		why:      "Versions come and go, by region.",
		remedy:   []string{"Choose one of the list with --kubernetes-version, or leave it to the region's default."},
		commands: []string{"az aks get-versions --location <location> --output table"},
	},
	{
		id:     "name-taken",
		when:   []match{{codes: []string{"VaultAlreadyExists", "ProviderNameNotAvailable", "DnsRecordInUse"}}},
		title:  "The name is taken",
		why:    "Names of key vaults and attestation providers are in DNS: they are unique among everybody's.",
		remedy: []string{"Choose another name with --vault or --attestation-provider."},
	},
	{
		id:     "cluster-busy",
		retry:  true,
		when:   []match{{codes: []string{"AnotherOperationInProgress", "OperationPreempted", "EtagMismatch", "RetryableError", "ConcurrentOperation", "ResourceGroupBeingDeleted"}}, {codes: []string{"OperationNotAllowed", "Conflict", "ConflictError"}, text: says(`in progress`, `another operation`, `currently (?:being )?(?:updat|creat|delet)`, `is being (?:provisioned|purged)`)}},
		title:  "Azure is busy with this resource",
		why:    "It does one thing at a time to it, and something else is under way.",
		remedy: []string{"Wait until that is over, and run the same command again."},
	},
	{
		id:     "image-layers",
		when:   []match{{text: says(`AsyncIo.{0,120}(?:EAGAIN|Resource temporarily unavailable)`)}},
		title:  "The image has too many layers for this platform",
		why:    "Each layer is a disk of the pod's own virtual machine, and the hypervisor runs out of I/O slots.",
		remedy: []string{"Use an image with fewer layers."},
		links:  []string{"https://github.com/Azure/AKS/issues/4558"},
	},
}

// passingProblems are those of the network and of load; most go by themselves.
var passingProblems = []row{
	{
		id:     "throttled",
		retry:  true,
		when:   []match{{statuses: []int{429}}, {codes: []string{"TooManyRequests", "SubscriptionRequestsThrottled", "OperationThrottled", "Throttled"}}},
		title:  "Azure asks for fewer requests",
		why:    "Subscription and vault allow only so many within a time.",
		remedy: []string{"Wait a few minutes, and run the same command again.", "See whether something else uses the same subscription heavily."},
		links:  []string{"https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling"},
	},
	{
		id:     "service-down",
		retry:  true,
		when:   []match{{statuses: []int{500, 502, 503, 504}}, {text: says(`an error on the server \(`, `the server is currently unable to handle the request`)}},
		title:  "The service has trouble of its own",
		why:    "It answered with a server error, several times.",
		remedy: []string{"Look at status.azure.com.", "Run the same command again later."},
		links:  []string{"https://status.azure.com"},
	},
	{
		id:    "operation-failed",
		when:  []match{{statuses: []int{200}}},
		title: "Azure began this, and did not succeed",
		why:   "The operation was accepted and ended as failed. What Azure says of it stands below; its activity log may say more.",
		remedy: []string{
			"Look at the activity log for the reason, and mend it.",
			"Remove what is left of it with cctui cleanup, and run the same command again.",
		},
		commands: []string{"az monitor activity-log list --resource-group <resource-group> --status Failed --output table"},
	},
	{
		id:    "answer-unreadable",
		retry: true,
		when: []match{{text: says(`something that is not JSON`, `somebody else answered, with a web page`, `unmarshalling type \*`, `invalid character '.{1,6}' looking for`,
			`cannot unmarshal \w+ into Go`, `unexpected end of JSON input`, `json decode error`, `couldn't get version/kind`, `Object 'Kind' is missing`,
			// The sidecar's words, at each of its three services.
			`empty token string in maa response`, `unmarshalling authentication token response failed`, `unmarshalling http response to releasekey response failed`)}},
		title: "An answer cannot be read",
		why:   "It says yes and is not what the service sends. Most often somebody in between answered: a proxy, or a network that wants somebody to sign in first.",
		remedy: []string{
			"Open any page in a browser on this machine, and do what the network asks for.",
			"Run the same command again: it looks what is there, and believes nothing that it could not read.",
		},
	},
	{
		id:     "host-unknown",
		when:   []match{{text: says(`no such host`)}},
		title:  "A host name does not exist",
		why:    "Either the name is wrong, or this machine's name service does not answer.",
		remedy: []string{"Check the name below, and the network of this machine."},
	},
	{
		id:     "untrusted-certificate",
		when:   []match{{text: says(`x509: `)}},
		title:  "A certificate is not trusted",
		why:    "Often a proxy in between shows its own certificate.",
		remedy: []string{"Have this machine trust the proxy's certificate authority (SSL_CERT_FILE), or go without the proxy (NO_PROXY)."},
	},
	{
		id:     "connection-lost",
		retry:  true,
		when:   []match{{text: says(`connection reset`, `broken pipe`, `\bEOF\b`, `stream error: stream ID \d+`, `i/o timeout`, `TLS handshake timeout`, `server closed idle connection`, `http2: .*(?:GOAWAY|client connection lost)`, `network is unreachable`, `connection refused`)}},
		title:  "The connection was lost",
		why:    "The network between this machine and the service failed.",
		remedy: []string{"Check the network and a proxy's settings, and run the same command again."},
	},
	{
		id:     "timed-out",
		when:   []match{{is: []error{context.DeadlineExceeded, errPatience}}},
		title:  "It took too long",
		why:    "What was waited for did not happen in time; what it was stands below.",
		remedy: []string{"Run the same command again: it goes on waiting where it stopped."},
	},
}
