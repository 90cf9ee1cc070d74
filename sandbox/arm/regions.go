package arm

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// region is a location: its display name, and the short code in the host names of attestation providers.
type region struct{ display, code string }

// Source: az account list-locations; learn.microsoft.com, Azure Attestation shared providers.
var regions = map[string]region{
	"australiaeast":      {"Australia East", "eau"},
	"canadacentral":      {"Canada Central", "cac"},
	"centralindia":       {"Central India", "cin"},
	"centralus":          {"Central US", "cus"},
	"eastasia":           {"East Asia", "eas"},
	"eastus":             {"East US", "eus"},
	"eastus2":            {"East US 2", "eus2"},
	"francecentral":      {"France Central", "frc"},
	"germanywestcentral": {"Germany West Central", "dewc"},
	"italynorth":         {"Italy North", "itn"},
	"japaneast":          {"Japan East", "jpe"},
	"koreacentral":       {"Korea Central", "krc"},
	"northcentralus":     {"North Central US", "ncus"},
	"northeurope":        {"North Europe", "neu"},
	"norwayeast":         {"Norway East", "noe"},
	"southafricanorth":   {"South Africa North", "san"},
	"southcentralus":     {"South Central US", "scus"},
	"southeastasia":      {"Southeast Asia", "sasia"},
	"swedencentral":      {"Sweden Central", "sec"},
	"switzerlandnorth":   {"Switzerland North", "swn"},
	"uaenorth":           {"UAE North", "uan"},
	"uksouth":            {"UK South", "uks"},
	"ukwest":             {"UK West", "ukw"},
	"westeurope":         {"West Europe", "weu"},
	"westus":             {"West US", "wus"},
	"westus2":            {"West US 2", "wus2"},
	"westus3":            {"West US 3", "wus3"},
}

// confidentialRegions offer sizes that may host confidential child VMs.
// Source: microsoft/confidential-sidecar-containers, examples/skr/aks-kata-cc.
var confidentialRegions = []string{"eastus", "northeurope", "westeurope", "westus"}

// normalLocation is a location as it is stored: "East US" is "eastus".
func normalLocation(location, code, kind string) (string, error) {
	name := strings.ToLower(strings.ReplaceAll(location, " ", ""))
	if _, ok := regions[name]; ok {
		return name, nil
	}
	if name == "" {
		return "", badRequest("LocationRequired", "The location property is required for this definition.")
	}
	return "", badRequest(code, "The provided location '%s' is not available for %s. List of available regions is '%s'.",
		location, kind, strings.Join(slices.Sorted(maps.Keys(regions)), ","))
}

func (m *Manager) listLocations(*call) (answer, error) {
	var all []map[string]any
	for _, name := range slices.Sorted(maps.Keys(regions)) {
		all = append(all, map[string]any{
			"id":                  m.subscriptionID() + "/locations/" + name,
			"name":                name,
			"type":                "Region",
			"displayName":         regions[name].display,
			"regionalDisplayName": regions[name].display,
			"metadata":            map[string]string{"regionType": "Physical", "regionCategory": "Recommended"},
		})
	}
	return ok(page(all)), nil
}

func (m *Manager) subscription() map[string]any {
	return map[string]any{
		"id": m.subscriptionID(), "subscriptionId": m.Subscription, "tenantId": m.Tenant,
		"displayName": "cctui sandbox", "state": "Enabled", "authorizationSource": "RoleBased",
	}
}

func (m *Manager) listSubscriptions(*call) (answer, error) {
	all := []map[string]any{m.subscription()}
	if _, two := m.Conditions.Has("two-subscriptions"); two {
		all = append(all, m.otherSubscription())
	}
	return ok(page(all)), nil
}

// otherSubscription is one that the account sees, and in which there is nothing for it.
func (m *Manager) otherSubscription() map[string]any {
	other := m.subscription()
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(m.subscriptionID())).String()
	other["id"], other["subscriptionId"], other["displayName"] = "/subscriptions/"+id, id, "contoso production"
	return other
}

func (m *Manager) getSubscription(*call) (answer, error) { return ok(m.subscription()), nil }

func (m *Manager) listTenants(*call) (answer, error) {
	return ok(page([]map[string]any{{
		"id": "/tenants/" + m.Tenant, "tenantId": m.Tenant, "displayName": "cctui sandbox", "defaultDomain": "contoso.example",
	}})), nil
}

// getEndpoints is what `az cloud register --endpoint-resource-manager` asks first, without a token.
func (m *Manager) getEndpoints(*call) (answer, error) {
	return answer{status: http.StatusOK, body: map[string]any{
		"authentication": map[string]any{
			"loginEndpoint": m.URL("login.localhost"), "audiences": []string{m.URL("management.localhost")}, "tenant": m.Tenant, "identityProvider": "AAD",
		},
		"resourceManager": m.URL("management.localhost"),
		"name":            "cctui-sandbox",
		"suffixes":        map[string]string{"keyVaultDns": "vault.localhost", "mhsmDns": "managedhsm.localhost", "attestationEndpoint": "attest.localhost"},
	}}, nil
}
