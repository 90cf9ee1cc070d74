package actions

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cctui/cctui/azure"
)

func signIn() Step {
	return Step{
		ID: "sign-in", Screen: ScreenPrerequisites, Title: "Sign in and choose the subscription",
		Why:     "Everything that follows is made, and paid for, in this subscription.",
		Reads:   []string{"subscription", "tenant", "location"},
		Typical: 5 * time.Second,
		Commands: func(in Inputs) []string {
			subscription := in.Subscription
			if subscription == "" {
				return []string{"az login", "az account show --output table", capture("SUBSCRIPTION_ID", "az", "account", "show", "--query", "id", "--output", "tsv"), sh("az", "account", "set", "--subscription", variable("SUBSCRIPTION_ID"))}
			}
			return []string{"az login", sh("az", "account", "set", "--subscription", subscription), capture("SUBSCRIPTION_ID", "az", "account", "show", "--query", "id", "--output", "tsv")}
		},
		Run: runSignIn,
	}
}

func runSignIn(ctx context.Context, r *Run) error {
	account, err := r.Azure().Account(ctx)
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	all, err := r.Azure().Subscriptions(ctx)
	if err != nil {
		return fmt.Errorf("list the subscriptions: %w", err)
	}
	chosen, err := chooseSubscription(all, r.Inputs().Subscription)
	if err != nil {
		return err
	}
	if err := checkLocation(ctx, r, chosen.ID); err != nil {
		return err
	}
	r.Logf("Signed in as %s (%s), tenant %s, subscription %s (%s)", account.Name, account.PrincipalType, account.TenantID, chosen.Name, chosen.ID)
	return r.Update(func(o *Outputs) {
		o.TenantID, o.AccountName, o.AccountObjectID, o.AccountType = account.TenantID, account.Name, account.ObjectID, account.PrincipalType
		o.SubscriptionID, o.SubscriptionName = chosen.ID, chosen.Name
	})
}

// chooseSubscription finds the one that was asked for by id or name, or the only one there is.
func chooseSubscription(all []azure.Subscription, want string) (azure.Subscription, error) {
	if len(all) == 0 {
		return azure.Subscription{}, &Problem{
			ID: "no-subscription", Title: "This account sees no subscription", Class: ClassSignIn,
			Why:    "A subscription is shown to whoever has a role in it, in the tenant that was signed in to.",
			Remedy: []string{"Sign in with another account, or to another tenant with --tenant."},
		}
	}
	fits := slices.DeleteFunc(slices.Clone(all), func(s azure.Subscription) bool {
		return want != "" && !strings.EqualFold(s.ID, want) && !strings.EqualFold(s.Name, want)
	})
	if len(fits) == 1 {
		return fits[0], nil
	}
	title := fmt.Sprintf("There are %d subscriptions, and none was chosen", len(all))
	if want != "" {
		title = fmt.Sprintf("%d of the %d subscriptions are called %q", len(fits), len(all), want)
	}
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Name + " (" + s.ID + ")"
	}
	return azure.Subscription{}, wrongInput("subscription-unknown", title, "subscription", names)
}

func checkLocation(ctx context.Context, r *Run, subscription string) error {
	want := r.Inputs().Location
	known, err := r.Azure().Locations(ctx, subscription)
	if err != nil {
		return fmt.Errorf("list the locations: %w", err)
	}
	if slices.Contains(known, want) {
		return nil
	}
	return wrongInput("location-unknown", fmt.Sprintf("This subscription has no location %q", want), "location", known)
}

// wrongInput is an input that only Azure could judge: a usage problem with every way to mend it.
func wrongInput(id, title, key string, choices []string) error {
	f := Fault{Key: key}
	return &Problem{
		ID: id, Title: title, Class: ClassUsage,
		Why:    "There are: " + strings.Join(choices, ", ") + ".",
		Remedy: []string{fmt.Sprintf("Give --%s, set %s, or write %s into the configuration file.", f.Key, f.Variable(), f.Key)},
	}
}

// tool is something of the az command line and the version from which on it will do.
type tool struct{ name, least string }

func requiredExtensions() []tool {
	return []tool{{"aks-preview", "0.5.169"}, {"confcom", "0.3.3"}}
}

const leastCLI = "2.44.1"

