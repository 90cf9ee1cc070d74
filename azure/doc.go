// Package azure is what cctui needs of Azure: sign-in, subscriptions and what they may use, resource groups, AKS
// clusters, managed identities, role assignments, key vaults and Managed HSMs with their keys, and attestation
// providers. It is an adapter over azidentity, the Resource Manager clients and azkeys, and of use by itself.
//
// Its signatures carry plain types only; no type of the SDK leaves the package, and every answer with which a service
// refuses is an [*Error]. Reads of something absent fail with an error for which [IsNotFound] is true; deletes of
// something absent succeed. The package knows nothing of the walkthrough, of Kubernetes or of Kafka.
package azure
