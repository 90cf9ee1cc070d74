package arm

// route is one method of one kind of path. The pattern's wildcards are names.
type route struct {
	method, pattern string
	handle          handler
	// takes is how long the answer takes, by the latency profile; what answers with an operation takes its time there.
	takes string
	// unlocked handlers take the lock themselves.
	unlocked bool
	// public is answered without a token.
	public bool
}

const (
	subscriptionPath = "/subscriptions/{subscription}"
	groupPath        = subscriptionPath + "/resourceGroups/{group}"
	clusterPath      = groupPath + "/providers/" + clusterType + "/{name}"
	poolPath         = clusterPath + "/agentPools/{pool}"
	identityPath     = groupPath + "/providers/" + identityType + "/{name}"
	federationPath   = identityPath + "/federatedIdentityCredentials/{credential}"
	vaultPath        = groupPath + "/providers/" + vaultType + "/{name}"
	deletedVaultPath = subscriptionPath + "/providers/Microsoft.KeyVault/locations/{location}/deletedVaults/{name}"
	attestationPath  = groupPath + "/providers/" + attestationType + "/{name}"
	featurePath      = subscriptionPath + "/providers/Microsoft.Features/providers/{namespace}/features/{feature}"
	assignmentPath   = authorization + "roleAssignments/{name}"
)

// routes is everything the sandbox's Resource Manager serves.
func (m *Manager) routes() []route {
	return []route{
		{method: "GET", pattern: "/metadata/endpoints", handle: m.getEndpoints, public: true},
		{method: "GET", pattern: "/tenants", handle: m.listTenants},
		{method: "GET", pattern: "/subscriptions", handle: m.listSubscriptions},
		{method: "GET", pattern: subscriptionPath, handle: m.getSubscription},
		{method: "GET", pattern: subscriptionPath + "/locations", handle: m.listLocations},
		{method: "GET", pattern: subscriptionPath + "/resources", handle: m.listResources},
		{method: "GET", pattern: subscriptionPath + "/providers/{namespace}/locations/{location}/operations/{operation}", handle: m.getOperation},
		{method: "GET", pattern: subscriptionPath + "/providers/{namespace}/locations/{location}/operationresults/{operation}", handle: m.getOperationResult},

		{method: "GET", pattern: featurePath, handle: m.getFeature},
		{method: "POST", pattern: featurePath + "/register", handle: m.registerFeature},
		{method: "GET", pattern: subscriptionPath + "/providers/{namespace}", handle: m.getProvider},
		{method: "POST", pattern: subscriptionPath + "/providers/{namespace}/register", handle: m.registerProvider},
		{method: "GET", pattern: subscriptionPath + "/providers/Microsoft.Compute/skus", handle: m.listSKUs},
		{method: "GET", pattern: subscriptionPath + "/providers/Microsoft.Compute/locations/{location}/usages", handle: m.listUsages},
		{method: "GET", pattern: subscriptionPath + "/providers/" + containerService + "/locations/{location}/kubernetesVersions", handle: m.listVersions},

		{method: "GET", pattern: subscriptionPath + "/resourceGroups", handle: m.listGroups},
		{method: "GET", pattern: groupPath, handle: m.getGroup},
		{method: "HEAD", pattern: groupPath, handle: m.headGroup},
		{method: "PUT", pattern: groupPath, handle: m.putGroup, takes: "group.create"},
		{method: "DELETE", pattern: groupPath, handle: m.deleteGroup},
		{method: "GET", pattern: groupPath + "/resources", handle: m.listGroupResources},

		{method: "GET", pattern: subscriptionPath + "/providers/" + clusterType, handle: list[*cluster](m)},
		{method: "GET", pattern: groupPath + "/providers/" + clusterType, handle: list[*cluster](m)},
		{method: "GET", pattern: clusterPath, handle: get[*cluster](m, clusterType)},
		{method: "PUT", pattern: clusterPath, handle: m.putCluster},
		{method: "DELETE", pattern: clusterPath, handle: m.deleteCluster},
		{method: "POST", pattern: clusterPath + "/listClusterUserCredential", handle: m.listCredentials, unlocked: true},
		{method: "GET", pattern: clusterPath + "/agentPools", handle: m.listPools},
		{method: "GET", pattern: poolPath, handle: m.getPool},
		{method: "PUT", pattern: poolPath, handle: m.putPool},
		{method: "DELETE", pattern: poolPath, handle: m.deletePool},

		{method: "GET", pattern: subscriptionPath + "/providers/" + identityType, handle: list[*identity](m)},
		{method: "GET", pattern: groupPath + "/providers/" + identityType, handle: list[*identity](m)},
		{method: "GET", pattern: identityPath, handle: get[*identity](m, identityType)},
		{method: "PUT", pattern: identityPath, handle: m.putIdentity, takes: "identity.create"},
		{method: "DELETE", pattern: identityPath, handle: deleteAtOnce[*identity](m, identityType)},
		{method: "GET", pattern: identityPath + "/federatedIdentityCredentials", handle: m.listFederations},
		{method: "GET", pattern: federationPath, handle: m.getFederation},
		{method: "PUT", pattern: federationPath, handle: m.putFederation},
		{method: "DELETE", pattern: federationPath, handle: m.deleteFederation},

		{method: "GET", pattern: subscriptionPath + "/providers/" + vaultType, handle: list[*vault](m)},
		{method: "GET", pattern: groupPath + "/providers/" + vaultType, handle: list[*vault](m)},
		{method: "GET", pattern: vaultPath, handle: get[*vault](m, vaultType)},
		{method: "PUT", pattern: vaultPath, handle: m.putVault},
		{method: "DELETE", pattern: vaultPath, handle: m.deleteVault, takes: "vault.delete"},
		{method: "GET", pattern: subscriptionPath + "/providers/Microsoft.KeyVault/deletedVaults", handle: m.listDeletedVaults},
		{method: "GET", pattern: deletedVaultPath, handle: m.getDeletedVault},
		{method: "POST", pattern: deletedVaultPath + "/purge", handle: m.purgeVault},
		{method: "GET", pattern: subscriptionPath + "/providers/" + hsmType, handle: list[*managedHSM](m)},
		{method: "GET", pattern: groupPath + "/providers/" + hsmType + "/{name}", handle: get[*managedHSM](m, hsmType)},

		{method: "GET", pattern: groupPath + "/providers/" + attestationType, handle: list[*attestationProvider](m)},
		{method: "GET", pattern: attestationPath, handle: get[*attestationProvider](m, attestationType)},
		{method: "PUT", pattern: attestationPath, handle: m.putAttestation, takes: "attestation.create"},
		{method: "DELETE", pattern: attestationPath, handle: deleteAtOnce[*attestationProvider](m, attestationType)},

		{method: "GET", pattern: authorization + "permissions", handle: m.listPermissions},
		{method: "GET", pattern: authorization + "roleDefinitions", handle: m.listRoleDefinitions},
		{method: "GET", pattern: authorization + "roleDefinitions/{name}", handle: m.getRoleDefinition},
		{method: "GET", pattern: authorization + "roleAssignments", handle: m.listAssignments},
		{method: "GET", pattern: assignmentPath, handle: m.getAssignment},
		{method: "PUT", pattern: assignmentPath, handle: m.putAssignment},
		{method: "DELETE", pattern: assignmentPath, handle: m.deleteAssignment},
	}
}