func tools() Step {
	return Step{
		ID: "tools", Screen: ScreenPrerequisites, Title: "Check the az command line",
		Why:     "Only its confcom extension can work out the security policy of a pod.",
		Reads:   []string{"install-extensions"},
		Typical: 10 * time.Second,
		Commands: func(Inputs) []string {
			commands := []string{"az version"}
			for _, extension := range requiredExtensions() {
				commands = append(commands, sh("az", "extension", "add", "--name", extension.name), sh("az", "extension", "update", "--name", extension.name))
			}
			return commands
		},
		Run:     runTools,
		Forgoes: "whether az and its extensions will do shows only when the security policy is generated",
	}
}

func runTools(ctx context.Context, r *Run) error {
	found, err := r.CLI().Versions(ctx)
	if err != nil {
		return fmt.Errorf("ask az for its version: %w", err)
	}
	if older(found.CLI, leastCLI) {
		return &Problem{
			ID: "az-too-old", Title: fmt.Sprintf("az is version %s; %s or later is needed", found.CLI, leastCLI),
			Remedy: []string{"Upgrade the Azure CLI."}, Commands: []string{"az upgrade"},
			Links: []string{"https://learn.microsoft.com/cli/azure/install-azure-cli"},
		}
	}
	if found, err = completeExtensions(ctx, r, found, r.Inputs().InstallExtensions); err != nil {
		return err
	}
	return r.Update(func(o *Outputs) { o.CLIVersion, o.Extensions = found.CLI, found.Extensions })
}

// completeExtensions installs what is absent or too old, where that was asked for.
func completeExtensions(ctx context.Context, r *Run, found azure.Versions, install bool) (azure.Versions, error) {
	var mend []string
	for _, extension := range requiredExtensions() {
		version := found.Extensions[extension.name]
		verb, change := "add", r.CLI().AddExtension
		switch {
		case version == "":
		case older(version, extension.least):
			verb, change = "update", r.CLI().UpdateExtension
		default:
			continue
		}
		mend = append(mend, sh("az", "extension", verb, "--name", extension.name))
		if !install {
			continue
		}
		r.Progress("az extension "+verb+" "+extension.name, -1)
		if err := change(ctx, extension.name); err != nil {
			return found, fmt.Errorf("az extension %s %s: %w", verb, extension.name, err)
		}
	}
	if len(mend) == 0 {
		return found, nil
	}
	if install {
		return r.CLI().Versions(ctx)
	}
	return found, &Problem{
		ID: "extension-missing", Title: "The az command line lacks extensions, or has old ones",
		Why:      "aks-preview 0.5.169 and confcom 0.3.3 are the first that know confidential containers.",
		Remedy:   []string{"Run the commands below, or let cctui do it with --install-extensions."},
		Commands: mend,
		Cures:    offer("install-extensions"),
	}
}

// older compares dotted versions number by number; what follows a number, a beta say, counts for nothing.
func older(version, least string) bool {
	return slices.Compare(numbers(version), numbers(least)) < 0
}

func numbers(version string) []int {
	var list []int
	for part := range strings.SplitSeq(version, ".") {
		digits := part[:len(part)-len(strings.TrimLeft(part, "0123456789"))]
		n, err := strconv.Atoi(digits)
		if err != nil {
			break
		}
		list = append(list, n)
	}
	return list
}

// providers comes before the rest, because Azure makes nothing of a provider that is not registered.
func providers() Step {
	return Step{
		ID: "providers", Screen: ScreenPrerequisites, Title: "Register the resource providers",
		Why:     "Azure makes resources of a kind only in a subscription where the kind's provider is registered.",
		Needs:   []string{"availability"},
		Reads:   []string{"existing-vault", "managed-hsm", "attestation-endpoint"},
		Typical: 30 * time.Second,
		Commands: func(in Inputs) []string {
			var commands []string
			for _, namespace := range requiredProviders(in) {
				commands = append(commands, sh("az", "provider", "register", "--namespace", namespace, "--wait"))
			}
			return commands
		},
		Probe: probeProviders,
		Run:   runProviders,
	}
}

// requiredProviders are those of the resources that the run makes itself.
func requiredProviders(in Inputs) []string {
	namespaces := []string{"Microsoft.ContainerService", "Microsoft.ManagedIdentity"}
	if in.ExistingVault == "" && in.ManagedHSM == "" {
		namespaces = append(namespaces, "Microsoft.KeyVault")
	}
	if in.AttestationEndpoint == "" {
		namespaces = append(namespaces, "Microsoft.Attestation")
	}
	return namespaces
}

// probeProviders also asks what a provider that has just been registered could not be asked before.
func probeProviders(ctx context.Context, r *Run) (bool, error) {
	missing, err := unregistered(ctx, r)
	if err != nil || len(missing) > 0 {
		return false, err
	}
	return true, checkVersion(ctx, r)
}

