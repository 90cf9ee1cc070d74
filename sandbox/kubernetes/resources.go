package kubernetes

import (
	"encoding/json"
	"io"
	"strings"

	discoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// verbs are what every served resource can do.
func verbs() []string {
	return []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
}

// subresources are those of a resource, with their verbs and, where it is another, their kind.
func (k *kind) subresources() map[string]subresource {
	subs := map[string]subresource{}
	if k.status {
		subs["status"] = subresource{kind: k.name, verbs: []string{"get", "patch", "update"}}
	}
	switch k.key() {
	case podsKey:
		subs["log"] = subresource{kind: "Pod", verbs: []string{"get"}}
		subs["exec"] = subresource{kind: "PodExecOptions", verbs: []string{"create", "get"}}
		subs["portforward"] = subresource{kind: "PodPortForwardOptions", verbs: []string{"create", "get"}}
		subs["proxy"] = subresource{kind: "PodProxyOptions", verbs: []string{"create", "delete", "get", "patch", "update"}}
	case servicesKey:
		subs["proxy"] = subresource{kind: "ServiceProxyOptions", verbs: []string{"create", "delete", "get", "patch", "update"}}
	case accountsKey:
		subs["token"] = subresource{kind: "TokenRequest", group: "authentication.k8s.io", version: "v1", verbs: []string{"create"}}
	}
	return subs
}

type subresource struct {
	kind, group, version string
	verbs                []string
}

func (k *kind) categories() []string {
	if k.all {
		return []string{"all"}
	}
	return nil
}

// resources is the older form of a resource's discovery.
func (k *kind) resources() []metav1.APIResource {
	list := []metav1.APIResource{{
		Name: k.resource, SingularName: k.singular, Namespaced: k.namespaced, Kind: k.name,
		Verbs: verbs(), ShortNames: k.short, Categories: k.categories(),
	}}
	for name, sub := range k.subresources() {
		list = append(list, metav1.APIResource{
			Name: k.resource + "/" + name, Namespaced: k.namespaced,
			Kind: sub.kind, Group: sub.group, Version: sub.version, Verbs: sub.verbs,
		})
	}
	return list
}

// discovery is the aggregated form of a resource's discovery.
func (k *kind) discovery(version string) discoveryv2.APIResourceDiscovery {
	scope := discoveryv2.ScopeCluster
	if k.namespaced {
		scope = discoveryv2.ScopeNamespace
	}
	found := discoveryv2.APIResourceDiscovery{
		Resource: k.resource, SingularResource: k.singular, Scope: scope, Verbs: verbs(),
		ResponseKind: &metav1.GroupVersionKind{Group: k.group, Version: version, Kind: k.name},
		ShortNames:   k.short, Categories: k.categories(),
	}
	for name, sub := range k.subresources() {
		response := metav1.GroupVersionKind{Group: sub.group, Version: version, Kind: sub.kind}
		if sub.version != "" {
			response.Version = sub.version
		}
		found.Subresources = append(found.Subresources, discoveryv2.APISubresourceDiscovery{
			Subresource: name, ResponseKind: &response, Verbs: sub.verbs,
		})
	}
	return found
}

func writeBody(w io.Writer, body any) {
	_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
}

// openAPIPath is where the schemas of a group's version are: api/v1, apis/<group>/<version>.
func openAPIPath(group, version string) string {
	if group == "" {
		return "api/" + version
	}
	return strings.Join([]string{"apis", group, version}, "/")
}
