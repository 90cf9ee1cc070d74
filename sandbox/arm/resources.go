package arm

import (
	"maps"
	"net/http"
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

func (m *Manager) listGroupResources(c *call) (answer, error) {
	g, err := m.group(c.PathValue("group"))
	if err != nil {
		return answer{}, err
	}
	return m.listSummaries(c, g.ID)
}

func (m *Manager) listResources(c *call) (answer, error) {
	return m.listSummaries(c, m.subscriptionID())
}

// listSummaries lists resources of any type, or of one that a filter "resourceType eq '…'" names.
func (m *Manager) listSummaries(c *call, scope string) (answer, error) {
	filter := c.URL.Query().Get("$filter")
	kind, byKind := strings.CutPrefix(filter, "resourceType eq '")
	if filter != "" && !byKind {
		return answer{}, badRequest("InvalidFilterInQueryString", "Invalid $filter '%s' specified in the query string. The sandbox knows resourceType eq '<type>'.", filter)
	}
	var all []resource
	for _, i := range itemsOf[item](m) {
		head := i.head()
		if within(head.ID, scope) && (!byKind || strings.EqualFold(head.Type, strings.TrimSuffix(kind, "'"))) {
			all = append(all, head.summary())
		}
	}
	return ok(page(all)), nil
}

// list answers with the resources of a type, in a group where the call names one.
func list[T item](m *Manager) handler {
	return func(c *call) (answer, error) {
		scope := m.subscriptionID()
		if name := c.PathValue("group"); name != "" {
			g, err := m.group(name)
			if err != nil {
				return answer{}, err
			}
			scope = g.ID
		}
		all := slices.DeleteFunc(itemsOf[T](m), func(i T) bool { return !within(i.head().ID, scope) })
		return ok(page(all)), nil
	}
}

// get answers with the resource of a type that the call names.
func get[T item](m *Manager, kind string) handler {
	return func(c *call) (answer, error) {
		found, err := find[T](m, c, kind)
		return ok(found), err
	}
}

// putAtOnce makes a resource that needs no operation; to one that is there it only gives other tags.
func putAtOnce[T item](m *Manager, c *call, kind string, names rule, fill func(resource) (T, error)) (answer, error) {
	var asked resource
	if err := c.decode(&asked); err != nil {
		return answer{}, err
	}
	if existing, err := find[T](m, c, kind); err == nil {
		existing.head().Tags = asked.Tags
		return ok(existing), nil
	}
	head, err := m.newResource(c, kind, asked.Location, asked.Tags)
	if err != nil {
		return answer{}, err
	}
	if err := names.check(head.Name); err != nil {
		return answer{}, err
	}
	made, err := fill(head)
	if err != nil {
		return answer{}, err
	}
	m.put(made)
	return created(true, made), nil
}

// deleteAtOnce removes a resource that needs no operation, and is content where there is none.
func deleteAtOnce[T item](m *Manager, kind string) handler {
	return func(c *call) (answer, error) {
		found, err := find[T](m, c, kind)
		if isCode(err, "ResourceNotFound") {
			return gone(), nil
		}
		if err != nil {
			return answer{}, err
		}
		m.drop(found)
		return answer{status: http.StatusOK}, nil
	}
}

// page is a collection's only page.
func page[T any](all []T) map[string]any {
	if all == nil {
		all = []T{}
	}
	return map[string]any{"value": all}
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

// created is 201 for what is new, 200 for what was there.
func created(isNew bool, body any) answer {
	if isNew {
		return answer{status: http.StatusCreated, body: body}
	}
	return ok(body)
}

func gone() answer { return answer{status: http.StatusNoContent} }

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
