package kubernetes

import (
	"net/http"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// shortestToken is the least lifetime that may be asked for.
const shortestToken = 10 * time.Minute

// requestToken makes a token of a service account, as `kubectl create token` wants.
func (c *Cluster) requestToken(w http.ResponseWriter, r *request) error {
	account := c.store.Get(accountsKey, r.namespace, r.name)
	if account == nil {
		return r.notFound()
	}
	object, err := readObject(r)
	if err != nil {
		return err
	}
	var asked authenticationv1.TokenRequest
	if err := fromObject(object, &asked); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	lifetime := tokenLifetime
	if seconds := asked.Spec.ExpirationSeconds; seconds != nil {
		lifetime = time.Duration(*seconds) * time.Second
	}
	if lifetime < shortestToken {
		return apierrors.NewBadRequest("may not specify a duration less than 10 minutes")
	}
	token, expires, err := c.signer.sign(account, asked.Spec.Audiences, lifetime)
	if err != nil {
		return err
	}
	asked.TypeMeta = metav1.TypeMeta{Kind: "TokenRequest", APIVersion: "authentication.k8s.io/v1"}
	asked.Name, asked.Namespace = r.name, r.namespace
	asked.Status = authenticationv1.TokenRequestStatus{Token: token, ExpirationTimestamp: metav1.NewTime(expires)}
	writeJSON(w, http.StatusCreated, asked)
	return nil
}

// isReview tells whether a request asks what its sender may do, which everybody may ask.
func isReview(r *request) bool {
	return r.group == authorizationv1.GroupName && r.resource == "selfsubjectaccessreviews" && r.Method == http.MethodPost
}

// review answers `kubectl auth can-i`.
func (c *Cluster) review(w http.ResponseWriter, r *request) error {
	r.kind = &kind{group: r.group, versions: []string{"v1"}, resource: r.resource, name: "SelfSubjectAccessReview"}
	object, err := readObject(r)
	if err != nil {
		return err
	}
	var asked authorizationv1.SelfSubjectAccessReview
	if err := fromObject(object, &asked); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	if about := asked.Spec.ResourceAttributes; about != nil {
		asked.Status.Allowed = c.authorize(asIf(r, about)) == nil
	}
	asked.TypeMeta = metav1.TypeMeta{Kind: "SelfSubjectAccessReview", APIVersion: "authorization.k8s.io/v1"}
	writeJSON(w, http.StatusCreated, asked)
	return nil
}

// asIf is the request that a review is about.
func asIf(r *request, about *authorizationv1.ResourceAttributes) *request {
	methods := map[string]string{
		"create": http.MethodPost, "update": http.MethodPut, "patch": http.MethodPatch,
		"delete": http.MethodDelete, "deletecollection": http.MethodDelete,
	}
	wanted := &http.Request{Method: methods[about.Verb], URL: r.URL}
	if wanted.Method == "" {
		wanted.Method = http.MethodGet
	}
	return &request{
		Request: wanted, user: r.user, group: about.Group, version: about.Version, resource: about.Resource,
		namespace: about.Namespace, name: about.Name, subresource: about.Subresource,
	}
}
