package kubernetes

import (
	"net/http"
	"strings"
)

// openAPI serves the little of OpenAPI v3 that kubectl asks for before it writes: that PATCH of a
// kind takes fieldValidation and dryRun, so that the server validates and kubectl need not. There
// are no schemas, hence no `kubectl explain`.
func (c *Cluster) openAPI(w http.ResponseWriter, path string) error {
	if path == "/openapi/v3" {
		writeJSON(w, http.StatusOK, map[string]any{"paths": c.openAPIPaths()})
		return nil
	}
	wanted, found := strings.CutPrefix(path, "/openapi/v3/")
	if !found {
		return noSuchPath()
	}
	paths := map[string]any{}
	for _, k := range c.kinds.list() {
		for _, version := range k.versions {
			if openAPIPath(k.group, version) == wanted {
				paths["/"+wanted+"/"+k.resource+"/{name}"] = map[string]any{"patch": patchOperation(k, version)}
			}
		}
	}
	if len(paths) == 0 {
		return noSuchPath()
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"openapi": "3.0.0",
		"info":    map[string]any{"title": "Kubernetes", "version": "v" + c.options.Version},
		"paths":   paths,
	})
	return nil
}

func (c *Cluster) openAPIPaths() map[string]any {
	paths := map[string]any{}
	for _, k := range c.kinds.list() {
		for _, version := range k.versions {
			path := openAPIPath(k.group, version)
			// The real URL's hash lets clients cache for ever; definitions come and go here.
			paths[path] = map[string]any{"serverRelativeURL": "/openapi/v3/" + path}
		}
	}
	return paths
}

// patchOperation leaves strategic patches out: kubectl then merges by its own types, and needs no
// schemas.
func patchOperation(k *kind, version string) map[string]any {
	parameter := func(name string) map[string]any {
		return map[string]any{"name": name, "in": "query", "schema": map[string]any{"type": "string"}}
	}
	types := []string{"application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"}
	content := map[string]any{}
	for _, t := range types {
		content[t] = map[string]any{"schema": map[string]any{"type": "object"}}
	}
	return map[string]any{
		"parameters":  []any{parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation"), parameter("force")},
		"requestBody": map[string]any{"content": content},
		"responses":   map[string]any{"200": map[string]any{"description": "OK"}},
		"x-kubernetes-group-version-kind": map[string]any{
			"group": k.group, "version": version, "kind": k.name,
		},
	}
}
