package actions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kube"
)

// tokenAudience is whom the cluster's tokens must be meant for, for Entra to exchange them.
const tokenAudience = "api://AzureADTokenExchange"

// clientIDAnnotation tells the workload identity webhook which identity a service account stands for.
const clientIDAnnotation = "azure.workload.identity/client-id"

func identity() Step {
	return Step{
		ID: "identity", Screen: ScreenIdentity, Title: "Create the managed identity",
		Why:     "The consumer's pod signs in as this identity to ask for the key; no password exists.",
		Needs:   []string{"resource-group"},
		Reads:   []string{"identity", "resource-group", "location"},
		Typical: 10 * time.Second,
		Commands: func(in Inputs) []string {
			show := []string{"az", "identity", "show", "--resource-group", in.ResourceGroup, "--name", in.Identity, "--output", "tsv", "--query"}
			return []string{
				sh("az", "identity", "create", "--resource-group", in.ResourceGroup, "--name", in.Identity, "--location", in.Location),
				capture("USER_ASSIGNED_CLIENT_ID", append(show, "clientId")...),
				capture("USER_ASSIGNED_PRINCIPAL_ID", append(show, "principalId")...),
			}
		},
		Probe: probeIdentity,
		Run:   runIdentity,
		Undo:  undoIdentity,
		UndoCommands: func(in Inputs) []string {
			return []string{sh("az", "identity", "delete", "--resource-group", in.ResourceGroup, "--name", in.Identity)}
		},
	}
}

func probeIdentity(ctx context.Context, r *Run) (bool, error) {
	found, err := r.Azure().Identity(ctx, runGroup(r), r.Inputs().Identity)
	switch {
	case azure.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for identity %s: %w", r.Inputs().Identity, err)
	case !r.Owns(identityResource(r)):
		return false, nameTaken(identityResource(r), "identity", "The pod would get whatever rights this identity has, and it the pod's.")
	}
	return true, recordIdentity(r, found)
}

func runIdentity(ctx context.Context, r *Run) error {
	in := r.Inputs()
	return r.Create(ctx, identityResource(r), func(azure.LRO) error {
		made, err := r.Azure().CreateIdentity(ctx, runGroup(r), in.Identity, in.Location, r.Tags())
		if err != nil {
			return fmt.Errorf("create identity %s: %w", in.Identity, err)
		}
		return recordIdentity(r, made)
	})
}

func recordIdentity(r *Run, i azure.Identity) error {
	return r.Update(func(o *Outputs) { o.IdentityID, o.ClientID, o.PrincipalID = i.ID, i.ClientID, i.PrincipalID })
}

func undoIdentity(ctx context.Context, r *Run) error {
	name := r.Inputs().Identity
	if err := spareIdentity(ctx, r); err != nil {
		return err
	}
	return r.Remove(ctx, identityResource(r), func(azure.LRO) error {
		if err := r.Azure().DeleteIdentity(ctx, runGroup(r), name); err != nil {
			return fmt.Errorf("delete identity %s: %w", name, err)
		}
		return verifyGone(identityResource(r), func() error {
			_, err := r.Azure().Identity(ctx, runGroup(r), name)
			return err
		})
	})
}

// spareIdentity leaves the run's identity where somebody else signs in with it.
func spareIdentity(ctx context.Context, r *Run) error {
	res := identityResource(r)
	if !r.Owns(res) {
		return nil
	}
	names, err := r.Azure().FederatedCredentials(ctx, runGroup(r), r.Inputs().Identity)
	if azure.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list who signs in as %s: %w", res, err)
	}
	others := slices.DeleteFunc(names, func(name string) bool { return strings.EqualFold(name, r.Inputs().FederatedCredential) })
	return leaveToOthers(r, res, "federated credentials that this run did not make", others)
}

