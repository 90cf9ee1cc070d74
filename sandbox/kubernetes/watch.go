package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

const (
	// watchLimit is how long a watch lasts when its client names no time.
	watchLimit = 30 * time.Minute
	// bookmarkEvery is how often a watch tells how far it is while nothing happens.
	bookmarkEvery = time.Minute
	// initialEventsEnd marks the bookmark behind the objects there were at first.
	initialEventsEnd = "k8s.io/initial-events-end"
)

// watcher is one watch: the stream, and how far it is.
type watcher struct {
	request  *request
	selected func(objects.Object) bool
	encoder  *json.Encoder
	flusher  http.Flusher
	revision uint64
}

// watch streams changes from a revision on; without one, it begins with what there is.
func (c *Cluster) watch(w http.ResponseWriter, r *request) error {
	selected, err := selectorOf(r)
	if err != nil {
		return err
	}
	flusher, ok := w.(http.Flusher)
	if !ok {
		return errors.New("the connection cannot stream")
	}
	from := r.URL.Query().Get("resourceVersion")
	watching := &watcher{request: r, selected: selected, encoder: json.NewEncoder(w), flusher: flusher}
	if from != "" && from != "0" && !initialEvents(r) {
		if watching.revision, err = strconv.ParseUint(from, 10, 64); err != nil {
			return apierrors.NewBadRequest("invalid resource version: " + from)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	flusher.Flush()
	ctx, cancel := context.WithTimeout(r.Context(), watchTime(r))
	defer cancel()
	if watching.revision == 0 {
		err = watching.start(c.store)
	}
	if err == nil {
		err = watching.follow(ctx, c.store)
	}
	if errors.Is(err, objects.ErrExpired) {
		watching.expire()
	}
	return nil // what went wrong is part of the stream, or its client has gone
}

func initialEvents(r *request) bool { return r.URL.Query().Get("sendInitialEvents") == "true" }

func watchTime(r *request) time.Duration {
	seconds, err := strconv.Atoi(r.URL.Query().Get("timeoutSeconds"))
	if err != nil || seconds <= 0 {
		return watchLimit
	}
	return time.Duration(seconds) * time.Second
}

// start sends what there is already.
func (w *watcher) start(store *objects.Store) error {
	found, revision := store.List(w.request.kind.key(), w.request.namespace)
	w.revision = revision
	for _, object := range found {
		if w.selected(object) {
			if err := w.send(watch.Added, object); err != nil {
				return err
			}
		}
	}
	if initialEvents(w.request) {
		return w.bookmark(map[string]any{initialEventsEnd: "true"})
	}
	w.flusher.Flush()
	return nil
}

// follow sends what changes, until ctx ends.
func (w *watcher) follow(ctx context.Context, store *objects.Store) error {
	bookmarks := time.NewTicker(bookmarkEvery)
	defer bookmarks.Stop()
	for {
		changes, changed, err := store.Since(w.revision)
		if err != nil {
			return err
		}
		for _, change := range changes {
			w.revision = change.Revision
			if err := w.tell(change); err != nil {
				return err
			}
		}
		w.flusher.Flush()
		select {
		case <-changed:
		case <-bookmarks.C:
			if err := w.bookmark(nil); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tell sends a change as it looks through the selector: what it no longer selects is deleted.
func (w *watcher) tell(c objects.Change) error {
	r := w.request
	if c.Kind != r.kind.key() || r.namespace != "" && c.Object.GetNamespace() != r.namespace {
		return nil
	}
	before := c.Before != nil && w.selected(c.Before)
	now := c.Type != watch.Deleted && w.selected(c.Object)
	switch {
	case now && before:
		return w.send(watch.Modified, c.Object)
	case now:
		return w.send(watch.Added, c.Object)
	case before:
		return w.send(watch.Deleted, c.Object)
	default:
		return nil
	}
}

func (w *watcher) send(kind watch.EventType, object objects.Object) error {
	var payload any = w.request.inVersion(object)
	if wantsTable(w.request) {
		payload = tableOf(w.request, []objects.Object{object}, object.GetResourceVersion())
	}
	return w.encoder.Encode(map[string]any{"type": kind, "object": payload})
}

// bookmark tells the client how far it is, if it wants to know.
func (w *watcher) bookmark(annotations map[string]any) error {
	if w.request.URL.Query().Get("allowWatchBookmarks") != "true" {
		return nil
	}
	metadata := map[string]any{"resourceVersion": strconv.FormatUint(w.revision, 10)}
	if annotations != nil {
		metadata["annotations"] = annotations
	}
	gvk := w.request.gvk()
	defer w.flusher.Flush()
	return w.encoder.Encode(map[string]any{"type": watch.Bookmark, "object": map[string]any{
		"kind": gvk.Kind, "apiVersion": gvk.GroupVersion().String(), "metadata": metadata,
	}})
}

// expire tells the client to list anew, in the stream, because its headers are out already.
func (w *watcher) expire() {
	status := apierrors.NewResourceExpired("too old resource version").Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	_ = w.encoder.Encode(map[string]any{"type": watch.Error, "object": status})
	w.flusher.Flush()
}
