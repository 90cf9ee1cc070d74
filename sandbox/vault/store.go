package vault

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"sync"
	"time"

	"github.com/cctui/cctui/skr"
)

// retention is how long a deleted key can be recovered.
const retention = 90 * 24 * time.Hour

// store is a vault's keys and, of a Managed HSM, its local role assignments.
type store struct {
	mu     sync.Mutex
	keys   map[string]*key
	seeded map[string]bool // names for which the fault key-deleted has struck
	roles  []localRole
}

// key is all versions under a name, oldest first.
type key struct {
	name       string
	kty        string
	exportable bool
	versions   []*version
	policy     *releasePolicy
	deleted    time.Time // zero: not deleted
	stale      bool      // the fault key-rotated has struck: the next look finds a new version
}

// version is one key pair. What the service may change is kept in the key.
type version struct {
	id         string
	private    *rsa.PrivateKey
	operations []string
	tags       map[string]string
	enabled    bool
	created    time.Time
}

// releasePolicy is a policy as it was sent, and as it is understood.
type releasePolicy struct {
	raw       []byte
	parsed    skr.ReleasePolicy
	immutable bool
}

func (k *key) newest() *version { return k.versions[len(k.versions)-1] }

// find returns the newest version where id is empty.
func (k *key) find(id string) (*version, bool) {
	if id == "" {
		return k.newest(), true
	}
	for _, v := range k.versions {
		if v.id == id {
			return v, true
		}
	}
	return nil, false
}

// newVersion is a key pair with an id.
func newVersion(private *rsa.PrivateKey, now time.Time) *version {
	var id [16]byte
	rand.Read(id[:])
	return &version{id: hex.EncodeToString(id[:]), private: private, enabled: true, created: now}
}

// id is the key's URL as the request names it.
func (c *call) id() string {
	id := c.URL + "/keys/" + c.Name
	if c.Version != "" {
		id += "/" + c.Version
	}
	return id
}

// bundle is a key as clients see it.
// Source: Key Vault REST API, KeyBundle.
func (c *call) bundle(k *key, v *version) map[string]any {
	b := map[string]any{
		"key": map[string]any{
			"kid":     c.URL + "/keys/" + k.name + "/" + v.id,
			"kty":     k.kty,
			"key_ops": v.operations,
			"n":       encode(v.private.N.Bytes()),
			"e":       encode(big.NewInt(int64(v.private.E)).Bytes()),
		},
		"attributes": k.attributes(v),
	}
	if len(v.tags) > 0 {
		b["tags"] = v.tags
	}
	if k.policy != nil {
		b["release_policy"] = map[string]any{
			"contentType": skr.PolicyContentType,
			"data":        encode(k.policy.raw),
			"immutable":   k.policy.immutable,
		}
	}
	return b
}

// item is a key in a list; without a version it stands for all of them.
func (c *call) item(k *key, v *version, versioned bool) map[string]any {
	id := c.URL + "/keys/" + k.name
	if versioned {
		id += "/" + v.id
	}
	i := map[string]any{"kid": id, "attributes": k.attributes(v)}
	if len(v.tags) > 0 {
		i["tags"] = v.tags
	}
	return i
}

// gone adds to a bundle or item what is known of a deleted key.
func (c *call) gone(k *key, shown map[string]any) map[string]any {
	shown["recoveryId"] = c.URL + "/deletedkeys/" + k.name
	shown["deletedDate"] = k.deleted.Unix()
	shown["scheduledPurgeDate"] = k.deleted.Add(retention).Unix()
	return shown
}

func (k *key) attributes(v *version) map[string]any {
	platform := "0" // software
	if k.kty == "RSA-HSM" {
		platform = "2"
	}
	return map[string]any{
		"enabled":         v.enabled,
		"created":         v.created.Unix(),
		"updated":         v.created.Unix(),
		"recoveryLevel":   "Recoverable+Purgeable",
		"recoverableDays": int(retention.Hours() / 24),
		"exportable":      k.exportable,
		"hsmPlatform":     platform,
	}
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
