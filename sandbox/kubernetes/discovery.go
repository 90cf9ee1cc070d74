package kubernetes

import (
	"net/http"
	"slices"
	"strings"

	discoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
)

// preferred orders versions as the API server prefers them: stable ones first.
func preferred(a, b string) int { return version.CompareKubeAwareVersionStrings(b, a) }

// serveMeta serves what the API server says of itself.
func (c *Cluster) serveMeta(w http.ResponseWriter, r *http.Request) error {
	path := strings.TrimSuffix(r.URL.Path, "/")
	aggregated := strings.Contains(r.Header.Get("Accept"), "as=APIGroupDiscoveryList")
	switch {
	case path == "/version":
		writeJSON(w, http.StatusOK, c.version())
	case path == "/healthz" || path == "/readyz" || path == "/livez":
		_, _ = w.Write([]byte("ok"))
	case aggregated && path == "/api":
		writeAggregated(w, c.groups(func(group string) bool { return group == "" }))
	case aggregated && path == "/apis":
		writeAggregated(w, c.groups(func(group string) bool { return group != "" }))
	case path == "/api":
		writeJSON(w, http.StatusOK, metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
	case path == "/apis":
		writeJSON(w, http.StatusOK, c.groupList())
	case strings.HasPrefix(path, "/openapi"):
		return c.openAPI(w, path)
	default:
		return c.serveVersion(w, path)
	}
	return nil
}

func (c *Cluster) version() version.Info {
	major, rest, _ := strings.Cut(c.options.Version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	return version.Info{Major: major, Minor: minor, GitVersion: "v" + c.options.Version, Platform: "linux/amd64", GoVersion: "go1.26", Compiler: "gc"}
}

// serveVersion lists the resources of one version of a group: /api/v1, /apis/<group>/<version>.
func (c *Cluster) serveVersion(w http.ResponseWriter, path string) error {
	version, found := strings.CutPrefix(path, "/apis/")
	if !found {
		version, found = strings.CutPrefix(path, "/api/")
	}
	wanted, err := schema.ParseGroupVersion(version)
	if !found || err != nil {
		return noSuchPath()
	}
	list := metav1.APIResourceList{
		TypeMeta:     metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"},
		GroupVersion: wanted.String(),
	}
	for _, k := range c.kinds.list() {
		if k.group == wanted.Group && slices.Contains(k.versions, wanted.Version) {
			list.APIResources = append(list.APIResources, k.resources()...)
		}
	}
	if len(list.APIResources) == 0 {
		return noSuchPath()
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

// groupList is the older form of discovery.
func (c *Cluster) groupList() metav1.APIGroupList {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, group := range c.groups(func(group string) bool { return group != "" }) {
		entry := metav1.APIGroup{Name: group.Name}
		for _, v := range group.Versions {
			entry.Versions = append(entry.Versions, metav1.GroupVersionForDiscovery{
				GroupVersion: group.Name + "/" + v.Version, Version: v.Version,
			})
		}
		entry.PreferredVersion = entry.Versions[0]
		list.Groups = append(list.Groups, entry)
	}
	return list
}

// groups is the aggregated form of discovery: groups, their versions, and all of their resources.
func (c *Cluster) groups(wanted func(group string) bool) []discoveryv2.APIGroupDiscovery {
	var names []string
	byVersion := map[schema.GroupVersion][]discoveryv2.APIResourceDiscovery{}
	for _, k := range c.kinds.list() {
		if !wanted(k.group) {
			continue
		}
		if !slices.Contains(names, k.group) {
			names = append(names, k.group)
		}
		for _, v := range k.versions {
			at := schema.GroupVersion{Group: k.group, Version: v}
			byVersion[at] = append(byVersion[at], k.discovery(v))
		}
	}
	groups := make([]discoveryv2.APIGroupDiscovery, 0, len(names))
	for _, name := range names {
		group := discoveryv2.APIGroupDiscovery{}
		group.Name = name
		for at, resources := range byVersion {
			if at.Group == name {
				group.Versions = append(group.Versions, discoveryv2.APIVersionDiscovery{
					Version: at.Version, Resources: resources, Freshness: discoveryv2.DiscoveryFreshnessCurrent,
				})
			}
		}
		slices.SortFunc(group.Versions, func(a, b discoveryv2.APIVersionDiscovery) int { return preferred(a.Version, b.Version) })
		groups = append(groups, group)
	}
	return groups
}

func writeAggregated(w http.ResponseWriter, groups []discoveryv2.APIGroupDiscovery) {
	list := discoveryv2.APIGroupDiscoveryList{Items: groups}
	list.Kind, list.APIVersion = "APIGroupDiscoveryList", "apidiscovery.k8s.io/v2"
	w.Header().Set("Content-Type", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
	writeBody(w, list)
}