func serviceAccount() Step {
	return Step{
		ID: "service-account", Screen: ScreenIdentity, Title: "Create namespace and service account",
		Why:     "The service account is annotated with the identity it stands for.",
		Needs:   []string{"credentials", "identity"},
		Reads:   []string{"namespace", "service-account"},
		Typical: 2 * time.Second,
		Commands: func(in Inputs) []string {
			return []string{
				sh("kubectl", "create", "namespace", in.Namespace),
				heredoc("service-account.yaml", string(render("service-account.yaml", shellValues(in)))),
				"kubectl apply --server-side -f service-account.yaml",
			}
		},
		Probe: probeServiceAccount,
		Run:   runServiceAccount,
		Undo:  undoServiceAccount,
		UndoCommands: func(in Inputs) []string {
			return []string{
				sh("kubectl", "delete", "serviceaccount", in.ServiceAccount, "--namespace", in.Namespace),
				sh("kubectl", "delete", "namespace", in.Namespace),
			}
		},
	}
}

func namespaceRef(r *Run) kube.Ref {
	return kube.Ref{APIVersion: "v1", Kind: "Namespace", Name: r.Inputs().Namespace}
}

func serviceAccountRef(r *Run) kube.Ref {
	in := r.Inputs()
	return kube.Ref{APIVersion: "v1", Kind: "ServiceAccount", Namespace: in.Namespace, Name: in.ServiceAccount}
}

func probeServiceAccount(ctx context.Context, r *Run) (bool, error) {
	k, err := r.Kube(ctx)
	if err != nil {
		return false, err
	}
	found, err := k.Get(ctx, serviceAccountRef(r))
	if kube.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for service account %s: %w", r.Inputs().ServiceAccount, err)
	}
	if annotation(found, clientIDAnnotation) == r.Outputs().ClientID {
		return true, nil
	}
	if !r.Owns(object(serviceAccountRef(r))) {
		return false, nameTaken(object(serviceAccountRef(r)), "service-account", "It stands for another identity, and pods may rely on that.")
	}
	return false, nil
}

func runServiceAccount(ctx context.Context, r *Run) error {
	k, err := r.Kube(ctx)
	if err != nil {
		return err
	}
	v := newValues(r.Inputs(), r.Profile(), r.Outputs())
	if _, err := k.Get(ctx, namespaceRef(r)); kube.IsNotFound(err) {
		if err := apply(ctx, r, k, namespaceRef(r), render("namespace.yaml", v)); err != nil {
			return err
		}
	} else if err != nil {
		return fmt.Errorf("look for namespace %s: %w", v.Namespace, err)
	}
	return apply(ctx, r, k, serviceAccountRef(r), render("service-account.yaml", v))
}

// undoServiceAccount removes the namespace last, and only where nobody else has put anything into it.
func undoServiceAccount(ctx context.Context, r *Run) error {
	if err := removeObjects(ctx, r, serviceAccountRef(r)); err != nil {
		return err
	}
	err := withStayingCluster(ctx, r, func(k Kube) error { return spareNamespace(ctx, r, k) })
	if err != nil {
		return err
	}
	return removeObjects(ctx, r, namespaceRef(r))
}

// contents are the kinds that people put into a namespace. What controllers make of them has owners.
var contents = []kube.Ref{
	{APIVersion: "v1", Kind: "Pod"}, {APIVersion: "v1", Kind: "Service"}, {APIVersion: "v1", Kind: "ConfigMap"}, {APIVersion: "v1", Kind: "Secret"},
	{APIVersion: "v1", Kind: "PersistentVolumeClaim"}, {APIVersion: "v1", Kind: "ServiceAccount"},
	{APIVersion: "apps/v1", Kind: "Deployment"}, {APIVersion: "apps/v1", Kind: "StatefulSet"}, {APIVersion: "apps/v1", Kind: "DaemonSet"},
	{APIVersion: "batch/v1", Kind: "Job"}, {APIVersion: "batch/v1", Kind: "CronJob"},
}

func spareNamespace(ctx context.Context, r *Run, k Kube) error {
	res := object(namespaceRef(r))
	if !r.Owns(res) {
		return nil
	}
	var others []string
	for _, kind := range contents {
		kind.Namespace = r.Inputs().Namespace
		found, err := k.List(ctx, kind, "")
		if err != nil {
			return fmt.Errorf("look into %s: %w", res, err)
		}
		for _, o := range found {
			if name := foreignName(o); name != "" {
				others = append(others, kind.Kind+" "+name)
			}
		}
	}
	return leaveToOthers(r, res, "what this run did not make", others)
}

