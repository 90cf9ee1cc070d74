package actions

import (
	"errors"
	"testing"
	"testing/synctest"
)

// What the run has made keeps its name as long as it exists: cleanup finds it by that.
func TestWhatWasMadeCannotBeRenamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		finish(t, w, j, nil)
		renaming := func(in *Inputs) { in.Cluster, in.Vault = "another", "kv-another" }

		walk, _ := walkthrough(t, w, j, nil)
		_, err := walk.Edit(inputsOf(renaming))
		var faults Faults
		if !errors.As(err, &faults) || len(faults) != 2 || faults[0].Key != "cluster" && faults[1].Key != "cluster" {
			t.Errorf("renaming cluster and vault: %v", err)
		}
		if stale, err := walk.Edit(inputsOf(func(in *Inputs) { in.Message = "Adeus" })); err != nil || len(stale) == 0 {
			t.Errorf("another message: %v, %v", stale, err)
		}

		clean(t, w, j, nil)
		if _, err := walk.Edit(inputsOf(renaming)); err != nil {
			t.Errorf("after the cleanup: %v", err)
		}
	})
}

func TestTheSubscriptionFoundMayBeNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j := newRealm(), NewJournal()
		finish(t, w, j, nil)
		walk, _ := walkthrough(t, w, j, nil)
		for _, same := range []string{walk.Outputs().SubscriptionID, walk.Outputs().SubscriptionName} {
			if _, err := walk.Edit(inputsOf(func(in *Inputs) { in.Subscription = same })); err != nil {
				t.Errorf("naming %q: %v", same, err)
			}
		}
		if _, err := walk.Edit(inputsOf(func(in *Inputs) { in.Subscription = "another" })); err == nil {
			t.Error("another subscription is taken")
		}
	})
}
