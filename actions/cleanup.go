package actions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cctui/cctui/azure"
)

// verifyGone reads what was removed once more: only a resource that Azure no longer knows costs nothing.
func verifyGone(res Resource, read func() error) error {
	err := read()
	if azure.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("check that the %s is gone: %w", res, err)
	}
	return &Problem{
		ID: "not-gone", Title: "The " + res.String() + " is still there", Retry: true,
		Why:    "Azure said that it was removed, and shows it nevertheless.",
		Remedy: []string{"Run cctui cleanup again in a few minutes.", "If it stays, remove it by hand: until then it may cost money."},
		Commands: []string{
			"az resource delete --ids " + res.ID,
		},
	}
}

// undoGroup removes the group where the run made it and nobody else has put anything into it.
func undoGroup(ctx context.Context, r *Run) error {
	group, res := runGroup(r), groupResource(r)
	if r.Owns(res) {
		others, err := foreignResources(ctx, r, group)
		if err != nil {
			return err
		}
		if err := leaveToOthers(r, res, "what this run did not make", others); err != nil {
			return err
		}
	}
	return r.Remove(ctx, res, func(op azure.LRO) error {
		if err := r.Azure().DeleteResourceGroup(ctx, group, op); err != nil {
			return fmt.Errorf("delete resource group %s: %w", group.Name, err)
		}
		return verifyGone(res, func() error {
			_, err := r.Azure().ResourceGroup(ctx, group)
			return err
		})
	})
}

// foreignResources are those in the group but for what the run removed: Azure's lists show that for
// a while.
func foreignResources(ctx context.Context, r *Run, group azure.Group) ([]string, error) {
	ids, err := r.Azure().GroupResources(ctx, group)
	if azure.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list what is left in %s: %w", group.Name, err)
	}
	own := []Resource{clusterResource(r), identityResource(r), vaultResource(r), providerResource(r)}
	return slices.DeleteFunc(ids, func(id string) bool {
		return slices.ContainsFunc(own, func(o Resource) bool { return r.Removed(o) && strings.EqualFold(o.ID, id) })
	}), nil
}

// leaveToOthers leaves a resource of the run's where others have put something into it.
func leaveToOthers(r *Run, res Resource, what string, others []string) error {
	if len(others) == 0 {
		return nil
	}
	return r.Leave(res, Sanitize("it holds "+what+": "+strings.Join(others, ", "), maxLogText))
}

// spareVault leaves the run's vault where somebody else's keys are in it, which would be purged with
// it. It looks while the operator's role still lets it.
func spareVault(ctx context.Context, r *Run) error {
	res := vaultResource(r)
	if !r.Owns(res) {
		return nil
	}
	if gone, err := vaultGone(ctx, r); err != nil || gone {
		return err
	}
	keys, err := r.Azure().Keys(ctx, r.Outputs().VaultURI)
	if forbidden(err) {
		return nil // nor could the run have let anybody else in
	}
	if err != nil {
		return fmt.Errorf("list the keys of %s: %w", res, err)
	}
	others := slices.DeleteFunc(keys, func(name string) bool { return name == r.Inputs().Key })
	return leaveToOthers(r, res, "keys that this run did not make", others)
}

// vaultGone tells whether somebody has deleted the vault: it cannot be asked for its keys then, not
// even its name is known any more.
func vaultGone(ctx context.Context, r *Run) (bool, error) {
	var err error
	switch in, subscription := r.Inputs(), r.Outputs().SubscriptionID; {
	case in.ManagedHSM != "":
		_, err = r.Azure().FindManagedHSM(ctx, subscription, in.ManagedHSM)
	case in.ExistingVault != "":
		_, err = r.Azure().FindVault(ctx, subscription, in.ExistingVault)
	default:
		_, err = r.Azure().Vault(ctx, runGroup(r), in.Vault)
	}
	if azure.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for the vault: %w", err)
	}
	return false, nil
}
