package azure

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources/v3"
)

// ResourceGroup reads a group.
func (c *Client) ResourceGroup(ctx context.Context, g Group) (ResourceGroup, error) {
	groups, err := clientFor(c, g.Subscription, armresources.NewResourceGroupsClient)
	if err != nil {
		return ResourceGroup{}, err
	}
	group, err := groups.Get(ctx, g.Name, nil)
	return groupOf(group.ResourceGroup), failed(err, "read resource group %s", g.Name)
}

// CreateResourceGroup creates a group, or replaces the tags of the one there is.
func (c *Client) CreateResourceGroup(ctx context.Context, g Group, location string, tags map[string]string) (ResourceGroup, error) {
	groups, err := clientFor(c, g.Subscription, armresources.NewResourceGroupsClient)
	if err != nil {
		return ResourceGroup{}, err
	}
	group, err := groups.CreateOrUpdate(ctx, g.Name, armresources.ResourceGroup{Location: &location, Tags: tagPointers(tags)}, nil)
	return groupOf(group.ResourceGroup), failed(err, "create resource group %s", g.Name)
}

// DeleteResourceGroup deletes a group with everything in it.
func (c *Client) DeleteResourceGroup(ctx context.Context, g Group, op LRO) error {
	groups, err := clientFor(c, g.Subscription, armresources.NewResourceGroupsClient)
	if err != nil {
		return err
	}
	start := func(ctx context.Context, token string) (*runtime.Poller[armresources.ResourceGroupsClientDeleteResponse], error) {
		return groups.BeginDelete(ctx, g.Name, &armresources.ResourceGroupsClientBeginDeleteOptions{ResumeToken: token})
	}
	err = remove(ctx, c, op, start, func() (string, error) {
		group, err := c.ResourceGroup(ctx, g)
		return group.State, err
	})
	return failed(err, "delete resource group %s", g.Name)
}

// GroupResources are the ids of what a group holds.
func (c *Client) GroupResources(ctx context.Context, g Group) ([]string, error) {
	resources, err := clientFor(c, g.Subscription, armresources.NewClient)
	if err != nil {
		return nil, err
	}
	pager := resources.NewListByResourceGroupPager(g.Name, nil)
	held, err := collect(ctx, pager, func(page armresources.ClientListByResourceGroupResponse) []*armresources.GenericResourceExpanded {
		return page.Value
	})
	if err != nil {
		return nil, failed(err, "list resources of %s", g.Name)
	}
	ids := make([]string, 0, len(held))
	for _, resource := range held {
		ids = append(ids, value(resource.ID))
	}
	return ids, nil
}

// findResource looks through a subscription for the group that holds a resource of a type and name.
func (c *Client) findResource(ctx context.Context, subscription, kind, name string) (Group, error) {
	resources, err := clientFor(c, subscription, armresources.NewClient)
	if err != nil {
		return Group{}, err
	}
	filter := "resourceType eq " + quote(kind)
	pager := resources.NewListPager(&armresources.ClientListOptions{Filter: &filter})
	all, err := collect(ctx, pager, func(page armresources.ClientListResponse) []*armresources.GenericResourceExpanded { return page.Value })
	if err != nil {
		return Group{}, failed(err, "look for %s", name)
	}
	for _, resource := range all {
		if strings.EqualFold(value(resource.Name), name) && strings.EqualFold(value(resource.Type), kind) {
			return Group{Subscription: subscription, Name: segment(value(resource.ID), "resourceGroups")}, nil
		}
	}
	return Group{}, notFound("%s %s in subscription %s", kind, name, subscription)
}

// segment is what follows a word in an ARM id; ids come in any case.
func segment(id, word string) string {
	parts := strings.Split(id, "/")
	for i, part := range parts[:len(parts)-1] {
		if strings.EqualFold(part, word) {
			return parts[i+1]
		}
	}
	return ""
}

func groupOf(g armresources.ResourceGroup) ResourceGroup {
	return ResourceGroup{
		ID: value(g.ID), Location: value(g.Location), State: value(value(g.Properties).ProvisioningState), Tags: tagsOf(g.Tags),
	}
}
