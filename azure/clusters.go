package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v9"
)

// Cluster reads a cluster with its pools.
func (c *Client) Cluster(ctx context.Context, g Group, name string) (Cluster, error) {
	cluster, err := c.managedCluster(ctx, g, name)
	return clusterOf(cluster), err
}

func (c *Client) managedCluster(ctx context.Context, g Group, name string) (armcontainerservice.ManagedCluster, error) {
	clusters, err := clientFor(c, g.Subscription, armcontainerservice.NewManagedClustersClient)
	if err != nil {
		return armcontainerservice.ManagedCluster{}, err
	}
	cluster, err := clusters.Get(ctx, g.Name, name, nil)
	return cluster.ManagedCluster, failed(err, "read cluster %s", name)
}

// CreateCluster creates a cluster with OIDC issuer, workload identity and one system pool.
func (c *Client) CreateCluster(ctx context.Context, g Group, spec ClusterSpec, op LRO) (Cluster, error) {
	cluster, err := c.putCluster(ctx, g, spec.Name, newCluster(g, spec), nil, op)
	return cluster, failed(err, "create cluster %s", spec.Name)
}

func newCluster(g Group, spec ClusterSpec) armcontainerservice.ManagedCluster {
	return armcontainerservice.ManagedCluster{
		Location: &spec.Location,
		Tags:     tagPointers(spec.Tags),
		Identity: &armcontainerservice.ManagedClusterIdentity{Type: ptr(armcontainerservice.ResourceIdentityTypeSystemAssigned)},
		Properties: &armcontainerservice.ManagedClusterProperties{
			DNSPrefix:         ptr(dnsPrefix(g, spec.Name)),
			KubernetesVersion: ptr(spec.KubernetesVersion),
			OidcIssuerProfile: &armcontainerservice.ManagedClusterOIDCIssuerProfile{Enabled: ptr(true)},
			SecurityProfile: &armcontainerservice.ManagedClusterSecurityProfile{
				WorkloadIdentity: &armcontainerservice.ManagedClusterSecurityProfileWorkloadIdentity{Enabled: ptr(true)},
			},
			AgentPoolProfiles: []*armcontainerservice.ManagedClusterAgentPoolProfile{{
				Name:   ptr("system"),
				Mode:   ptr(armcontainerservice.AgentPoolModeSystem),
				Type:   ptr(armcontainerservice.AgentPoolTypeVirtualMachineScaleSets),
				OSType: ptr(armcontainerservice.OSTypeLinux),
				OSSKU:  ptr(armcontainerservice.OSSKUAzureLinux),
				VMSize: &spec.VMSize,
				Count:  ptr(int32(spec.NodeCount)),
				Tags:   tagPointers(spec.Tags),
			}},
		},
	}
}

// notInDNS is what a DNS label cannot hold.
var notInDNS = regexp.MustCompile(`[^A-Za-z0-9-]`)

// dnsPrefix must be set, begin with a letter, and be the same at every attempt; it is made of what az makes it of.
func dnsPrefix(g Group, name string) string {
	label := func(text string, length int) string {
		text = notInDNS.ReplaceAllString(text, "")
		return text[:min(length, len(text))]
	}
	return "a" + strings.Join([]string{label(name, 10), label(g.Name, 16), label(g.Subscription, 6)}, "-")
}

// UpdateCluster switches on what u asks for and leaves everything else as it is.
func (c *Client) UpdateCluster(ctx context.Context, g Group, name string, u ClusterUpdate, op LRO) (Cluster, error) {
	cluster, err := c.managedCluster(ctx, g, name)
	if err != nil {
		return Cluster{}, err
	}
	if cluster.Properties == nil {
		return Cluster{}, fmt.Errorf("update cluster %s: it has no properties", name)
	}
	if u.OIDCIssuer {
		cluster.Properties.OidcIssuerProfile = &armcontainerservice.ManagedClusterOIDCIssuerProfile{Enabled: ptr(true)}
	}
	if u.WorkloadIdentity {
		security := value(cluster.Properties.SecurityProfile)
		security.WorkloadIdentity = &armcontainerservice.ManagedClusterSecurityProfileWorkloadIdentity{Enabled: ptr(true)}
		cluster.Properties.SecurityProfile = &security
	}
	// There is no PATCH for these. The tag makes sure that nothing another client changed meanwhile is put back.
	updated, err := c.putCluster(ctx, g, name, cluster, cluster.ETag, op)
	return updated, failed(err, "update cluster %s", name)
}

