package azure

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v9"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armfeatures"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources/v3"
)

// NotOffered is the restriction of a size that the region's list does not hold.
const NotOffered = "NotOffered"

// Feature is the state of a preview feature: NotRegistered, Pending, Registering, Registered.
func (c *Client) Feature(ctx context.Context, subscription, namespace, name string) (string, error) {
	features, err := clientFor(c, subscription, armfeatures.NewClient)
	if err != nil {
		return "", err
	}
	feature, err := features.Get(ctx, namespace, name, nil)
	return value(value(feature.Properties).State), failed(err, "read feature %s/%s", namespace, name)
}

// RegisterFeature asks for a preview feature; Feature tells when it was given.
func (c *Client) RegisterFeature(ctx context.Context, subscription, namespace, name string) error {
	features, err := clientFor(c, subscription, armfeatures.NewClient)
	if err != nil {
		return err
	}
	_, err = features.Register(ctx, namespace, name, nil)
	return failed(err, "register feature %s/%s", namespace, name)
}

// Provider is the state of a resource provider: NotRegistered, Registering, Registered.
func (c *Client) Provider(ctx context.Context, subscription, namespace string) (string, error) {
	providers, err := clientFor(c, subscription, armresources.NewProvidersClient)
	if err != nil {
		return "", err
	}
	provider, err := providers.Get(ctx, namespace, nil)
	return value(provider.RegistrationState), failed(err, "read provider %s", namespace)
}

// RegisterProvider registers a resource provider, and takes up features registered before; Provider tells when it is done.
func (c *Client) RegisterProvider(ctx context.Context, subscription, namespace string) error {
	providers, err := clientFor(c, subscription, armresources.NewProvidersClient)
	if err != nil {
		return err
	}
	_, err = providers.Register(ctx, namespace, nil)
	return failed(err, "register provider %s", namespace)
}

// VMSize is a size as the region offers it. One that is not in the list has the restriction NotOffered.
func (c *Client) VMSize(ctx context.Context, subscription, location, name string) (VMSize, error) {
	skus, err := clientFor(c, subscription, armcompute.NewResourceSKUsClient)
	if err != nil {
		return VMSize{}, err
	}
	filter := "location eq " + quote(location)
	pager := skus.NewListPager(&armcompute.ResourceSKUsClientListOptions{Filter: &filter})
	offered, err := collect(ctx, pager, func(page armcompute.ResourceSKUsClientListResponse) []*armcompute.ResourceSKU { return page.Value })
	if err != nil {
		return VMSize{}, failed(err, "list VM sizes of %s", location)
	}
	for _, sku := range offered {
		if strings.EqualFold(value(sku.ResourceType), "virtualMachines") && strings.EqualFold(value(sku.Name), name) {
			return vmSizeOf(sku, location), nil
		}
	}
	return VMSize{Name: name, Restriction: NotOffered}, nil
}

func vmSizeOf(sku armcompute.ResourceSKU, location string) VMSize {
	size := VMSize{Name: value(sku.Name), Family: value(sku.Family)}
	for _, capability := range sku.Capabilities {
		if value(value(capability).Name) == "vCPUs" {
			size.VCPUs, _ = strconv.Atoi(value(capability.Value))
		}
	}
	for _, restriction := range sku.Restrictions {
		if restriction != nil && restricts(*restriction, location) {
			size.Restriction = string(value(restriction.ReasonCode))
		}
	}
	return size
}

// restricts tells whether a restriction closes the whole region; one of type Zone leaves other zones.
func restricts(r armcompute.ResourceSKURestrictions, location string) bool {
	inLocation := func(name *string) bool { return strings.EqualFold(value(name), location) }
	return value(r.Type) == armcompute.ResourceSKURestrictionsTypeLocation &&
		(slices.ContainsFunc(r.Values, inLocation) || slices.ContainsFunc(value(r.RestrictionInfo).Locations, inLocation))
}

// Quota is the vCPU allowance of a family in a region.
func (c *Client) Quota(ctx context.Context, subscription, location, family string) (Quota, error) {
	usages, err := clientFor(c, subscription, armcompute.NewUsageClient)
	if err != nil {
		return Quota{}, err
	}
	all, err := collect(ctx, usages.NewListPager(location, nil), func(page armcompute.UsageClientListResponse) []*armcompute.Usage { return page.Value })
	if err != nil {
		return Quota{}, failed(err, "read quota of %s", location)
	}
	for _, usage := range all {
		if name := value(value(usage.Name).Value); strings.EqualFold(name, family) {
			return Quota{Family: name, Used: int(value(usage.CurrentValue)), Limit: int(value(usage.Limit))}, nil
		}
	}
	return Quota{}, notFound("quota family %s in %s", family, location)
}

// KubernetesVersions are those a region offers for clusters, in no order.
func (c *Client) KubernetesVersions(ctx context.Context, subscription, location string) ([]KubernetesVersion, error) {
	clusters, err := clientFor(c, subscription, armcontainerservice.NewManagedClustersClient)
	if err != nil {
		return nil, err
	}
	list, err := clusters.ListKubernetesVersions(ctx, location, nil)
	if err != nil {
		return nil, failed(err, "list the Kubernetes versions of %s", location)
	}
	var versions []KubernetesVersion
	for _, v := range list.Values {
		if v != nil && v.Version != nil {
			versions = append(versions, KubernetesVersion{Version: *v.Version, Preview: value(v.IsPreview), LongTerm: longTerm(v.Capabilities)})
		}
	}
	return versions, nil
}

// longTerm tells whether long-term support is the only plan that is left.
func longTerm(c *armcontainerservice.KubernetesVersionCapabilities) bool {
	plans := value(c).SupportPlan
	return len(plans) > 0 && !slices.ContainsFunc(plans, func(p *armcontainerservice.KubernetesSupportPlan) bool {
		return value(p) != armcontainerservice.KubernetesSupportPlanAKSLongTermSupport
	})
}

// quote makes a literal of an OData filter.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
