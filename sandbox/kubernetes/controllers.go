package kubernetes

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// rootCertificates is the ConfigMap of every namespace that holds the API server's CA.
const rootCertificates = "kube-root-ca.crt"

// control reacts to what changes, as the controllers of a cluster do, until ctx ends.
func (c *Cluster) control(ctx context.Context) {
	var revision uint64
	for {
		changes, changed, err := c.store.Since(revision)
		if err != nil { // fell behind: look at everything anew
			changes, revision = c.everything()
		}
		for _, change := range changes {
			c.react(ctx, change)
			revision = max(revision, change.Revision)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// everything is the present state as if it had just been made.
func (c *Cluster) everything() (changes []objects.Change, revision uint64) {
	for _, key := range c.store.Kinds() {
		found, at := c.store.List(key, "")
		revision = at
		for _, object := range found {
			changes = append(changes, objects.Change{Kind: key, Type: watch.Modified, Object: object, Before: object})
		}
	}
	return changes, revision
}

// react brings the cluster a step closer to what its objects ask for. It must not block.
func (c *Cluster) react(ctx context.Context, change objects.Change) {
	namespace := change.Object.GetNamespace()
	switch change.Kind {
	case podsKey:
		c.syncPod(ctx, change)
		c.syncEndpoints(namespace)
		c.syncDeployments(namespace)
	case servicesKey:
		c.syncService(ctx, change)
		c.syncEndpoints(namespace)
	case deploymentsKey, accountsKey:
		c.syncDeployments(namespace)
	case namespacesKey:
		c.syncNamespace(change)
	case definitionsKey:
		c.syncDefinition(change)
	case claimsKey:
		c.bindClaim(change)
	}
}

// syncNamespace gives a namespace its default service account and the CA of the API server.
func (c *Cluster) syncNamespace(change objects.Change) {
	if change.Type == watch.Deleted {
		return
	}
	name := change.Object.GetName()
	c.ensure(accountsKey, "ServiceAccount", name, "default", nil)
	c.ensure(configMapsKey, "ConfigMap", name, rootCertificates, map[string]any{
		"data": map[string]any{"ca.crt": string(c.options.Front.CA())},
	})
}

// syncDefinition serves the custom resources of a definition, then says that it is established.
func (c *Cluster) syncDefinition(change objects.Change) {
	if change.Type == watch.Deleted {
		return
	}
	custom := defined(change.Object)
	c.kinds.add(custom)
	stored := make([]any, len(custom.versions))
	for i, version := range custom.versions {
		stored[i] = version
	}
	names, _, _ := unstructured.NestedMap(change.Object.Object, "spec", "names")
	_ = c.edit(definitionsKey, "", change.Object.GetName(), change.Object.GetUID(), func(o objects.Object) error {
		o.Object["status"] = map[string]any{
			"acceptedNames":  names,
			"storedVersions": stored,
			"conditions": []any{
				establishedCondition(o, "NamesAccepted", "NoConflicts", "no conflicts found"),
				establishedCondition(o, "Established", "InitialNamesAccepted", "the initial names have been accepted"),
			},
		}
		return nil
	})
}

func establishedCondition(definition objects.Object, kind, reason, message string) map[string]any {
	return map[string]any{
		"type": kind, "status": "True", "reason": reason, "message": message,
		"lastTransitionTime": rfc3339(definition.GetCreationTimestamp()),
	}
}

// bindClaim gives a claim the disk it asks for, at once.
func (c *Cluster) bindClaim(change objects.Change) {
	if change.Type != watch.Added {
		return
	}
	claim := change.Object
	_ = c.edit(claimsKey, claim.GetNamespace(), claim.GetName(), claim.GetUID(), func(o objects.Object) error {
		return edited(o, func(claim *corev1.PersistentVolumeClaim) error {
			claim.Spec.VolumeName = "pvc-" + string(claim.UID)
			claim.Status = corev1.PersistentVolumeClaimStatus{
				Phase: corev1.ClaimBound, AccessModes: claim.Spec.AccessModes, Capacity: claim.Spec.Resources.Requests,
			}
			return nil
		})
	})
}
