package actions

import "fmt"

// Cost is what something costs while it is there.
type Cost struct {
	What string `json:"what"`
	// Hourly is in US dollars; 0 where cctui knows no figure.
	Hourly float64 `json:"hourly,omitempty"`
}

func (c Cost) String() string {
	switch {
	case c.What == "":
		return ""
	case c.Hourly == 0:
		return c.What
	}
	return fmt.Sprintf("%s, very roughly $%.2f an hour", c.What, c.Hourly)
}

// hourly are list prices in US dollars, pay as you go, Linux, East US, rounded: an order of
// magnitude that tells a forgotten cluster from a forgotten key. Prices differ by region,
// contract and day; azure.microsoft.com/pricing/calculator has the true ones.
var hourly = map[string]float64{
	"Standard_D2s_v5":      0.10,
	"Standard_D4s_v5":      0.20,
	"Standard_D8s_v5":      0.40,
	"Standard_DC4as_cc_v5": 0.20,
	"Standard_DC8as_cc_v5": 0.40,
}

// costOf is what the resources of a step cost; the zero value where that is nothing or next to it.
func costOf(step string, in Inputs) Cost {
	switch step {
	case "cluster":
		if in.ExistingCluster != "" {
			return Cost{}
		}
		return Cost{
			What:   "the system pool's " + in.SystemVMSize + ", for as long as the cluster exists",
			Hourly: hourly[in.SystemVMSize],
		}
	case "node-pool":
		return Cost{
			What:   fmt.Sprintf("%d × %s, for as long as the pool exists", in.PoolNodes, in.VMSize),
			Hourly: float64(in.PoolNodes) * hourly[in.VMSize],
		}
	case "key":
		return Cost{What: "a few dollars a month for an HSM-protected key"}
	case "kafka":
		return Cost{What: "a managed disk for the broker, a few cents an hour"}
	}
	return Cost{}
}
