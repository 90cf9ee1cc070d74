package kubernetes

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Names of the workload identity webhook. Source: Azure/azure-workload-identity, v1.6.0.
const (
	identityLabel       = "azure.workload.identity/use" // of the pod
	clientIDAnnotation  = "azure.workload.identity/client-id"
	tenantIDAnnotation  = "azure.workload.identity/tenant-id"
	lifetimeAnnotation  = "azure.workload.identity/service-account-token-expiration"
	skipAnnotation      = "azure.workload.identity/skip-containers"
	identityVolume      = "azure-identity-token"
	identityMount       = "/var/run/secrets/azure/tokens"
	identityAudience    = "api://AzureADTokenExchange"
	identityTokenFile   = "azure-identity-token"
	identityMinLifetime = 3600
	identityMaxLifetime = 86400
)

// injectIdentity gives the containers of a labelled pod what they need to sign in as the managed
// identity of their service account. Without the annotation the client id is empty, as it is there.
func (c *Cluster) injectIdentity(pod *corev1.Pod) {
	if pod.Labels[identityLabel] != "true" || pod.Namespace == "kube-system" {
		return
	}
	account := c.store.Get(accountsKey, pod.Namespace, pod.Spec.ServiceAccountName)
	annotations := account.GetAnnotations()
	env := []corev1.EnvVar{
		{Name: "AZURE_CLIENT_ID", Value: cmp.Or(pod.Annotations[clientIDAnnotation], annotations[clientIDAnnotation])},
		{Name: "AZURE_TENANT_ID", Value: cmp.Or(annotations[tenantIDAnnotation], c.options.Tenant)},
		{Name: "AZURE_FEDERATED_TOKEN_FILE", Value: identityMount + "/" + identityTokenFile},
		{Name: "AZURE_AUTHORITY_HOST", Value: c.options.Front.URL("login.localhost") + "/"},
	}
	lifetime := cmp.Or(pod.Annotations[lifetimeAnnotation], annotations[lifetimeAnnotation])
	pod.Spec.Volumes = append(pod.Spec.Volumes, identityTokenVolume(lifetime))
	skipped := strings.Split(pod.Annotations[skipAnnotation], ";")
	for i := range pod.Spec.Containers {
		container := &pod.Spec.Containers[i]
		if !slices.Contains(skipped, container.Name) {
			container.Env = withDefaults(container.Env, env)
			mountInto(pod.Spec.Containers[i:i+1], identityVolume, identityMount)
		}
	}
}

// identityTokenVolume keeps the lifetime within what the webhook allows.
func identityTokenVolume(lifetime string) corev1.Volume {
	seconds, err := strconv.ParseInt(lifetime, 10, 64)
	if err != nil {
		seconds = identityMinLifetime
	}
	seconds = min(max(seconds, identityMinLifetime), identityMaxLifetime)
	volume := corev1.Volume{Name: identityVolume}
	volume.Projected = &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{
		ServiceAccountToken: &corev1.ServiceAccountTokenProjection{
			Audience: identityAudience, ExpirationSeconds: &seconds, Path: identityTokenFile,
		},
	}}}
	return volume
}

// withDefaults adds variables that are not set.
func withDefaults(env, defaults []corev1.EnvVar) []corev1.EnvVar {
	for _, variable := range defaults {
		if !slices.ContainsFunc(env, func(v corev1.EnvVar) bool { return v.Name == variable.Name }) {
			env = append(env, variable)
		}
	}
	return env
}