// foreignName is the name of an object that neither Kubernetes nor the run's Kafka put there; empty
// for others.
func foreignName(o kube.Object) string {
	metadata, _ := o["metadata"].(map[string]any)
	labels, _ := metadata["labels"].(map[string]any)
	name, _ := metadata["name"].(string)
	_, owned := metadata["ownerReferences"]
	if owned || labels["strimzi.io/cluster"] == kafkaCluster || name == "default" || name == "kube-root-ca.crt" {
		return ""
	}
	return name
}

// apply makes one object of the run's. The journal knows of it before the cluster does.
func apply(ctx context.Context, r *Run, k Kube, ref kube.Ref, manifest []byte) error {
	return r.Create(ctx, object(ref), func(azure.LRO) error {
		if err := k.Apply(ctx, manifest); err != nil {
			return fmt.Errorf("apply %s: %w", object(ref), err)
		}
		return nil
	})
}

// annotation is an annotation of any object; empty where there is none.
func annotation(o kube.Object, name string) string {
	metadata, _ := o["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	value, _ := annotations[name].(string)
	return value
}

func federatedCredential() Step {
	return Step{
		ID: "federated-credential", Screen: ScreenIdentity, Title: "Trust the cluster's service account",
		Why:     "Entra takes the service account's token for the identity's, if issuer, subject and audience match to the letter.",
		Needs:   []string{"identity", "cluster"},
		Reads:   []string{"federated-credential", "identity", "namespace", "service-account"},
		Typical: 10 * time.Second,
		Commands: func(in Inputs) []string {
			return []string{sh("az", "identity", "federated-credential", "create", "--resource-group", in.ResourceGroup,
				"--identity-name", in.Identity, "--name", in.FederatedCredential, "--issuer", variable("AKS_OIDC_ISSUER"),
				"--subject", subject(in), "--audiences", tokenAudience)}
		},
		Probe: probeFederation,
		Run:   runFederation,
		Undo:  undoFederation,
		UndoCommands: func(in Inputs) []string {
			return []string{sh("az", "identity", "federated-credential", "delete", "--resource-group", in.ResourceGroup,
				"--identity-name", in.Identity, "--name", in.FederatedCredential, "--yes")}
		},
	}
}

func subject(in Inputs) string {
	return "system:serviceaccount:" + in.Namespace + ":" + in.ServiceAccount
}

// wantedFederation is the credential that lets the run's service account in, and nobody else.
func wantedFederation(r *Run) azure.FederatedCredential {
	return azure.FederatedCredential{
		Name:     r.Inputs().FederatedCredential,
		Issuer:   r.Outputs().IssuerURL,
		Subject:  subject(r.Inputs()),
		Audience: tokenAudience,
	}
}

func readFederation(ctx context.Context, r *Run) (azure.FederatedCredential, error) {
	found, err := r.Azure().FederatedCredential(ctx, runGroup(r), r.Inputs().Identity, r.Inputs().FederatedCredential)
	if err != nil {
		return found, fmt.Errorf("read federated credential %s: %w", r.Inputs().FederatedCredential, err)
	}
	return found, nil
}

func probeFederation(ctx context.Context, r *Run) (bool, error) {
	found, err := readFederation(ctx, r)
	if azure.IsNotFound(err) {
		return false, nil
	}
	return err == nil && found == wantedFederation(r), err
}

func runFederation(ctx context.Context, r *Run) error {
	in := r.Inputs()
	return r.Create(ctx, federationResource(r), func(azure.LRO) error {
		if err := r.Azure().CreateFederatedCredential(ctx, runGroup(r), in.Identity, wantedFederation(r)); err != nil {
			return fmt.Errorf("create federated credential %s: %w", in.FederatedCredential, err)
		}
		return checkFederation(ctx, r)
	})
}

func undoFederation(ctx context.Context, r *Run) error {
	in := r.Inputs()
	return r.Remove(ctx, federationResource(r), func(azure.LRO) error {
		if err := r.Azure().DeleteFederatedCredential(ctx, runGroup(r), in.Identity, in.FederatedCredential); err != nil {
			return fmt.Errorf("delete federated credential %s: %w", in.FederatedCredential, err)
		}
		return verifyGone(federationResource(r), func() error {
			_, err := readFederation(ctx, r)
			return err
		})
	})
}
