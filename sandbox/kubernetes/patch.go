package kubernetes

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"slices"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apitypes "k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

func (c *Cluster) patch(w http.ResponseWriter, r *request) error {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if apitypes.PatchType(media) == apitypes.ApplyYAMLPatchType {
		return c.apply(w, r)
	}
	patch, err := readBody(r)
	if err != nil {
		return err
	}
	return c.replace(w, r, func(before objects.Object) (objects.Object, error) {
		return patched(r, apitypes.PatchType(media), before, patch)
	})
}

// patched is the object after a patch.
func patched(r *request, media apitypes.PatchType, before objects.Object, patch []byte) (objects.Object, error) {
	document, err := json.Marshal(r.inVersion(before))
	if err != nil {
		return nil, err
	}
	document, err = patchDocument(r, media, document, patch)
	if err != nil {
		if known := apierrors.APIStatus(nil); errors.As(err, &known) {
			return nil, err
		}
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return decodeObject(r, document)
}

// patchDocument refuses strategic patches of custom resources, which have no strategy; clients fall
// back to merge patches.
func patchDocument(r *request, media apitypes.PatchType, document, patch []byte) ([]byte, error) {
	switch media {
	case apitypes.MergePatchType:
		return jsonpatch.MergePatch(document, patch)
	case apitypes.JSONPatchType:
		operations, err := jsonpatch.DecodePatch(patch)
		if err != nil {
			return nil, err
		}
		return operations.Apply(document)
	case apitypes.StrategicMergePatchType:
		typed, err := types().New(r.gvk())
		if err != nil { // a custom resource has no strategy
			return nil, unsupportedMedia(string(media))
		}
		return strategicpatch.StrategicMergePatch(document, patch, typed)
	default:
		return nil, unsupportedMedia(string(media))
	}
}

// apply is server-side apply; it creates what is not there.
func (c *Cluster) apply(w http.ResponseWriter, r *request) error {
	query := r.URL.Query()
	if query.Get("fieldManager") == "" {
		return apierrors.NewBadRequest("fieldManager is required for apply patch")
	}
	body, err := readBody(r)
	if err != nil {
		return err
	}
	configuration, err := decodeObject(r, body)
	if err != nil {
		return err
	}
	if configuration.GetName() != r.name {
		return apierrors.NewBadRequest("the name of the object does not match the name on the URL")
	}
	force := slices.Contains([]string{"true", "1"}, query.Get("force"))
	for {
		stored, status, err := c.applyOnce(r, configuration.DeepCopy(), force)
		if errors.Is(err, objects.ErrChanged) {
			continue
		}
		if err != nil {
			return err
		}
		c.respond(w, r, status, stored)
		return nil
	}
}

func (c *Cluster) applyOnce(r *request, configuration objects.Object, force bool) (objects.Object, int, error) {
	before := c.store.Get(r.kind.key(), r.namespace, r.name)
	if before == nil && r.subresource != "" {
		return nil, 0, r.notFound()
	}
	after, err := c.fields.apply(r, before, configuration, force)
	if err != nil {
		return nil, 0, err
	}
	if before == nil {
		if after, err = c.admitNew(r, after); err != nil {
			return nil, 0, err
		}
		stored, err := c.put(r, nil, after)
		return stored, http.StatusCreated, err
	}
	after = merge(r, before, after)
	if err := validate(r, before, after); err != nil {
		return nil, 0, err
	}
	stored, err := c.put(r, before, after)
	return stored, http.StatusOK, err
}
