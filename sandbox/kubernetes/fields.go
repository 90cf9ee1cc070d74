package kubernetes

import (
	"errors"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// fieldManagers track who owns which field, for server-side apply.
type fieldManagers struct {
	mu  sync.Mutex
	all map[fieldManagerKey]*managedfields.FieldManager
}

type fieldManagerKey struct {
	kind        schema.GroupVersionKind
	subresource string
}

func (f *fieldManagers) of(r *request) (*managedfields.FieldManager, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := fieldManagerKey{r.gvk(), r.subresource}
	if manager := f.all[id]; manager != nil {
		return manager, nil
	}
	manager, err := newFieldManager(id)
	if err != nil {
		return nil, err
	}
	f.all[id] = manager
	return manager, nil
}

// newFieldManager has a subresource of its own, because each owns fields apart.
func newFieldManager(id fieldManagerKey) (*managedfields.FieldManager, error) {
	hub := id.kind.GroupVersion()
	if types().Recognizes(id.kind) {
		return managedfields.NewDefaultFieldManager(mergeable(), plain{}, plain{}, plain{}, id.kind, hub, id.subresource, nil)
	}
	// Without a schema, lists are taken as a whole.
	return managedfields.NewDefaultCRDFieldManager(managedfields.NewDeducedTypeConverter(), plain{}, plain{}, plain{}, id.kind, hub, id.subresource, nil)
}

// track notes that the sender of r owns what it changed between before (nil: new) and after.
func (f *fieldManagers) track(r *request, before, after objects.Object) (objects.Object, error) {
	manager, err := f.of(r)
	if err != nil {
		return nil, err
	}
	tracked, err := manager.Update(orEmpty(r, before), after, r.manager())
	if err != nil {
		return nil, senders(err)
	}
	return asObject(tracked)
}

// apply merges a configuration into an object; a 409 where another owns what would change.
func (f *fieldManagers) apply(r *request, before, configuration objects.Object, force bool) (objects.Object, error) {
	manager, err := f.of(r)
	if err != nil {
		return nil, err
	}
	applied, err := manager.Apply(orEmpty(r, before), configuration, r.manager(), force)
	if err != nil {
		return nil, senders(err)
	}
	return asObject(applied)
}

// senders is an error that the sender's object is to blame for, such as a field its kind does not
// have. Conflicts are that already.
func senders(err error) error {
	if known := apierrors.APIStatus(nil); errors.As(err, &known) {
		return err
	}
	return apierrors.NewBadRequest(err.Error())
}

// orEmpty stands in for an object that is not there yet: the field manager wants one with its kind.
func orEmpty(r *request, object objects.Object) objects.Object {
	if object != nil {
		return r.inVersion(object).DeepCopy()
	}
	empty := &unstructured.Unstructured{Object: map[string]any{}}
	empty.SetGroupVersionKind(r.gvk())
	return empty
}

func asObject(o runtime.Object) (objects.Object, error) {
	object, ok := o.(*unstructured.Unstructured)
	if !ok {
		return nil, errors.New("the field manager returned a typed object")
	}
	return object, nil
}

// plain is conversion, defaulting and creation of objects without types.
type plain struct{}

func (plain) Convert(_, _, _ any) error { return errors.New("objects without types are not converted") }

func (plain) ConvertToVersion(in runtime.Object, to runtime.GroupVersioner) (runtime.Object, error) {
	kind, ok := to.KindForGroupVersionKinds([]schema.GroupVersionKind{in.GetObjectKind().GroupVersionKind()})
	if !ok || kind == in.GetObjectKind().GroupVersionKind() {
		return in, nil
	}
	out := in.DeepCopyObject()
	out.GetObjectKind().SetGroupVersionKind(kind)
	return out, nil
}

func (plain) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

func (plain) Default(runtime.Object) {}

func (plain) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	empty := &unstructured.Unstructured{Object: map[string]any{}}
	empty.SetGroupVersionKind(kind)
	return empty, nil
}
