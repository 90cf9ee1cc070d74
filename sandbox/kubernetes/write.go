package kubernetes

import (
	"errors"
	"net/http"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	apitypes "k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// create tracks the sender's fields before admission adds its own, which belong to nobody.
func (c *Cluster) create(w http.ResponseWriter, r *request) error {
	object, err := readObject(r)
	if err != nil {
		return err
	}
	if object, err = c.fields.track(r, nil, object); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	if object, err = c.admitNew(r, object); err != nil {
		return err
	}
	r.name = object.GetName()
	stored, err := c.put(r, nil, object)
	if errors.Is(err, objects.ErrChanged) {
		return apierrors.NewAlreadyExists(r.groupResource(), r.name)
	}
	if err != nil {
		return err
	}
	c.respond(w, r, http.StatusCreated, stored)
	return nil
}

// admitNew makes an object that was sent ready to be stored, or refuses it.
func (c *Cluster) admitNew(r *request, object objects.Object) (objects.Object, error) {
	if r.kind.namespaced {
		if namespace := object.GetNamespace(); namespace != "" && namespace != r.namespace {
			return nil, apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
		}
		object.SetNamespace(r.namespace)
	}
	if object.GetName() == "" && object.GetGenerateName() != "" {
		object.SetName(object.GetGenerateName() + rand.String(5))
	}
	object.SetUID(uuid.NewUUID())
	object.SetCreationTimestamp(metav1.Now())
	if _, ok := object.Object["spec"]; ok {
		object.SetGeneration(1)
	}
	object.SetResourceVersion("")
	if r.kind.status { // is written through its subresource only
		unstructured.RemoveNestedField(object.Object, "status")
	}
	if err := c.admit(r, object); err != nil {
		return nil, err
	}
	return object, validate(r, nil, object)
}

// update replaces an object as a whole.
func (c *Cluster) update(w http.ResponseWriter, r *request) error {
	sent, err := readObject(r)
	if err != nil {
		return err
	}
	return c.replace(w, r, func(objects.Object) (objects.Object, error) { return sent.DeepCopy(), nil })
}

// replace stores what edit makes of the object that a request names, and answers with it.
func (c *Cluster) replace(w http.ResponseWriter, r *request, edit func(before objects.Object) (objects.Object, error)) error {
	stored, err := c.change(r, func(before objects.Object) (objects.Object, error) {
		after, err := edit(before)
		if err != nil {
			return nil, err
		}
		if err := c.mayReplace(r, before, after); err != nil {
			return nil, err
		}
		return c.fields.track(r, before, merge(r, before, after))
	})
	if err != nil {
		return err
	}
	c.respond(w, r, http.StatusOK, stored)
	return nil
}

// mayReplace refuses an update that was made from an older state of the object.
func (c *Cluster) mayReplace(r *request, before, after objects.Object) error {
	if after.GetName() != r.name {
		return apierrors.NewBadRequest("the name of the object does not match the name on the URL")
	}
	if version := after.GetResourceVersion(); version != "" && version != before.GetResourceVersion() {
		return r.conflict()
	}
	return nil
}

func (r *request) conflict() error {
	return apierrors.NewConflict(r.groupResource(), r.name,
		errors.New("the object has been modified; please apply your changes to the latest version and try again"))
}

// merge takes from an update what may be changed through the resource it was sent to: the status
// through its subresource, everything else through the object itself.
func merge(r *request, before, after objects.Object) objects.Object {
	if r.subresource == "status" {
		merged := before.DeepCopy()
		merged.Object["status"] = after.Object["status"]
		merged.SetManagedFields(after.GetManagedFields())
		return merged
	}
	if r.kind.status {
		delete(after.Object, "status")
		if status, ok := before.Object["status"]; ok {
			after.Object["status"] = status
		}
	}
	after.SetUID(before.GetUID())
	after.SetCreationTimestamp(before.GetCreationTimestamp())
	after.SetDeletionTimestamp(before.GetDeletionTimestamp())
	after.SetNamespace(before.GetNamespace())
	after.SetGeneration(before.GetGeneration())
	if !reflect.DeepEqual(before.Object["spec"], after.Object["spec"]) {
		after.SetGeneration(before.GetGeneration() + 1)
	}
	return after
}

// change edits the object that a request names, again if somebody else was faster.
func (c *Cluster) change(r *request, edit func(before objects.Object) (objects.Object, error)) (objects.Object, error) {
	for {
		before := c.store.Get(r.kind.key(), r.namespace, r.name)
		if before == nil {
			return nil, r.notFound()
		}
		after, err := edit(before)
		if err != nil {
			return nil, err
		}
		if err := validate(r, before, after); err != nil {
			return nil, err
		}
		stored, err := c.put(r, before, after)
		if !errors.Is(err, objects.ErrChanged) {
			return stored, err
		}
	}
}

// put stores an object; one that waited for its last finalizer to go is deleted instead.
func (c *Cluster) put(r *request, before, after objects.Object) (objects.Object, error) {
	switch {
	case r.dryRun():
		return after, nil
	case before != nil && after.GetDeletionTimestamp() != nil && len(after.GetFinalizers()) == 0:
		return after, c.remove(r.kind.key(), before)
	case before != nil && equal(before, after):
		return before, nil
	default:
		return c.store.Put(r.kind.key(), before, after)
	}
}

// equal tells whether a write changes nothing; the time at which fields were last managed aside.
func equal(before, after objects.Object) bool {
	strip := func(o objects.Object) objects.Object {
		o = o.DeepCopy()
		fields := o.GetManagedFields()
		for i := range fields {
			fields[i].Time = nil
		}
		o.SetManagedFields(fields)
		o.SetResourceVersion("")
		return o
	}
	return reflect.DeepEqual(strip(before).Object, strip(after).Object)
}

// edit changes an object on the cluster's own behalf; nothing happens where it is gone, or is
// another than the one with this UID.
func (c *Cluster) edit(kind objects.Kind, namespace, name string, uid apitypes.UID, change func(objects.Object) error) error {
	for {
		before := c.store.Get(kind, namespace, name)
		if before == nil || uid != "" && before.GetUID() != uid {
			return nil
		}
		after := before.DeepCopy()
		if err := change(after); err != nil {
			return err
		}
		if reflect.DeepEqual(before.Object, after.Object) {
			return nil
		}
		if _, err := c.store.Put(kind, before, after); !errors.Is(err, objects.ErrChanged) {
			return err
		}
	}
}
