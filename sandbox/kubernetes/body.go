package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

func readBody(r *request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("limit is %d", bodyLimit))
	}
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return body, nil
}

// readObject reads the object a request sends: JSON, YAML, or protobuf of a built-in kind, which
// is what `kubectl create` sends.
func readObject(r *request) (objects.Object, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch media {
	case "application/vnd.kubernetes.protobuf":
		typed, kind, err := decoder().Decode(body, nil, nil)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		typed.GetObjectKind().SetGroupVersionKind(*kind)
		return toObject(typed)
	case "application/json", "application/yaml", "":
		return decodeObject(r, body)
	default:
		return nil, unsupportedMedia(media)
	}
}

func unsupportedMedia(media string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusUnsupportedMediaType, Reason: metav1.StatusReasonUnsupportedMediaType,
		Message: fmt.Sprintf("the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf, not %q", media),
	}}
}

// decodeObject keeps whole numbers whole: as floats they would come back changed.
func decodeObject(r *request, body []byte) (objects.Object, error) {
	encoded, err := yaml.YAMLToJSON(body)
	if err != nil {
		return nil, apierrors.NewBadRequest("the object provided is not valid YAML: " + err.Error())
	}
	object := newObject(map[string]any{})
	if err := kjson.UnmarshalCaseSensitivePreserveInts(encoded, &object.Object); err != nil {
		return nil, apierrors.NewBadRequest("the object provided is unrecognized: " + err.Error())
	}
	if object.GetKind() == "" {
		object.SetGroupVersionKind(r.gvk())
	}
	if r.subresource != "token" && object.GroupVersionKind() != r.gvk() {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the API version and kind in the data (%s) do not match the expected %s", object.GroupVersionKind(), r.gvk()))
	}
	return object, checkFields(r, encoded)
}

// checkFields holds an object of a built-in kind against its type: wrong types are refused,
// unknown fields only where the client wants that, as kubectl does.
func checkFields(r *request, encoded []byte) error {
	if r.kind.custom || r.subresource != "" || !types().Recognizes(r.gvk()) {
		return nil
	}
	typed, err := types().New(r.gvk())
	if err != nil {
		return err
	}
	unknown, err := kjson.UnmarshalStrict(encoded, typed)
	if err != nil {
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", r.kind.name, r.version, r.kind.name, err))
	}
	if len(unknown) > 0 && r.URL.Query().Get("fieldValidation") == metav1.FieldValidationStrict {
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", r.kind.name, r.version, r.kind.name, runtime.NewStrictDecodingError(unknown)))
	}
	return nil
}

// deleteOptions are those of a DELETE, if it has any.
func deleteOptions(r *request) (metav1.DeleteOptions, error) {
	var options metav1.DeleteOptions
	body, err := readBody(r)
	if err != nil || len(body) == 0 {
		return options, err
	}
	if strings.Contains(r.Header.Get("Content-Type"), "protobuf") {
		_, _, err = decoder().Decode(body, nil, &options)
	} else {
		err = json.Unmarshal(body, &options)
	}
	if err != nil {
		return options, apierrors.NewBadRequest(err.Error())
	}
	return options, nil
}
