// Package objects is the memory of the sandbox's API server: objects with versions, and the
// history by which they are watched. It knows nothing of HTTP, nor of what the objects mean.
package objects

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
)

// Object is a stored object. It is shared by all who read it: copy it before changing it.
type Object = *unstructured.Unstructured

// Kind tells where objects of one kind are kept, whatever version they are read in.
type Kind = schema.GroupResource

// Change is an entry of the history.
type Change struct {
	Revision uint64
	Kind     Kind
	Type     watch.EventType // Added, Modified or Deleted
	Object   Object          // as it is now; of a deleted one, as it was last, at this revision
	Before   Object          // nil for an added one
}

// Errors of Put and Since.
var (
	ErrChanged = errors.New("the object has been modified")
	ErrExpired = errors.New("too old resource version")
)

// kept is how many changes the history holds at least. Who falls behind further has to list anew.
const kept = 4096

type key struct{ namespace, name string }

// Store is safe for concurrent use.
type Store struct {
	mu       sync.Mutex
	revision uint64
	objects  map[Kind]map[key]Object
	history  []Change
	changed  chan struct{} // closed at the next change
}

// New is an empty store.
func New() *Store {
	return &Store{objects: map[Kind]map[key]Object{}, changed: make(chan struct{})}
}

// Get finds an object; nil where there is none.
func (s *Store) Get(kind Kind, namespace, name string) Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[kind][key{namespace, name}]
}

// List returns the objects of a kind, by namespace and name, and the revision they are of. An
// empty namespace is all of them.
func (s *Store) List(kind Kind, namespace string) ([]Object, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Object
	for k, object := range s.objects[kind] {
		if namespace == "" || k.namespace == namespace {
			found = append(found, object)
		}
	}
	slices.SortFunc(found, func(a, b Object) int {
		return strings.Compare(a.GetNamespace()+"/"+a.GetName(), b.GetNamespace()+"/"+b.GetName())
	})
	return found, s.revision
}

// Kinds are those of which there are objects.
func (s *Store) Kinds() []Kind {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.objects))
}

// Put replaces before, the object as it was read (nil: there was none), by after (nil: delete
// it), and returns what is stored now. ErrChanged: somebody else was faster.
func (s *Store) Put(kind Kind, before, after Object) (Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	subject := after
	if after == nil {
		subject = before
	}
	id := key{subject.GetNamespace(), subject.GetName()}
	if s.objects[kind][id] != before {
		return nil, ErrChanged
	}
	s.revision++
	stored := subject.DeepCopy()
	stored.SetResourceVersion(strconv.FormatUint(s.revision, 10))
	change := Change{Revision: s.revision, Kind: kind, Object: stored, Before: before}
	switch {
	case after == nil:
		change.Type = watch.Deleted
		delete(s.objects[kind], id)
	case before == nil:
		change.Type = watch.Added
		s.keep(kind, id, stored)
	default:
		change.Type = watch.Modified
		s.keep(kind, id, stored)
	}
	s.record(change)
	return stored, nil
}

func (s *Store) keep(kind Kind, id key, object Object) {
	if s.objects[kind] == nil {
		s.objects[kind] = map[key]Object{}
	}
	s.objects[kind][id] = object
}

func (s *Store) record(c Change) {
	if len(s.history) >= 2*kept {
		s.history = slices.Clone(s.history[kept:])
	}
	s.history = append(s.history, c)
	close(s.changed)
	s.changed = make(chan struct{})
}

// Revision is that of the newest change.
func (s *Store) Revision() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision
}

// Since returns what changed after a revision, and a channel that is closed at the next change.
// ErrExpired: the history does not go back that far.
func (s *Store) Since(revision uint64) ([]Change, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.history) > 0 && revision+1 < s.history[0].Revision {
		return nil, nil, ErrExpired
	}
	i, _ := slices.BinarySearchFunc(s.history, revision+1, func(c Change, r uint64) int {
		return int(c.Revision) - int(r)
	})
	return slices.Clip(s.history[i:]), s.changed, nil
}
