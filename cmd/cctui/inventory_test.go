package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/sandbox"
)

// inventory is everything that exists in a sandbox, read over the wire as any client would: what
// tells one thing from another of the same name, by address. What the sandbox begins with is left out.
type inventory map[string]string

// reader asks the services of a sandbox.
type reader struct {
	endpoints  sandbox.Endpoints
	http       *http.Client
	azure      *azure.Client
	credential *azure.Credential
	found      inventory
}

// takeInventory reads everything there is.
func takeInventory(ctx context.Context, e sandbox.Endpoints) (inventory, error) {
	around, err := inSandbox(e)
	if err != nil {
		return nil, err
	}
	defer around.http.CloseIdleConnections()
	r := &reader{endpoints: e, http: around.http, found: inventory{}}
	if r.azure, r.credential, err = around.client(ctx); err != nil {
		return nil, err
	}
	if err := r.manager(ctx); err != nil {
		return nil, fmt.Errorf("take the inventory of the sandbox: %w", err)
	}
	return r.found, nil
}

// thing is what lists are made of, of any service.
type thing struct {
	ID         string
	Name, Type string
	Properties map[string]any
	KID        string // of keys
	Metadata   struct {
		Namespace, Name, UID string
		OwnerReferences      []any
	}
}

// list reads a collection; one whose service refuses to show it is an error.
func (r *reader) list(ctx context.Context, scope, address string) ([]thing, error) {
	token, err := r.credential.Token(ctx, scope)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := r.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", address, response.Status)
	}
	var page struct{ Value, Items []thing }
	err = json.NewDecoder(response.Body).Decode(&page)
	return append(page.Value, page.Items...), err
}

// manager reads Resource Manager, and whatever it says that there is.
func (r *reader) manager(ctx context.Context) error {
	subscription := "/subscriptions/" + r.endpoints.Subscription
	paths := []string{
		"/resourceGroups", "/resources", "/providers/Microsoft.ManagedIdentity/userAssignedIdentities", // which /resources shows without its ids
		"/providers/Microsoft.Authorization/roleAssignments", "/providers/Microsoft.KeyVault/deletedVaults",
	}
	for len(paths) > 0 {
		path := paths[0]
		paths = paths[1:]
		if !strings.HasPrefix(path, subscription) {
			path = subscription + path
		}
		things, err := r.list(ctx, r.endpoints.ResourceManager+"/.default", r.endpoints.ResourceManager+path+"?api-version=2022-04-01")
		if err != nil && strings.Contains(err.Error(), "404") {
			continue // what holds it was just removed
		}
		if err != nil {
			return err
		}
		for _, it := range things {
			if strings.Contains(it.ID+fmt.Sprint(it.Properties["scope"]), "contoso-") || it.ID == "" {
				continue
			}
			r.found[it.ID] = it.instance()
			more, err := r.within(ctx, it)
			if err != nil {
				return err
			}
			paths = append(paths, more...)
		}
	}
	return nil
}

// instance tells a resource from another one of its name, made before or after it.
func (it thing) instance() string {
	var of []string
	for _, property := range []string{"clientId", "principalId", "issuer", "createdOn", "vaultUri", "attestUri", "scheduledPurgeDate"} {
		if value, ok := it.Properties[property]; ok {
			of = append(of, fmt.Sprint(value))
		}
	}
	return strings.Join(of, " ")
}

// within reads what a resource holds, and names the lists of Resource Manager that hold more.
func (r *reader) within(ctx context.Context, it thing) (more []string, err error) {
	switch strings.ToLower(it.Type) {
	case "microsoft.containerservice/managedclusters":
		return []string{it.ID + "/agentPools"}, r.cluster(ctx, it)
	case "microsoft.managedidentity/userassignedidentities":
		return []string{it.ID + "/federatedIdentityCredentials"}, nil
	case "microsoft.keyvault/vaults":
		return nil, r.vault(ctx, it)
	}
	return nil, nil
}

// vault counts each version of each key.
func (r *reader) vault(ctx context.Context, it thing) error {
	const scope = "https://vault.localhost/.default"
	base := "https://" + it.Name + "." + r.endpoints.VaultSuffix
	deleted, err := r.list(ctx, scope, base+"/deletedkeys?api-version=7.4")
	if err != nil && strings.Contains(err.Error(), "403") {
		return nil // nobody has a role yet, so that nobody has made a key
	}
	if err != nil {
		return err
	}
	for _, key := range deleted {
		r.found["deleted "+key.KID] = ""
	}
	keys, err := r.list(ctx, scope, base+"/keys?api-version=7.4")
	if err != nil {
		return err
	}
	for _, key := range keys {
		name, err := url.Parse(key.KID)
		if err != nil {
			return err
		}
		versions, err := r.list(ctx, scope, base+name.Path+"/versions?api-version=7.4")
		if err != nil {
			return err
		}
		for i, version := range versions {
			r.found[fmt.Sprintf("%s version %d", key.KID, i+1)] = version.KID
		}
	}
	return nil
}

// cluster reads the objects that nobody else made: what a controller owns is its own affair.
func (r *reader) cluster(ctx context.Context, it thing) error {
	base := fmt.Sprintf("https://%s.k8s.localhost:%d", strings.ToLower(it.Name), r.endpoints.Port)
	for _, kind := range []string{
		"/api/v1/namespaces", "/api/v1/serviceaccounts", "/api/v1/pods", "/api/v1/services", "/apis/apps/v1/deployments",
		"/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/apis/kafka.strimzi.io/v1beta2/kafkas",
		"/apis/kafka.strimzi.io/v1beta2/kafkanodepools", "/apis/rbac.authorization.k8s.io/v1/clusterroles",
	} {
		things, err := r.list(ctx, clusterScope, base+kind)
		if err != nil && strings.Contains(err.Error(), "404") {
			continue // the cluster does not answer yet, or does not know the kind
		}
		if err != nil {
			return err
		}
		for _, it := range things {
			if len(it.Metadata.OwnerReferences) == 0 {
				r.found[kind+"/"+it.Metadata.Namespace+"/"+it.Metadata.Name] = it.Metadata.UID
			}
		}
	}
	return nil
}
