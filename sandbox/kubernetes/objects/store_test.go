package objects

import (
	"errors"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

var kind = Kind{Resource: "things"}

func thing(name string) Object {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetName(name)
	return object
}

func put(t *testing.T, s *Store, before, after Object) Object {
	t.Helper()
	stored, err := s.Put(kind, before, after)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestOnlyTheObjectThatWasReadIsReplaced(t *testing.T) {
	s := New()
	first := put(t, s, nil, thing("a"))
	put(t, s, first, thing("a"))
	if _, err := s.Put(kind, first, thing("a")); !errors.Is(err, ErrChanged) {
		t.Errorf("replacing an old state: %v, want ErrChanged", err)
	}
	if _, err := s.Put(kind, nil, thing("a")); !errors.Is(err, ErrChanged) {
		t.Errorf("creating what there is: %v, want ErrChanged", err)
	}
}

func TestTheHistoryTellsWhatHappened(t *testing.T) {
	s := New()
	first := put(t, s, nil, thing("a"))
	second := put(t, s, first, thing("a"))
	put(t, s, second, nil)
	changes, _, err := s.Since(0)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []watch.EventType{watch.Added, watch.Modified, watch.Deleted} {
		if changes[i].Type != want || changes[i].Revision != uint64(i+1) {
			t.Errorf("change %d = %s at %d, want %s at %d", i, changes[i].Type, changes[i].Revision, want, i+1)
		}
	}
	if got := changes[2].Object.GetResourceVersion(); got != "3" {
		t.Errorf("the deleted object has version %s, want the deletion's, 3", got)
	}
	if s.Get(kind, "", "a") != nil {
		t.Error("the deleted object is still there")
	}
}

func TestAChangeWakesWhoWaits(t *testing.T) {
	s := New()
	_, changed, _ := s.Since(0)
	put(t, s, nil, thing("a"))
	<-changed
}

func TestAnOldVersionExpires(t *testing.T) {
	s := New()
	for i := range 2*kept + 1 {
		put(t, s, nil, thing(fmt.Sprint(i)))
	}
	if _, _, err := s.Since(0); !errors.Is(err, ErrExpired) {
		t.Errorf("since the beginning: %v, want ErrExpired", err)
	}
	changes, _, err := s.Since(kept + 1)
	if err != nil || len(changes) != kept {
		t.Errorf("%d changes, %v; want %d", len(changes), err, kept)
	}
}
