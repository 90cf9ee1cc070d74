package actions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cctui/cctui/azure"
)

func vault() Step {
	return Step{
		ID: "vault", Screen: ScreenKeys, Title: "Create the key vault, or check the existing one",
		Why:     "Only a Premium vault, or a Managed HSM, keeps keys in hardware and releases them by policy.",
		Needs:   []string{"resource-group"},
		Reads:   []string{"vault", "existing-vault", "managed-hsm", "resource-group", "location", "soft-deleted"},
		Typical: 40 * time.Second,
		Commands: func(in Inputs) []string {
			if in.ManagedHSM != "" {
				return vaultVariables("--hsm-name", in.ManagedHSM, "properties.hsmUri")
			}
			if in.ExistingVault != "" {
				return vaultVariables("--name", in.ExistingVault, "properties.vaultUri")
			}
			create := sh("az", "keyvault", "create", "--resource-group", in.ResourceGroup, "--name", in.Vault, "--location", in.Location,
				"--sku", "premium", "--enable-rbac-authorization", "true")
			return append([]string{create}, vaultVariables("--name", in.Vault, "properties.vaultUri")...)
		},
		Probe: probeVault,
		Run:   runVault,
		Undo:  undoVault,
		UndoCommands: func(in Inputs) []string {
			if in.ExistingVault != "" || in.ManagedHSM != "" {
				return nil
			}
			return []string{
				sh("az", "keyvault", "delete", "--resource-group", in.ResourceGroup, "--name", in.Vault),
				sh("az", "keyvault", "purge", "--name", in.Vault, "--location", in.Location),
			}
		},
	}
}

// vaultVariables are the vault's resource id and its host, as the later commands use them.
func vaultVariables(flag, name, uri string) []string {
	return []string{
		capture("AKV_SCOPE", "az", "keyvault", "show", flag, name, "--query", "id", "--output", "tsv"),
		"AKV_ENDPOINT=$(" + sh("az", "keyvault", "show", flag, name, "--query", uri, "--output", "tsv") + " | cut -d/ -f3)",
	}
}

// keyStore is where a vault or HSM is: its resource id, and the URL of its keys without trailing slash.
type keyStore struct{ ID, URI string }

func probeVault(ctx context.Context, r *Run) (bool, error) {
	if in := r.Inputs(); in.ExistingVault != "" || in.ManagedHSM != "" {
		found, err := namedVault(ctx, r)
		if err != nil {
			return false, err
		}
		return true, recordVault(r, found)
	}
	found, err := r.Azure().Vault(ctx, runGroup(r), r.Inputs().Vault)
	switch {
	case azure.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for key vault %s: %w", r.Inputs().Vault, err)
	case !r.Owns(vaultResource(r)):
		return false, nameTaken(vaultResource(r), "vault", "To use this very vault, name it with --existing-vault: then cleanup leaves it alone.")
	case found.State == failed:
		return false, checkState(vaultResource(r), found.State)
	}
	if err := checkVault(found); err != nil {
		return false, err
	}
	return true, recordVault(r, keyStore{found.ID, found.URI})
}

// namedVault is the existing vault or HSM that the user named, checked.
func namedVault(ctx context.Context, r *Run) (keyStore, error) {
	in, subscription := r.Inputs(), r.Outputs().SubscriptionID
	if in.ManagedHSM != "" {
		hsm, err := r.Azure().FindManagedHSM(ctx, subscription, in.ManagedHSM)
		if azure.IsNotFound(err) {
			return keyStore{}, vaultMissing("managed-hsm", in.ManagedHSM)
		}
		return keyStore{hsm.ID, hsm.URI}, err
	}
	found, err := r.Azure().FindVault(ctx, subscription, in.ExistingVault)
	if azure.IsNotFound(err) {
		return keyStore{}, vaultMissing("existing-vault", in.ExistingVault)
	}
	if err != nil {
		return keyStore{}, fmt.Errorf("look for key vault %s: %w", in.ExistingVault, err)
	}
	return keyStore{found.ID, found.URI}, checkVault(found)
}

func vaultMissing(flag, name string) error {
	return wrongInput("vault-missing", "This subscription has no "+name, flag,
		[]string{"az keyvault list --output table and az keyvault list --resource-type hsm --output table show what there is"})
}

// checkVault refuses what the article's commands accept and then fail on, or worse, ignore.
func checkVault(v azure.Vault) error {
	switch {
	case !v.Premium:
		return &Problem{
			ID: "vault-standard", Title: "Key vault " + v.Name + " is of the Standard tier",
			Why:      "Only the Premium tier makes keys in hardware that can be released by policy.",
			Remedy:   []string{"Change the tier, or use another vault with --existing-vault."},
			Commands: []string{sh("az", "keyvault", "update", "--name", v.Name, "--set", "properties.sku.name=premium")},
			Links:    []string{"https://learn.microsoft.com/azure/key-vault/keys/about-keys"},
		}
	case !v.RBAC:
		return &Problem{
			ID: "vault-access-policy", Title: "Key vault " + v.Name + " uses access policies, not roles",
			Why:      "In this mode the vault ignores role assignments, so the pod's identity would never get the key.",
			Remedy:   []string{"Switch the vault to roles; whoever has access by policy now needs a role then. Or use another vault."},
			Commands: []string{sh("az", "keyvault", "update", "--name", v.Name, "--enable-rbac-authorization", "true")},
			Links:    []string{"https://learn.microsoft.com/azure/key-vault/general/rbac-migration"},
		}
	}
	return nil
}

