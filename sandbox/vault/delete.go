package vault

import (
	"net/http"
	"time"
)

// delete only hides the key: it can be recovered until it is purged.
func (s *Service) delete(c *call) (any, error) {
	return c.store.with(c, func(k *key, v *version) (any, error) {
		k.deleted = s.Now()
		return c.gone(k, c.bundle(k, v)), nil
	})
}

func (s *Service) getDeleted(c *call) (any, error) {
	if err := s.strikeDeleted(c); err != nil {
		return nil, err
	}
	return c.store.withDeleted(c, func(k *key) (any, error) {
		return c.gone(k, c.bundle(k, k.newest())), nil
	})
}

// recover brings the key back with all its versions.
func (s *Service) recover(c *call) (any, error) {
	return c.store.withDeleted(c, func(k *key) (any, error) {
		k.deleted = time.Time{}
		return c.bundle(k, k.newest()), nil
	})
}

// purge frees the name; nothing of the key remains.
func (s *Service) purge(c *call) (any, error) {
	return c.store.withDeleted(c, func(*key) (any, error) {
		delete(c.store.keys, c.Name)
		return nil, nil
	})
}

func (st *store) withDeleted(c *call, do func(*key) (any, error)) (any, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	k, ok := st.keys[c.Name]
	if !ok || k.deleted.IsZero() {
		return nil, failed(http.StatusNotFound, "KeyNotFound", "Deleted Key not found: "+c.Name)
	}
	return do(k)
}
