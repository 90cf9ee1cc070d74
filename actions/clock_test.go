package actions

import (
	"testing"
	"testing/synctest"
)

// TestTheClockJumpsBetweenProcesses has a run go on while the clock says the year 2000, as it does in
// a synctest bubble, and again when it is right. Nothing goes by the clock which of two writes is the
// newer, what is under way, and what is done.
func TestTheClockJumpsBetweenProcesses(t *testing.T) {
	dir := t.TempDir()
	world := &mortal{made: map[string]int{}, moves: 5}
	steps := []Step{world.step("group"), world.step("cluster", "group"), world.step("vault", "cluster"), world.step("key", "vault")}
	first, err := runMortal(t, dir, world, steps)
	if err == nil {
		t.Fatal("it did not die")
	}
	synctest.Test(t, func(t *testing.T) {
		world.moves = 5
		back, err := runMortal(t, dir, world, steps)
		if err == nil || back.RunID() != first.RunID() {
			t.Fatalf("with the clock put back: %v", err)
		}
		if back.Status(steps).Created != first.Status(steps).Created {
			t.Error("the run was begun at another time")
		}
	})
	world.moves = -1
	last, err := runMortal(t, dir, world, steps)
	if err != nil || last.RunID() != first.RunID() {
		t.Fatalf("with the clock put forward: %v", err)
	}
	for _, s := range steps {
		if world.made[s.ID] != 1 {
			t.Errorf("%s was made %d times", s.ID, world.made[s.ID])
		}
	}
	for _, s := range last.Status(steps).Steps {
		if s.State != Done && s.State != Skipped || s.Finished.Before(s.Started) {
			t.Errorf("%+v", s)
		}
	}
}
