package arm

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// size is a virtual machine size: its quota family and its share of it.
type size struct {
	family       string
	vcpus        int
	memory       string // GiB
	confidential bool   // may host confidential child VMs
}

// sizes are what the sandbox's regions offer.
// Source: learn.microsoft.com, DCasccv5 and DCadsccv5, ECasccv5, Dsv5 and Dasv5 series.
var sizes = offered()

func offered() map[string]size {
	all := map[string]size{
		"Standard_D2s_v5":  {"standardDSv5Family", 2, "8", false},
		"Standard_D4s_v5":  {"standardDSv5Family", 4, "16", false},
		"Standard_D8s_v5":  {"standardDSv5Family", 8, "32", false},
		"Standard_D2ds_v5": {"standardDDSv5Family", 2, "8", false},
		"Standard_D4ds_v5": {"standardDDSv5Family", 4, "16", false},
		"Standard_D2as_v5": {"standardDASv5Family", 2, "8", false},
		"Standard_D4as_v5": {"standardDASv5Family", 4, "16", false},
		"Standard_DS2_v2":  {"standardDSv2Family", 2, "7", false},
		"Standard_B4ms":    {"standardBSFamily", 4, "16", false},
	}
	for _, vcpus := range []int{4, 8, 16, 32, 48, 64, 96} {
		memory := strconv.Itoa(4 * vcpus)
		all[fmt.Sprintf("Standard_DC%das_cc_v5", vcpus)] = size{"standardDCACCV5Family", vcpus, memory, true}
		all[fmt.Sprintf("Standard_DC%dads_cc_v5", vcpus)] = size{"standardDCADCCV5Family", vcpus, memory, true}
		all[fmt.Sprintf("Standard_EC%das_cc_v5", vcpus)] = size{"standardECACCV5Family", vcpus, strconv.Itoa(8 * vcpus), true}
	}
	return all
}

// findSize ignores case, as AKS does.
func findSize(name string) (size, bool) {
	for known, s := range sizes {
		if strings.EqualFold(known, name) {
			return s, true
		}
	}
	return size{}, false
}

// offers tells whether a size may be used in a location by this subscription.
func (m *Manager) offers(s size, location string) bool {
	if !s.confidential {
		return true
	}
	_, missing := m.Conditions.Has("sku-missing")
	return !missing && slices.Contains(confidentialRegions, location)
}

// limit is the quota of a family, in vCPUs.
func (m *Manager) limit(family string) int {
	if argument, on := m.Conditions.Has("quota-zero"); on && strings.Contains(family, "CCV5") && (argument == "" || strings.EqualFold(argument, family)) {
		return 0
	}
	return 100
}

// used is what the pools of a location use of a family.
func (m *Manager) used(family, location string) int {
	used := 0
	for _, c := range itemsOf[*cluster](m) {
		for _, p := range c.pools {
			if s, _ := findSize(p.Properties.VMSize); s.family == family && c.Location == location {
				used += s.vcpus * p.Properties.Count
			}
		}
	}
	return used
}

// reserve refuses a pool that the location does not offer or the quota does not cover.
func (m *Manager) reserve(location, vmSize string, count int) error {
	s, known := findSize(vmSize)
	if !known || !m.offers(s, location) {
		return badRequest("SkuNotAvailable", "The VM size of %s is not allowed in your subscription in location '%s'. For more details, please visit https://aka.ms/cpu-quota.", vmSize, location)
	}
	if free := m.limit(s.family) - m.used(s.family, location); s.vcpus*count > free {
		return badRequest("ErrCode_InsufficientVCPUQuota", "Insufficient vcpu quota requested %d, remaining %d for family %s for region %s.", s.vcpus*count, free, s.family, location)
	}
	return nil
}

// listSKUs lists sizes by location; a filter "location eq 'eastus'" narrows it.
func (m *Manager) listSKUs(c *call) (answer, error) {
	locations := slices.Sorted(maps.Keys(regions))
	if filter := c.URL.Query().Get("$filter"); filter != "" {
		wanted, ok := strings.CutPrefix(filter, "location eq '")
		if !ok {
			return answer{}, badRequest("InvalidFilter", "The filter '%s' is not supported. Use location eq '<name>'.", filter)
		}
		locations = []string{strings.ToLower(strings.TrimSuffix(wanted, "'"))}
	}
	all := []any{}
	for _, location := range locations {
		if _, known := regions[location]; !known {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(sizes)) {
			all = append(all, m.sku(name, location))
		}
	}
	return ok(page(all)), nil
}

// sku lists a size even where it is not offered: the restriction says so, as in Azure.
func (m *Manager) sku(name, location string) map[string]any {
	s := sizes[name]
	restrictions := []any{}
	if !m.offers(s, location) {
		restrictions = append(restrictions, map[string]any{
			"type": "Location", "values": []string{location}, "reasonCode": "NotAvailableForSubscription",
			"restrictionInfo": map[string]any{"locations": []string{location}},
		})
	}
	parts := strings.SplitN(name, "_", 2)
	return map[string]any{
		"resourceType": "virtualMachines", "name": name, "tier": parts[0], "size": parts[1], "family": s.family,
		"locations": []string{location}, "restrictions": restrictions,
		"capabilities": []map[string]string{
			{"name": "vCPUs", "value": strconv.Itoa(s.vcpus)}, {"name": "MemoryGB", "value": s.memory},
		},
	}
}

// listUsages shows the vCPUs of each family that this sandbox's pools use up.
func (m *Manager) listUsages(c *call) (answer, error) {
	location, err := normalLocation(c.PathValue("location"), "NoRegisteredProviderFound", "Microsoft.Compute")
	if err != nil {
		return answer{}, err
	}
	families := map[string]bool{}
	for _, s := range sizes {
		families[s.family] = true
	}
	all := []any{}
	for _, family := range slices.Sorted(maps.Keys(families)) {
		all = append(all, map[string]any{
			"unit": "Count", "currentValue": m.used(family, location), "limit": m.limit(family),
			"name": map[string]string{"value": family, "localizedValue": family + " vCPUs"},
		})
	}
	return ok(page(all)), nil
}
