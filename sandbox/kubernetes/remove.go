package kubernetes

import (
	"errors"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apitypes "k8s.io/apimachinery/pkg/types"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

func (c *Cluster) delete(w http.ResponseWriter, r *request) error {
	options, err := deleteOptions(r)
	if err != nil {
		return err
	}
	found := c.store.Get(r.kind.key(), r.namespace, r.name)
	if found == nil {
		return r.notFound()
	}
	if p := options.Preconditions; p != nil && p.UID != nil && *p.UID != found.GetUID() {
		return r.conflict()
	}
	if err := c.removeObject(r, found); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusSuccess,
		Details: &metav1.StatusDetails{Name: r.name, Group: r.group, Kind: r.resource, UID: found.GetUID()},
	})
	return nil
}

func (c *Cluster) deleteCollection(w http.ResponseWriter, r *request) error {
	selected, err := selectorOf(r)
	if err != nil {
		return err
	}
	all, _ := c.store.List(r.kind.key(), r.namespace)
	for _, object := range all {
		if !selected(object) {
			continue
		}
		if err := c.removeObject(r, object); err != nil {
			return err
		}
	}
	return c.list(w, r)
}

// removeObject deletes an object, or marks it as being deleted while finalizers hold it.
func (c *Cluster) removeObject(r *request, object objects.Object) error {
	if r.dryRun() {
		return nil
	}
	for {
		if object == nil || object.GetDeletionTimestamp() != nil && len(object.GetFinalizers()) > 0 {
			return nil
		}
		err := c.beginRemoval(r, object)
		if !errors.Is(err, objects.ErrChanged) {
			return err
		}
		object = c.store.Get(r.kind.key(), object.GetNamespace(), object.GetName())
	}
}

// beginRemoval deletes at once, or marks: whoever takes the last finalizer away deletes then.
func (c *Cluster) beginRemoval(r *request, object objects.Object) error {
	if r.kind.key() == namespacesKey && isSystemNamespace(object.GetName()) {
		return apierrors.NewForbidden(r.groupResource(), r.name, errors.New("this namespace may not be deleted"))
	}
	if len(object.GetFinalizers()) == 0 {
		return c.remove(r.kind.key(), object)
	}
	now := metav1.Now()
	marked := object.DeepCopy()
	marked.SetDeletionTimestamp(&now)
	_, err := c.store.Put(r.kind.key(), object, marked)
	return err
}

// remove takes an object out of the store, and with it what it owns: the contents of a namespace,
// the custom resources of a definition, and whatever names it as its owner.
func (c *Cluster) remove(key objects.Kind, object objects.Object) error {
	if _, err := c.store.Put(key, object, nil); err != nil {
		return err
	}
	switch key {
	case namespacesKey:
		c.removeAll(func(_ objects.Kind, o objects.Object) bool { return o.GetNamespace() == object.GetName() })
	case definitionsKey:
		custom := defined(object).key()
		c.removeAll(func(k objects.Kind, _ objects.Object) bool { return k == custom })
		c.kinds.remove(custom)
	}
	c.removeAll(func(_ objects.Kind, o objects.Object) bool { return ownedBy(o, object.GetUID()) })
	return nil
}

func ownedBy(o objects.Object, owner apitypes.UID) bool {
	for _, reference := range o.GetOwnerReferences() {
		if reference.UID == owner {
			return true
		}
	}
	return false
}

// removeAll goes through everything: the store has no index of owners, nor needs one at this size.
func (c *Cluster) removeAll(doomed func(objects.Kind, objects.Object) bool) {
	for _, key := range c.store.Kinds() {
		all, _ := c.store.List(key, "")
		for _, object := range all {
			if doomed(key, object) {
				_ = c.remove(key, object) // changed meanwhile: its new state is not this owner's
			}
		}
	}
}
