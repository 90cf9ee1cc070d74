package arm

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Source: learn.microsoft.com, naming rules and restrictions for Azure resources.
var groupName = rule{
	regexp.MustCompile(`^[-\w.()]{0,89}[-\w()]$`), "InvalidResourceGroup",
	"A resource group name can only be a letter, digit, '-', '.', '(', ')' or '_', is 1 to 90 characters long and does not end with a period.",
}

type group struct {
	resource
	ManagedBy  string `json:"managedBy,omitempty"`
	Properties struct {
		State string `json:"provisioningState"`
	} `json:"properties"`
}

func (m *Manager) groupID(name string) string {
	return m.subscriptionID() + "/resourceGroups/" + name
}

func (m *Manager) group(name string) (*group, error) {
	if g, ok := m.groups[strings.ToLower(name)]; ok {
		return g, nil
	}
	return nil, notFound("ResourceGroupNotFound", "Resource group '%s' could not be found.", name)
}

// addGroup also makes the node groups that AKS manages beside its clusters'.
func (m *Manager) addGroup(name, location string, tags map[string]string) *group {
	g := &group{resource: resource{
		ID: m.groupID(name), Name: name, Type: "Microsoft.Resources/resourceGroups", Location: location, Tags: tags,
	}}
	g.Properties.State = "Succeeded"
	m.groups[strings.ToLower(name)] = g
	return g
}

func (m *Manager) getGroup(c *call) (answer, error) {
	g, err := m.group(c.PathValue("group"))
	return ok(g), err
}

// headGroup tells by its status whether a group is there.
func (m *Manager) headGroup(c *call) (answer, error) {
	if _, err := m.group(c.PathValue("group")); err != nil {
		return answer{status: http.StatusNotFound}, nil
	}
	return gone(), nil
}

func (m *Manager) listGroups(*call) (answer, error) {
	var all []*group
	for _, g := range m.groups {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *group) int { return strings.Compare(a.Name, b.Name) })
	return ok(page(all)), nil
}

// putGroup is idempotent but for the location, which a group keeps.
func (m *Manager) putGroup(c *call) (answer, error) {
	var asked struct {
		Location string
		Tags     map[string]string
	}
	if err := c.decode(&asked); err != nil {
		return answer{}, err
	}
	name := c.PathValue("group")
	if err := groupName.check(name); err != nil {
		return answer{}, err
	}
	location, err := normalLocation(asked.Location, "LocationNotAvailableForResourceGroup", "resource group")
	if err != nil {
		return answer{}, err
	}
	existing, err := m.group(name)
	if err != nil {
		return created(true, m.addGroup(name, location, asked.Tags)), nil
	}
	if existing.Properties.State == "Deleting" {
		return answer{}, conflict("ResourceGroupBeingDeleted", "The resource group '%s' is in deprovisioning state and cannot perform this operation.", name)
	}
	if existing.Location != location {
		return answer{}, conflict("InvalidResourceGroupLocation", "Invalid resource group location '%s'. The Resource group already exists in location '%s'.", location, existing.Location)
	}
	existing.Tags = asked.Tags
	return ok(existing), nil
}

// deleteGroup deletes everything in the group, after what is under way in it has ended.
func (m *Manager) deleteGroup(c *call) (answer, error) {
	g, err := m.group(c.PathValue("group"))
	if err != nil {
		return answer{}, err
	}
	if g.Properties.State == "Deleting" {
		return answer{}, conflict("ResourceGroupBeingDeleted", "The resource group '%s' is in deprovisioning state and cannot perform this operation.", g.Name)
	}
	g.Properties.State = "Deleting"
	op := m.begin("Microsoft.Resources", "group.delete",
		func(ctx context.Context) error { return m.empty(ctx, g) },
		func(failure *fault) { m.groupDeleted(g, failure) })
	return answer{status: http.StatusAccepted, operation: op}, nil
}

// groupDeleted leaves a group that could not be emptied as failed, to be deleted again.
func (m *Manager) groupDeleted(g *group, failure *fault) {
	if failure != nil {
		g.Properties.State = "Failed"
		return
	}
	delete(m.groups, strings.ToLower(g.Name))
	m.dropAssignments(g.ID)
}

// empty drops the resources of a group one by one.
func (m *Manager) empty(ctx context.Context, g *group) error {
	for {
		i, op := m.nextIn(g)
		switch {
		case i == nil:
			return nil
		case op != nil:
			if err := op.await(ctx); err != nil {
				return err
			}
		default:
			m.mu.Lock()
			after := m.drop(i)
			m.mu.Unlock()
			if err := run(after); err != nil {
				return err
			}
		}
	}
}

// nextIn is a resource of the group, and the operation under way on it.
func (m *Manager) nextIn(g *group) (item, *operation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range itemsOf[item](m) {
		if within(i.head().ID, g.ID) {
			return i, i.busy()
		}
	}
	return nil, nil
}

// await ends with the operation, or with the sandbox.
func (op *operation) await(ctx context.Context) error {
	select {
	case <-op.done:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("the sandbox is closing"), ctx.Err())
	}
}

// run runs what is left to do without the lock, where there is something.
func run(after func() error) error {
	if after == nil {
		return nil
	}
	return after()
}