func unregistered(ctx context.Context, r *Run) ([]string, error) {
	var missing []string
	for _, namespace := range requiredProviders(r.Inputs()) {
		state, err := r.Azure().Provider(ctx, r.Outputs().SubscriptionID, namespace)
		if err != nil {
			return nil, fmt.Errorf("read the state of provider %s: %w", namespace, err)
		}
		if state != registered {
			missing = append(missing, namespace)
		}
	}
	return missing, nil
}

// runProviders asks for all of them before it waits for the first.
func runProviders(ctx context.Context, r *Run) error {
	missing, err := unregistered(ctx, r)
	if err != nil {
		return err
	}
	for _, namespace := range missing {
		if err := r.Azure().RegisterProvider(ctx, r.Outputs().SubscriptionID, namespace); err != nil {
			return fmt.Errorf("register provider %s: %w", namespace, err)
		}
	}
	for _, namespace := range missing {
		if err := untilProvider(ctx, r, namespace); err != nil {
			return err
		}
	}
	return checkVersion(ctx, r)
}

func untilProvider(ctx context.Context, r *Run, namespace string) error {
	return untilRegistered(ctx, r, "provider "+namespace, func(ctx context.Context) (string, error) {
		return r.Azure().Provider(ctx, r.Outputs().SubscriptionID, namespace)
	})
}

// feature takes some minutes, in which all but the node pool can be made.
func feature() Step {
	return Step{
		ID: "feature", Screen: ScreenPrerequisites, Title: "Register the preview feature",
		Why:     "A subscription must opt in before AKS makes confidential node pools in it.",
		Needs:   []string{"providers"},
		Typical: 5 * time.Minute,
		Commands: func(Inputs) []string {
			p := KataCC()
			name := []string{"--namespace", p.FeatureNamespace, "--name", p.FeatureName}
			return []string{
				sh(append([]string{"az", "feature", "register"}, name...)...),
				"until [ \"$(" + sh(append([]string{"az", "feature", "show", "--query", "properties.state", "--output", "tsv"}, name...)...) + ")\" = Registered ]; do sleep 15; done",
				sh("az", "provider", "register", "--namespace", p.FeatureNamespace, "--wait"),
			}
		},
		Probe: probeFeature,
		Run:   runFeature,
	}
}

const registered = "Registered"

func probeFeature(ctx context.Context, r *Run) (bool, error) {
	p, subscription := r.Profile(), r.Outputs().SubscriptionID
	state, err := r.Azure().Feature(ctx, subscription, p.FeatureNamespace, p.FeatureName)
	if err != nil || state != registered {
		return false, err
	}
	provider, err := r.Azure().Provider(ctx, subscription, p.FeatureNamespace)
	if err != nil || provider != registered {
		return false, err
	}
	return true, r.Update(func(o *Outputs) { o.FeatureState = state })
}

// runFeature ends with the provider: it takes up a feature when it is registered anew.
func runFeature(ctx context.Context, r *Run) error {
	p, subscription := r.Profile(), r.Outputs().SubscriptionID
	if err := r.Azure().RegisterFeature(ctx, subscription, p.FeatureNamespace, p.FeatureName); err != nil {
		return fmt.Errorf("register feature %s: %w", p.FeatureName, err)
	}
	err := untilRegistered(ctx, r, "feature "+p.FeatureName, func(ctx context.Context) (string, error) {
		return r.Azure().Feature(ctx, subscription, p.FeatureNamespace, p.FeatureName)
	})
	if err != nil {
		return err
	}
	if err := r.Azure().RegisterProvider(ctx, subscription, p.FeatureNamespace); err != nil {
		return fmt.Errorf("register provider %s: %w", p.FeatureNamespace, err)
	}
	if err := untilProvider(ctx, r, p.FeatureNamespace); err != nil {
		return err
	}
	return r.Update(func(o *Outputs) { o.FeatureState = registered })
}

func untilRegistered(ctx context.Context, r *Run, what string, read func(context.Context) (string, error)) error {
	return within(ctx, 30*time.Minute, func(ctx context.Context) error {
		return r.Wait(ctx, "Azure registers the "+what+"; this usually takes some minutes", func(ctx context.Context) (bool, error) {
			state, err := read(ctx)
			if err != nil {
				return false, fmt.Errorf("read the state of %s: %w", what, err)
			}
			r.Progress(what+": "+state, -1)
			return state == registered, nil
		})
	})
}
