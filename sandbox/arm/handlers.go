package arm

import (
	"net/http"
	"slices"
	"strings"
)

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
