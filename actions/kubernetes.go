package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cctui/cctui/azure"
)

// newVersion is the Kubernetes of a new cluster: what the user chose, or else the newest on offer that the
// platform's nodes are known for. Empty: the region's default.
func newVersion(ctx context.Context, r *Run) (string, error) {
	in, newest := r.Inputs(), r.Profile().NewestKubernetes
	if in.KubernetesVersion != "" || newest == "" {
		return in.KubernetesVersion, nil
	}
	offered, err := r.Azure().KubernetesVersions(ctx, r.Outputs().SubscriptionID, in.Location)
	if err != nil {
		return "", fmt.Errorf("look which Kubernetes versions %s offers: %w", in.Location, err)
	}
	fits := slices.DeleteFunc(slices.Clone(offered), func(v azure.KubernetesVersion) bool {
		return v.Preview || v.LongTerm || newer(v.Version, newest) || older(v.Version, leastKubernetes)
	})
	if len(fits) == 0 {
		return "", tooNew(r, offered)
	}
	return slices.MaxFunc(fits, byAge).Version, nil
}

func byAge(a, b azure.KubernetesVersion) int {
	return slices.Compare(numbers(a.Version), numbers(b.Version))
}

// newer compares minor versions.
func newer(version, minor string) bool {
	parts := numbers(version)
	return minor != "" && slices.Compare(parts[:min(len(parts), 2)], numbers(minor)) > 0
}

// checkVersion finds out before anything is made what newVersion would refuse. Of a cluster that is there
// it can only warn.
func checkVersion(ctx context.Context, r *Run) error {
	if clusterStays(r) {
		found, err := existingCluster(ctx, r)
		if newest := r.Profile().NewestKubernetes; newer(found.KubernetesVersion, newest) {
			r.Logf("Cluster %s runs Kubernetes %s, and confidential nodes are known for %s and older only: they may well not come", found.Name, found.KubernetesVersion, newest)
		}
		return err
	}
	group, name := clusterPlace(r)
	if _, err := r.Azure().Cluster(ctx, group, name); !azure.IsNotFound(err) {
		return err
	}
	version, err := newVersion(ctx, r)
	var refusal *azure.Error
	if errors.As(err, &refusal) && refusal.Code == "MissingSubscriptionRegistration" {
		r.Logf("Which Kubernetes versions %s offers is read once Microsoft.ContainerService is registered", r.Inputs().Location)
		return nil
	}
	if err == nil && version != "" {
		r.Logf("The cluster will run Kubernetes %s", version)
	}
	return err
}

// tooNew is a region whose clusters are all newer than the confidential nodes. That is a conclusion, so
// the user may try.
func tooNew(r *Run, offered []azure.KubernetesVersion) error {
	in, newest := r.Inputs(), r.Profile().NewestKubernetes
	slices.SortFunc(offered, byAge)
	names := make([]string, len(offered))
	for i, v := range offered {
		names[i] = v.Version
		if v.LongTerm {
			names[i] += " (long-term support only)"
		}
	}
	return &Problem{
		ID: "kubernetes-too-new", Class: ClassAvailability,
		Title: fmt.Sprintf("%s offers no Kubernetes that confidential nodes are known to run on", in.Location),
		Why: Sanitize(fmt.Sprintf("They need %s or older: from the next version on, AKS takes another Azure Linux, without their runtime. On offer: %s. %s",
			newest, strings.Join(names, ", "), r.Profile().Retired), maxRaw),
		Remedy: []string{
			"Look whether another region offers it, and choose that with --location.",
			"To try a newer one nevertheless, name it with --kubernetes-version; nodes cost money before it shows whether that works.",
			"Or use a cluster of such a version that you have, with --existing-cluster; or the sandbox, with --sandbox.",
		},
		Commands: []string{sh("az", "aks", "get-versions", "--location", in.Location, "--output", "table")},
		Links:    []string{"https://learn.microsoft.com/azure/aks/upgrade-os-version"},
	}
}
