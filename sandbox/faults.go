package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cctui/cctui/sandbox/arm"
)

// Fault is something that can be made to go wrong.
type Fault struct {
	Name, Explanation string
	// Argument says what may follow the name after an equals sign; empty: nothing.
	Argument string
	// choices are what the argument may be; none: anything that reads well.
	choices []string
}

// faults is everything that can be scripted.
var faults = []Fault{
	{Name: "policy-drift", Explanation: "A pod's security policy is changed by one byte when it is admitted."},
	{Name: "wrong-authority", Explanation: "The vault stores another attestation authority in the release policy."},
	{Name: "debuggable-guest", Explanation: "The guest can be debugged, and its report says so."},
	{Name: "no-sidecar", Explanation: "Admission drops the container that fetches the key."},
	{Name: "federated-subject", Explanation: "The federated credential is stored for another service account.", Argument: "the subject"},
	{Name: "federated-issuer", Explanation: "The federated credential is stored for another cluster.", Argument: "the issuer"},
	{Name: "federated-audience", Explanation: "The federated credential is stored for another audience.", Argument: "the audience"},
	{Name: "role-missing", Explanation: "The identity's role on the vault never takes effect."},
	{Name: "vault-standard", Explanation: "The vault becomes a Standard one, which holds no exportable keys."},
	{Name: "vault-access-policy", Explanation: "The vault is in access-policy mode and does not look at roles."},
	{Name: "key-deleted", Explanation: "A soft-deleted key of the name exists before the key is made."},
	{Name: "key-rotated", Explanation: "The key gets a new version after its public half was read."},
	{Name: "topic-mismatch", Explanation: "The producer's topic is changed when it is admitted."},
	{Name: "quota-zero", Explanation: "The subscription has no vCPUs of the confidential families.", Argument: "one family"},
	{Name: "sku-missing", Explanation: "The region does not offer sizes that host confidential pods."},
	{Name: "kubernetes-new", Explanation: "The region no longer offers the Kubernetes versions that confidential nodes run on."},
	{Name: "two-subscriptions", Explanation: "The account sees a second subscription, so that one has to be chosen."},
	{Name: "feature-missing", Explanation: "The preview feature no longer exists."},
	{Name: "no-role-permission", Explanation: "The account is a contributor: it may not assign roles."},
	{Name: "runtime-class-missing", Explanation: "The node pool comes without its runtime class."},
	{Name: "sidecar-slow", Explanation: "The sidecar starts late, and the consumer asks it too early."},
	{Name: "throttle", Explanation: "Each call is refused twice with 429 and Retry-After.", Argument: "one service: management, login, vault, managedhsm, attest, k8s; else management and the vaults", choices: services},
	{Name: "rbac-slow", Explanation: "Role assignments take long to take effect.", Argument: "how long, e.g. 5s"},
	{Name: "operation-failed", Explanation: "Long-running operations end as failed.", Argument: "one operation, e.g. cluster.create", choices: arm.LongRunning()},
	{Name: "operation-gone", Explanation: "Long-running operations are forgotten as soon as they are accepted; what they do goes on.", Argument: "one operation, e.g. cluster.create", choices: arm.LongRunning()},
	{Name: "operation-endless", Explanation: "Long-running operations never end.", Argument: "one operation, e.g. cluster.create", choices: arm.LongRunning()},
	{Name: "http-500", Explanation: "The first try of each call is answered 500.", Argument: servicesHelp, choices: services},
	{Name: "http-503", Explanation: "The first try of each call is answered 503.", Argument: servicesHelp, choices: services},
	{Name: "http-reset", Explanation: "The first try of each call loses its connection.", Argument: servicesHelp, choices: services},
	{Name: "http-stall", Explanation: "The first try of each call hangs for a while and then fails.", Argument: servicesHelp, choices: services},
	{Name: "http-slow", Explanation: "Answers come slowly.", Argument: servicesHelp, choices: services},
	{Name: "http-truncated", Explanation: "The answer to the first try of each call breaks off.", Argument: servicesHelp, choices: services},
	{Name: "http-malformed", Explanation: "The first answers to each call are 200 and nonsense: a web page, then JSON of other types.", Argument: servicesHelp, choices: services},
}

// Faults are everything that can be scripted, in the order they are best read.
func Faults() []Fault { return slices.Clone(faults) }

// CheckFaults tells what is wrong with NAME or NAME=ARGUMENT of faults to script; nil: nothing.
func CheckFaults(texts []string) error {
	_, err := parseFaults(texts)
	return err
}

// parseFaults reads NAME or NAME=ARGUMENT.
func parseFaults(texts []string) (map[string]string, error) {
	scripted := map[string]string{}
	for _, text := range texts {
		name, argument, hasArgument := strings.Cut(text, "=")
		i := slices.IndexFunc(faults, func(f Fault) bool { return f.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("unknown fault %q: choose of %s", name, faultNames())
		}
		if err := faults[i].check(argument, hasArgument); err != nil {
			return nil, err
		}
		if _, twice := scripted[name]; twice {
			return nil, fmt.Errorf("fault %s is given twice", name)
		}
		scripted[name] = argument
	}
	return scripted, nil
}

func (f Fault) check(argument string, given bool) error {
	if given && f.Argument == "" {
		return fmt.Errorf("fault %s takes no argument", f.Name)
	}
	switch {
	case !given:
		return nil
	case f.choices != nil && !slices.Contains(f.choices, argument):
		return fmt.Errorf("fault %s: there is no %q: choose one of %s", f.Name, argument, strings.Join(f.choices, ", "))
	case f.Name == "rbac-slow":
		if _, err := time.ParseDuration(argument); err != nil {
			return fmt.Errorf("fault %s: %w", f.Name, err)
		}
	}
	return nil
}

func faultNames() string {
	names := make([]string, len(faults))
	for i, f := range faults {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}
