package vault

import (
	"maps"
	"slices"
)

// with runs do under the store's lock, on a live key and the version asked for.
func (st *store) with(c *call, do func(*key, *version) (any, error)) (any, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	k, ok := st.keys[c.Name]
	if !ok || !k.deleted.IsZero() {
		return nil, keyNotFound(c)
	}
	v, ok := k.find(c.Version)
	if !ok {
		return nil, keyNotFound(c)
	}
	return do(k, v)
}

// get shows the public half. It is where two faults strike: what was deleted shows first, what was read goes stale.
func (s *Service) get(c *call) (any, error) {
	if err := s.strikeDeleted(c); err != nil {
		return nil, err
	}
	if err := s.rotateStale(c); err != nil {
		return nil, err
	}
	return c.store.with(c, func(k *key, v *version) (any, error) {
		s.strikeRotated(k)
		return c.bundle(k, v), nil
	})
}

func (s *Service) versions(c *call) (any, error) {
	return c.store.with(c, func(k *key, _ *version) (any, error) {
		var items []any
		for _, v := range k.versions {
			items = append(items, c.item(k, v, true))
		}
		return page(items), nil
	})
}

// list shows names, not versions, as the real one does.
func (s *Service) list(c *call) (any, error) {
	return page(c.store.items(false, func(k *key) any {
		return c.item(k, k.newest(), false)
	})), nil
}

func (s *Service) listDeleted(c *call) (any, error) {
	return page(c.store.items(true, func(k *key) any {
		return c.gone(k, c.item(k, k.newest(), false))
	})), nil
}

// items shows the keys that are deleted, or those that are not, by name.
func (st *store) items(deleted bool, show func(*key) any) []any {
	st.mu.Lock()
	defer st.mu.Unlock()
	var items []any
	for _, name := range slices.Sorted(maps.Keys(st.keys)) {
		if k := st.keys[name]; k.deleted.IsZero() != deleted {
			items = append(items, show(k))
		}
	}
	return items
}

// page is a list's only page: the sandbox's vaults are small.
func page(items []any) map[string]any {
	if items == nil {
		items = []any{}
	}
	return map[string]any{"value": items, "nextLink": nil}
}
