package vault

import (
	"github.com/cctui/cctui/skr"
)

// foreignAuthority is what the fault wrong-authority writes into release policies.
const foreignAuthority = "sharedweu.weu.attest.localhost"

// strikeDeleted is the fault key-deleted: the first time a key's name is asked for, a deleted key of that name is there.
func (s *Service) strikeDeleted(c *call) error {
	if _, on := s.Conditions.Has("key-deleted"); !on || c.store.met(c.Name) {
		return nil
	}
	private, err := s.pool.take(pooledBits)
	if err != nil {
		return err
	}
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	if _, exists := c.store.keys[c.Name]; !exists {
		old := newVersion(private, s.Now().Add(-retention/2))
		c.store.keys[c.Name] = &key{name: c.Name, kty: "RSA-HSM", versions: []*version{old}, deleted: s.Now()}
	}
	return nil
}

// met tells whether a name was asked for before, and remembers it.
func (st *store) met(name string) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	before := st.seeded[name]
	st.seeded[name] = true
	return before
}

// strikeAuthority is the fault wrong-authority: the vault stores another authority than it was sent.
func (s *Service) strikeAuthority(raw []byte, policy skr.ReleasePolicy) ([]byte, skr.ReleasePolicy, error) {
	if _, on := s.Conditions.Has("wrong-authority"); !on {
		return raw, policy, nil
	}
	for i := range policy.AnyOf {
		policy.AnyOf[i].Authority = s.URL(foreignAuthority)
	}
	raw, err := policy.JSON()
	return raw, policy, err
}

// strikeRotated is the fault key-rotated: after someone has read the key, there is a newer version.
func (s *Service) strikeRotated(k *key) {
	if _, on := s.Conditions.Has("key-rotated"); on {
		k.stale = true
	}
}

// rotateStale makes the newer version, before anybody looks again.
func (s *Service) rotateStale(c *call) error {
	if !c.store.isStale(c.Name) {
		return nil
	}
	private, err := s.pool.take(pooledBits)
	if err != nil {
		return err
	}
	_, err = c.store.with(c, func(k *key, _ *version) (any, error) {
		newer := newVersion(private, s.Now())
		newer.operations, newer.tags = k.newest().operations, k.newest().tags
		k.versions = append(k.versions, newer)
		k.stale = false
		return nil, nil
	})
	return err
}

func (st *store) isStale(name string) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	k, ok := st.keys[name]
	return ok && k.stale
}
