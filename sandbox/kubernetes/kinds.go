package kubernetes

import (
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// kind is a resource type that the API server serves.
type kind struct {
	group      string
	versions   []string // the preferred one first
	resource   string   // plural
	singular   string
	name       string // as in the field kind
	namespaced bool
	short      []string
	all        bool // part of `kubectl get all`
	status     bool // has a status subresource
	custom     bool // is defined by a CustomResourceDefinition
}

// key is the same for all versions of a kind: they are views of the same objects.
func (k *kind) key() objects.Kind {
	return objects.Kind{Group: k.group, Resource: k.resource}
}

func (k *kind) gvk(version string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: k.group, Version: version, Kind: k.name}
}

// Where objects are kept that the sandbox itself works with.
var (
	podsKey           = objects.Kind{Resource: "pods"}
	servicesKey       = objects.Kind{Resource: "services"}
	endpointsKey      = objects.Kind{Resource: "endpoints"}
	eventsKey         = objects.Kind{Resource: "events"}
	nodesKey          = objects.Kind{Resource: "nodes"}
	namespacesKey     = objects.Kind{Resource: "namespaces"}
	secretsKey        = objects.Kind{Resource: "secrets"}
	configMapsKey     = objects.Kind{Resource: "configmaps"}
	claimsKey         = objects.Kind{Resource: "persistentvolumeclaims"}
	accountsKey       = objects.Kind{Resource: "serviceaccounts"}
	slicesKey         = objects.Kind{Group: "discovery.k8s.io", Resource: "endpointslices"}
	deploymentsKey    = objects.Kind{Group: "apps", Resource: "deployments"}
	runtimeClassesKey = objects.Kind{Group: "node.k8s.io", Resource: "runtimeclasses"}
	definitionsKey    = objects.Kind{Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"}
)

// builtin are the kinds every cluster has, as far as the sandbox serves them.
func builtin() []*kind {
	v1 := []string{"v1"}
	return []*kind{
		{versions: v1, resource: "namespaces", singular: "namespace", name: "Namespace", short: []string{"ns"}, status: true},
		{versions: v1, resource: "nodes", singular: "node", name: "Node", short: []string{"no"}, status: true},
		{versions: v1, resource: "pods", singular: "pod", name: "Pod", namespaced: true, short: []string{"po"}, all: true, status: true},
		{versions: v1, resource: "services", singular: "service", name: "Service", namespaced: true, short: []string{"svc"}, all: true, status: true},
		{versions: v1, resource: "endpoints", singular: "endpoints", name: "Endpoints", namespaced: true, short: []string{"ep"}},
		{versions: v1, resource: "serviceaccounts", singular: "serviceaccount", name: "ServiceAccount", namespaced: true, short: []string{"sa"}},
		{versions: v1, resource: "configmaps", singular: "configmap", name: "ConfigMap", namespaced: true, short: []string{"cm"}},
		{versions: v1, resource: "secrets", singular: "secret", name: "Secret", namespaced: true},
		{versions: v1, resource: "events", singular: "event", name: "Event", namespaced: true, short: []string{"ev"}},
		{versions: v1, resource: "persistentvolumeclaims", singular: "persistentvolumeclaim", name: "PersistentVolumeClaim", namespaced: true, short: []string{"pvc"}, status: true},
		{group: "apps", versions: v1, resource: "deployments", singular: "deployment", name: "Deployment", namespaced: true, short: []string{"deploy"}, all: true, status: true},
		{group: "node.k8s.io", versions: v1, resource: "runtimeclasses", singular: "runtimeclass", name: "RuntimeClass"},
		{group: "rbac.authorization.k8s.io", versions: v1, resource: "roles", singular: "role", name: "Role", namespaced: true},
		{group: "rbac.authorization.k8s.io", versions: v1, resource: "rolebindings", singular: "rolebinding", name: "RoleBinding", namespaced: true},
		{group: "rbac.authorization.k8s.io", versions: v1, resource: "clusterroles", singular: "clusterrole", name: "ClusterRole"},
		{group: "rbac.authorization.k8s.io", versions: v1, resource: "clusterrolebindings", singular: "clusterrolebinding", name: "ClusterRoleBinding"},
		{group: "coordination.k8s.io", versions: v1, resource: "leases", singular: "lease", name: "Lease", namespaced: true},
		{group: "storage.k8s.io", versions: v1, resource: "storageclasses", singular: "storageclass", name: "StorageClass", short: []string{"sc"}},
		{group: "discovery.k8s.io", versions: v1, resource: "endpointslices", singular: "endpointslice", name: "EndpointSlice", namespaced: true},
		{group: "policy", versions: v1, resource: "poddisruptionbudgets", singular: "poddisruptionbudget", name: "PodDisruptionBudget", namespaced: true, short: []string{"pdb"}, status: true},
		{group: "networking.k8s.io", versions: v1, resource: "networkpolicies", singular: "networkpolicy", name: "NetworkPolicy", namespaced: true, short: []string{"netpol"}},
		{group: "apiextensions.k8s.io", versions: v1, resource: "customresourcedefinitions", singular: "customresourcedefinition", name: "CustomResourceDefinition", short: []string{"crd", "crds"}, status: true},
	}
}

// kinds are what is served at present.
type kinds struct {
	mu  sync.RWMutex
	all []*kind
}

// list is a snapshot, the core group first.
func (k *kinds) list() []*kind {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return slices.Clone(k.all)
}

// find looks a resource up by its path; nil where it is not served.
func (k *kinds) find(group, version, resource string) *kind {
	for _, candidate := range k.list() {
		if candidate.group == group && candidate.resource == resource && slices.Contains(candidate.versions, version) {
			return candidate
		}
	}
	return nil
}

// byKey looks a kind up by where its objects are kept.
func (k *kinds) byKey(key objects.Kind) *kind {
	for _, candidate := range k.list() {
		if candidate.key() == key {
			return candidate
		}
	}
	return nil
}

// remove stops serving a custom kind; those built in stay whatever is asked.
func (k *kinds) remove(key objects.Kind) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = slices.DeleteFunc(k.all, func(have *kind) bool { return have.custom && have.key() == key })
}

// add serves a kind, in place of an earlier definition of it.
func (k *kinds) add(custom *kind) {
	k.remove(custom.key())
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, custom)
}

// defined is the kind that a CustomResourceDefinition defines.
func defined(definition objects.Object) *kind {
	text := func(path ...string) string {
		s, _, _ := unstructured.NestedString(definition.Object, append([]string{"spec"}, path...)...)
		return s
	}
	k := &kind{
		group:      text("group"),
		resource:   text("names", "plural"),
		singular:   text("names", "singular"),
		name:       text("names", "kind"),
		namespaced: text("scope") == "Namespaced",
		custom:     true,
	}
	if k.singular == "" {
		k.singular = strings.ToLower(k.name)
	}
	k.short, _, _ = unstructured.NestedStringSlice(definition.Object, "spec", "names", "shortNames")
	versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	for _, entry := range versions {
		version, _ := entry.(map[string]any)
		if served, _ := version["served"].(bool); !served {
			continue
		}
		name, _ := version["name"].(string)
		k.versions = append(k.versions, name)
		_, status, _ := unstructured.NestedFieldNoCopy(version, "subresources", "status")
		k.status = k.status || status
	}
	slices.SortFunc(k.versions, preferred)
	return k
}