func (c *Client) putCluster(ctx context.Context, g Group, name string, cluster armcontainerservice.ManagedCluster, etag *string, op LRO) (Cluster, error) {
	clusters, err := clientFor(c, g.Subscription, armcontainerservice.NewManagedClustersClient)
	if err != nil {
		return Cluster{}, err
	}
	start := func(ctx context.Context, token string) (*runtime.Poller[armcontainerservice.ManagedClustersClientCreateOrUpdateResponse], error) {
		return clusters.BeginCreateOrUpdate(ctx, g.Name, name, cluster,
			&armcontainerservice.ManagedClustersClientBeginCreateOrUpdateOptions{IfMatch: etag, ResumeToken: token})
	}
	created, err := follow(ctx, c, op, start)
	if errors.Is(err, errForgotten) {
		return c.AwaitCluster(ctx, g, name, op.Progress)
	}
	return clusterOf(created.ManagedCluster), err
}

// AwaitCluster follows an operation nobody has a token for, by the provisioning state.
func (c *Client) AwaitCluster(ctx context.Context, g Group, name string, progress func(state string)) (Cluster, error) {
	var last armcontainerservice.ManagedCluster
	state, err := settle(ctx, progress, func() (state string, err error) {
		last, err = c.managedCluster(ctx, g, name)
		return value(value(last.Properties).ProvisioningState), err
	})
	if err == nil && !succeeded(state) {
		err = provisioningError("cluster "+name, state, value(value(last.Properties).Status).ProvisioningError)
	}
	return clusterOf(last), err
}

// provisioningError is why a cluster or pool ended in another state than Succeeded, as far as AKS remembers.
func provisioningError(what, state string, detail *armcontainerservice.ErrorDetail) error {
	cause := &Error{Status: 200, Code: "Provisioning" + state, InnerCode: value(value(detail).Code), Message: clip(value(value(detail).Message))}
	return fmt.Errorf("%s: %w", what, cause)
}

// DeleteCluster deletes a cluster, its pools and its node group.
func (c *Client) DeleteCluster(ctx context.Context, g Group, name string, op LRO) error {
	clusters, err := clientFor(c, g.Subscription, armcontainerservice.NewManagedClustersClient)
	if err != nil {
		return err
	}
	start := func(ctx context.Context, token string) (*runtime.Poller[armcontainerservice.ManagedClustersClientDeleteResponse], error) {
		return clusters.BeginDelete(ctx, g.Name, name, &armcontainerservice.ManagedClustersClientBeginDeleteOptions{ResumeToken: token})
	}
	err = remove(ctx, c, op, start, func() (string, error) {
		cluster, err := c.Cluster(ctx, g, name)
		return cluster.State, err
	})
	return failed(err, "delete cluster %s", name)
}

// ClusterCredentials is the user's kubeconfig: with a client certificate, or for an Entra-integrated
// cluster with the kubelogin plugin, in whose place a token will do.
func (c *Client) ClusterCredentials(ctx context.Context, g Group, name string) ([]byte, error) {
	clusters, err := clientFor(c, g.Subscription, armcontainerservice.NewManagedClustersClient)
	if err != nil {
		return nil, err
	}
	format := armcontainerservice.FormatExec
	got, err := clusters.ListClusterUserCredentials(ctx, g.Name, name, &armcontainerservice.ManagedClustersClientListClusterUserCredentialsOptions{Format: &format})
	if err != nil {
		return nil, failed(err, "get credentials of cluster %s", name)
	}
	for _, kubeconfig := range got.Kubeconfigs {
		if kubeconfig != nil {
			return kubeconfig.Value, nil
		}
	}
	return nil, failed(notFound("no kubeconfig"), "get credentials of cluster %s", name)
}

func clusterOf(m armcontainerservice.ManagedCluster) Cluster {
	p := value(m.Properties)
	cluster := Cluster{
		ID:                value(m.ID),
		Name:              value(m.Name),
		Location:          value(m.Location),
		State:             value(p.ProvisioningState),
		KubernetesVersion: cmp.Or(value(p.CurrentKubernetesVersion), value(p.KubernetesVersion)),
		FQDN:              value(p.Fqdn),
		NodeGroup:         value(p.NodeResourceGroup),
		OIDCIssuer:        value(value(p.OidcIssuerProfile).Enabled),
		IssuerURL:         value(value(p.OidcIssuerProfile).IssuerURL),
		WorkloadIdentity:  value(value(value(p.SecurityProfile).WorkloadIdentity).Enabled),
		EntraIntegrated:   p.AADProfile != nil,
		Tags:              tagsOf(m.Tags),
	}
	for _, pool := range p.AgentPoolProfiles {
		if pool != nil {
			cluster.Pools = append(cluster.Pools, profileOf(*pool))
		}
	}
	return cluster
}
