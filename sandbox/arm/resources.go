package arm

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// resource is the envelope every resource has. The types embed it.
type resource struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags,omitempty"`
	SKU        any               `json:"sku,omitempty"`
	Identity   any               `json:"identity,omitempty"`
	Properties any               `json:"properties,omitempty"`
}

// item is a resource of some type.
type item interface {
	head() *resource
	// busy is the operation under way on it; nil where there is none.
	busy() *operation
	// removed is told when the resource leaves the subscription. What it returns is run
	// without the lock; nil for nothing.
	removed(*Manager) func() error
}

func (r *resource) head() *resource               { return r }
func (r *resource) busy() *operation              { return nil }
func (r *resource) removed(*Manager) func() error { return nil }

// summary is what lists of resources of any type show.
func (r *resource) summary() resource {
	s := *r
	s.Properties, s.Identity = nil, nil
	return s
}

// newResource is the envelope of a resource that a call names, in a group that is there.
func (m *Manager) newResource(c *call, kind, location string, tags map[string]string) (resource, error) {
	g, err := m.group(c.PathValue("group"))
	if err != nil {
		return resource{}, err
	}
	if g.Properties.State == "Deleting" {
		return resource{}, conflict("ResourceGroupBeingDeleted", "The resource group '%s' is in deprovisioning state and cannot perform this operation.", g.Name)
	}
	namespace, _, _ := strings.Cut(kind, "/")
	if err := m.registered(namespace); err != nil {
		return resource{}, err
	}
	if location, err = normalLocation(location, "LocationNotAvailableForResourceType", kind); err != nil {
		return resource{}, err
	}
	name := c.PathValue("name")
	return resource{ID: g.ID + "/providers/" + kind + "/" + name, Name: name, Type: kind, Location: location, Tags: tags}, nil
}

// find is the resource of a type that a call names.
func find[T item](m *Manager, c *call, kind string) (T, error) {
	group, name := c.PathValue("group"), c.PathValue("name")
	found, ok := m.resources[strings.ToLower(m.groupID(group)+"/providers/"+kind+"/"+name)].(T)
	if ok {
		return found, nil
	}
	if _, err := m.group(group); err != nil {
		return found, err
	}
	return found, resourceNotFound(kind, name, group)
}

// put is by lower-case id: names are unique whatever their case.
func (m *Manager) put(i item) { m.resources[strings.ToLower(i.head().ID)] = i }

// drop takes a resource out of the subscription, with the role assignments at it.
func (m *Manager) drop(i item) (after func() error) {
	id := strings.ToLower(i.head().ID)
	delete(m.resources, id)
	m.dropAssignments(id)
	return i.removed(m)
}

// itemsOf are all resources of a Go type, in the order of their ids.
func itemsOf[T item](m *Manager) []T {
	var all []T
	for _, id := range slices.Sorted(maps.Keys(m.resources)) {
		if i, ok := m.resources[id].(T); ok {
			all = append(all, i)
		}
	}
	return all
}

// within tells whether a resource id is a scope or lies below it.
func within(id, scope string) bool {
	id, scope = strings.ToLower(id), strings.ToLower(strings.TrimSuffix(scope, "/"))
	return id == scope || strings.HasPrefix(id, scope+"/")
}

// rule is what a name must look like, and how a refusal is worded.
type rule struct {
	pattern       *regexp.Regexp
	code, message string
}

// check quotes the name, which the caller may have put together from parts.
func (r rule) check(name string) error {
	if r.pattern.MatchString(name) {
		return nil
	}
	return badRequest(r.code, "The name '%s' is invalid. %s", name, r.message)
}
