package azure

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
)

// FindManagedHSM looks through the whole subscription.
func (c *Client) FindManagedHSM(ctx context.Context, subscription, name string) (ManagedHSM, error) {
	g, err := c.findResource(ctx, subscription, "Microsoft.KeyVault/managedHSMs", name)
	if err != nil {
		return ManagedHSM{}, err
	}
	pools, err := clientFor(c, subscription, armkeyvault.NewManagedHsmsClient)
	if err != nil {
		return ManagedHSM{}, err
	}
	got, err := pools.Get(ctx, g.Name, name, nil)
	p := value(got.Properties)
	return ManagedHSM{
		ID: value(got.ID), Name: value(got.Name), Location: value(got.Location),
		State: string(value(p.ProvisioningState)), URI: withoutSlash(p.HsmURI),
	}, failed(err, "read Managed HSM %s", name)
}

// localRoleAssignment is a role assignment in a Managed HSM's data plane.
// Source: learn.microsoft.com, REST, Key Vault, Role Assignments, api-version 7.4.
type localRoleAssignment struct {
	Name       string `json:"name,omitempty"`
	Properties struct {
		PrincipalID      string `json:"principalId"`
		RoleDefinitionID string `json:"roleDefinitionId"`
		Scope            string `json:"scope,omitempty"`
	} `json:"properties"`
}

// LocalRoleAssignments are a principal's local roles that are in force at a scope, "/keys" or "/keys/<name>".
func (c *Client) LocalRoleAssignments(ctx context.Context, hsmURI, scope, principalID string) ([]RoleAssignment, error) {
	hsm, err := c.managedHSM(hsmURI)
	if err != nil {
		return nil, err
	}
	address := localRoleURL(hsmURI, scope, "") + "&$filter=" + url.QueryEscape("principalId eq "+quote(principalID))
	found, err := list[localRoleAssignment](ctx, hsm, address)
	if err != nil {
		return nil, failed(err, "list local role assignments at %s of %s", scope, hsmURI)
	}
	var inForce []RoleAssignment
	for _, local := range found {
		p := local.Properties
		if strings.EqualFold(p.PrincipalID, principalID) && covers(p.Scope, scope) {
			inForce = append(inForce, RoleAssignment{Name: local.Name, Scope: p.Scope, RoleID: path.Base(p.RoleDefinitionID), PrincipalID: p.PrincipalID})
		}
	}
	return inForce, nil
}

// CreateLocalRoleAssignment grants a local role at the assignment's scope.
func (c *Client) CreateLocalRoleAssignment(ctx context.Context, hsmURI string, a RoleAssignment) error {
	hsm, err := c.managedHSM(hsmURI)
	if err != nil {
		return err
	}
	var local localRoleAssignment
	local.Properties.PrincipalID = a.PrincipalID
	local.Properties.RoleDefinitionID = "Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/" + a.RoleID
	err = hsm.do(ctx, http.MethodPut, localRoleURL(hsmURI, a.Scope, a.Name), local, nil)
	return unlessAssigned(failed(err, "assign local role %s at %s of %s", a.RoleID, a.Scope, hsmURI))
}

// DeleteLocalRoleAssignment takes a local role back.
func (c *Client) DeleteLocalRoleAssignment(ctx context.Context, hsmURI, scope, name string) error {
	hsm, err := c.managedHSM(hsmURI)
	if err != nil {
		return err
	}
	err = hsm.do(ctx, http.MethodDelete, localRoleURL(hsmURI, scope, name), nil, nil)
	return unlessAbsent(failed(err, "delete local role assignment %s at %s of %s", name, scope, hsmURI))
}

func localRoleURL(hsmURI, scope, name string) string {
	address := hsmURI + "/" + strings.Trim(scope, "/") + "/providers/Microsoft.Authorization/roleAssignments"
	if name != "" {
		address += "/" + url.PathEscape(name)
	}
	return address + "?api-version=7.4"
}

// managedHSM is the data plane of a Managed HSM. Its tokens would open any, so they go to hosts of the cloud's suffix only.
func (c *Client) managedHSM(uri string) (endpoint, error) {
	suffix := c.cloud.ManagedHSMSuffix
	if !isUnder(uri, suffix) {
		return endpoint{}, fmt.Errorf("%q is no Managed HSM of this cloud, whose names end in .%s", clip(uri), suffix)
	}
	auth := runtime.NewBearerTokenPolicy(c.credential, []string{"https://" + suffix + "/.default"}, nil)
	options := c.options.ClientOptions
	options.PerRetryPolicies = append([]policy.Policy{auth}, options.PerRetryPolicies...)
	return endpoint{base: uri, pipeline: runtime.NewPipeline("cctui/azure", "v1.0.0", runtime.PipelineOptions{}, &options)}, nil
}
