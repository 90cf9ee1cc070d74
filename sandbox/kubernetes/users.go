package kubernetes

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/cctui/cctui/sandbox/entra"
	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// user is who sends a request.
type user struct {
	name   string
	groups []string
}

const (
	mastersGroup       = "system:masters" // may do everything
	authenticatedGroup = "system:authenticated"
	accountsGroup      = "system:serviceaccounts"
)

// sender finds out who sends a request, and as whom: an admin may act as another.
func (c *Cluster) sender(r *http.Request) (user, error) {
	sender, err := c.authenticate(r)
	as := r.Header.Get("Impersonate-User")
	if err != nil || as == "" {
		return sender, err
	}
	if !slices.Contains(sender.groups, mastersGroup) {
		return user{}, apierrors.NewForbidden(objects.Kind{Resource: "users"}, as, fmt.Errorf("User %q cannot impersonate", sender.name))
	}
	groups := append(r.Header.Values("Impersonate-Group"), authenticatedGroup)
	if account, ok := strings.CutPrefix(as, accountPrefix); ok {
		namespace, _, _ := strings.Cut(account, ":")
		groups = append(groups, accountsGroup, accountsGroup+":"+namespace)
	}
	return user{as, groups}, nil
}

// authenticate finds out who sends a request: by the admin's token, a service account's, or
// Entra's. Who signs in with Entra is an admin, as the creator of an AKS cluster is.
func (c *Cluster) authenticate(r *http.Request) (user, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return user{}, apierrors.NewUnauthorized("Unauthorized")
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(c.adminToken)) == 1 {
		return user{"clusterAdmin", []string{mastersGroup, authenticatedGroup}}, nil
	}
	if claims, err := c.signer.verify(token); err == nil {
		return c.accountUser(claims)
	}
	if c.options.Authenticate != nil {
		if principal, err := c.options.Authenticate(r, entra.ResourceAKS); err == nil {
			return user{principal.ObjectID, []string{mastersGroup, authenticatedGroup}}, nil
		}
	}
	return user{}, apierrors.NewUnauthorized("Unauthorized")
}

// accountUser refuses the token of an account that is gone, even if another has its name now.
func (c *Cluster) accountUser(claims accountClaims) (user, error) {
	namespace, name := claims.Kubernetes.Namespace, claims.Kubernetes.ServiceAccount.Name
	account := c.store.Get(accountsKey, namespace, name)
	if account == nil || string(account.GetUID()) != claims.Kubernetes.ServiceAccount.UID {
		return user{}, apierrors.NewUnauthorized("Unauthorized")
	}
	return user{claims.Subject, []string{accountsGroup, accountsGroup + ":" + namespace, authenticatedGroup}}, nil
}

// authorize holds a request against the roles bound to its user.
func (c *Cluster) authorize(r *request) error {
	if slices.Contains(r.user.groups, mastersGroup) {
		return nil
	}
	for _, rule := range c.rulesFor(r.user, r.namespace) {
		if covers(rule, r) {
			return nil
		}
	}
	return r.forbidden()
}

// rulesFor are the rules bound to a user cluster-wide and in a namespace.
func (c *Cluster) rulesFor(u user, namespace string) (rules []rbacv1.PolicyRule) {
	bindings, _ := c.store.List(rbacKey("clusterrolebindings"), "")
	if namespace != "" {
		local, _ := c.store.List(rbacKey("rolebindings"), namespace)
		bindings = append(bindings, local...)
	}
	for _, object := range bindings {
		// A RoleBinding has the same fields, and may name a Role of its namespace.
		var binding rbacv1.ClusterRoleBinding
		if fromObject(object, &binding) != nil || !slices.ContainsFunc(binding.Subjects, u.is) {
			continue
		}
		var role rbacv1.ClusterRole
		if found := c.role(binding.RoleRef, binding.Namespace); found != nil && fromObject(found, &role) == nil {
			rules = append(rules, role.Rules...)
		}
	}
	return rules
}

// role finds a binding's role; a Role is of the binding's own namespace.
func (c *Cluster) role(ref rbacv1.RoleRef, namespace string) objects.Object {
	if ref.Kind == "Role" {
		return c.store.Get(rbacKey("roles"), namespace, ref.Name)
	}
	return c.store.Get(rbacKey("clusterroles"), "", ref.Name)
}

func rbacKey(resource string) objects.Kind {
	return objects.Kind{Group: rbacv1.GroupName, Resource: resource}
}

// is tells whether a binding means this user.
func (u user) is(subject rbacv1.Subject) bool {
	switch subject.Kind {
	case rbacv1.ServiceAccountKind:
		return u.name == accountPrefix+subject.Namespace+":"+subject.Name
	case rbacv1.GroupKind:
		return slices.Contains(u.groups, subject.Name)
	default:
		return u.name == subject.Name
	}
}

// covers tells whether a rule allows a request.
func covers(rule rbacv1.PolicyRule, r *request) bool {
	has := func(list []string, wanted string) bool {
		return slices.Contains(list, wanted) || slices.Contains(list, "*")
	}
	return has(rule.Verbs, r.verb()) && has(rule.APIGroups, r.group) && has(rule.Resources, r.resourcePath()) &&
		(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, r.name))
}

// fromObject fills a typed object.
func fromObject(object objects.Object, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into)
}

// toObject is a typed object without its type.
func toObject(typed any) (objects.Object, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return nil, err
	}
	object := newObject(fields)
	return object, nil
}