func recordVault(r *Run, p keyStore) error {
	return r.Update(func(o *Outputs) { o.VaultID, o.VaultURI = p.ID, p.URI })
}

func runVault(ctx context.Context, r *Run) error {
	recovers, err := clearDeletedVault(ctx, r)
	if err != nil {
		return err
	}
	create := r.Azure().CreateVault
	if recovers {
		create = r.Azure().RecoverVault
	}
	return makeVault(ctx, r, create)
}

// makeVault creates or recovers the vault.
func makeVault(ctx context.Context, r *Run, create func(context.Context, azure.Group, azure.VaultSpec, azure.LRO) (azure.Vault, error)) error {
	name := r.Inputs().Vault
	spec := azure.VaultSpec{Name: name, Location: r.Inputs().Location, TenantID: r.Outputs().TenantID, Tags: r.Tags()}
	return r.Create(ctx, vaultResource(r), func(op azure.LRO) error {
		made, err := create(ctx, runGroup(r), spec, op)
		if err != nil {
			return fmt.Errorf("create key vault %s: %w", name, err)
		}
		return errors.Join(recordVault(r, keyStore{made.ID, made.URI}), checkVault(made))
	})
}

// clearDeletedVault deals with a soft-deleted vault, which keeps its name for itself, as the user wished.
func clearDeletedVault(ctx context.Context, r *Run) (recovers bool, err error) {
	in, subscription := r.Inputs(), r.Outputs().SubscriptionID
	deleted, err := r.Azure().DeletedVault(ctx, subscription, in.Location, in.Vault)
	switch {
	case azure.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for a deleted key vault %s: %w", in.Vault, err)
	case in.SoftDeleted == SoftDeletedRecover:
		r.Logf("Recovering the deleted key vault %s", in.Vault)
		return true, nil
	case in.SoftDeleted == SoftDeletedPurge && !deleted.PurgeProtected:
		r.Logf("Purging the deleted key vault %s", in.Vault)
		err := r.Azure().PurgeVault(ctx, subscription, in.Location, in.Vault, azure.LRO{Progress: func(state string) { r.Progress(state, -1) }})
		if err != nil {
			return false, fmt.Errorf("purge key vault %s: %w", in.Vault, err)
		}
		return false, nil
	}
	return false, softDeleted("vault-deleted", "key vault "+in.Vault, "vault", deleted.PurgeAt, deleted.PurgeProtected,
		sh("az", "keyvault", "purge", "--name", in.Vault, "--location", in.Location))
}

// softDeleted is something that was deleted and not purged: its name is not free.
func softDeleted(id, what, flag string, until time.Time, protected bool, purge string) error {
	p := &Problem{
		ID: id, Title: "A deleted " + what + " still holds this name",
		Why:    "Azure keeps it until " + until.UTC().Format(time.DateOnly) + ", so that it can be recovered.",
		Remedy: []string{"Take it back with --soft-deleted recover.", "Or choose another name with --" + flag + "."},
		Cures:  offer("recover-" + flag),
	}
	if !protected {
		p.Remedy = append(p.Remedy, "Or let cctui remove it for good with --soft-deleted purge.")
		p.Commands = []string{purge}
		p.Cures = append(p.Cures, offer("purge-"+flag)...)
	}
	return p
}

func undoVault(ctx context.Context, r *Run) error {
	in, group := r.Inputs(), runGroup(r)
	if in.ExistingVault != "" || in.ManagedHSM != "" {
		return nil
	}
	return r.Remove(ctx, vaultResource(r), func(op azure.LRO) error {
		if err := r.Azure().DeleteVault(ctx, group, in.Vault); err != nil {
			return fmt.Errorf("delete key vault %s: %w", in.Vault, err)
		}
		if err := purgeVault(ctx, r, op); err != nil {
			return err
		}
		return verifyGone(vaultResource(r), func() error {
			_, err := r.Azure().Vault(ctx, group, in.Vault)
			return err
		})
	})
}

// purgeVault frees the name and ends what a deleted vault with HSM keys still costs.
func purgeVault(ctx context.Context, r *Run, op azure.LRO) error {
	name, location, subscription := r.Inputs().Vault, r.Inputs().Location, r.Outputs().SubscriptionID
	deleted, err := r.Azure().DeletedVault(ctx, subscription, location, name)
	switch {
	case azure.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("look for the deleted key vault %s: %w", name, err)
	case deleted.PurgeProtected:
		r.Keep(vaultResource(r), "it is deleted, but protected from being purged before "+deleted.PurgeAt.UTC().Format(time.DateOnly))
		return nil
	}
	if err := r.Azure().PurgeVault(ctx, subscription, location, name, op); err != nil {
		return fmt.Errorf("purge key vault %s: %w", name, err)
	}
	return nil
}
