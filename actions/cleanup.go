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
		left, err := foreignResources(ctx, r, group)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			r.Keep(res, "it holds what this run did not make: "+strings.Join(left, ", "))
			return r.Remove(ctx, res, func(azure.LRO) error { return nil }) // it is theirs from now on
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

// foreignResources are what is left in the group when all that the run made is gone.
func foreignResources(ctx context.Context, r *Run, group azure.Group) ([]string, error) {
	ids, err := r.Azure().GroupResources(ctx, group)
	if azure.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list what is left in %s: %w", group.Name, err)
	}
	own := []string{clusterResource(r).ID, identityResource(r).ID, vaultResource(r).ID, providerResource(r).ID}
	return slices.DeleteFunc(ids, func(id string) bool {
		return slices.ContainsFunc(own, func(o string) bool { return strings.EqualFold(o, id) })
	}), nil
}
