package actions

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// randomSteps is a graph in which a step needs some of those before it.
func randomSteps(rng *rand.Rand) ([]Step, map[string]time.Duration) {
	steps := make([]Step, 1+rng.IntN(20))
	durations := map[string]time.Duration{}
	for i := range steps {
		steps[i].ID = fmt.Sprint(i)
		durations[steps[i].ID] = time.Duration(rng.IntN(100))
		for before := range i {
			if rng.IntN(4) == 0 {
				steps[i].Needs = append(steps[i].Needs, fmt.Sprint(before))
			}
		}
	}
	return steps, durations
}

func TestEveryStepIsVisitedOnceAfterAllItNeeds(t *testing.T) {
	for seed := range uint64(300) {
		steps, durations := randomSteps(rand.New(rand.NewPCG(seed, 1)))
		for _, graph := range [][]Step{steps, reversed(steps)} {
			var mu sync.Mutex
			through := map[string]bool{}
			errs := walk(t.Context(), graph, false, func(_ context.Context, s Step) error {
				mu.Lock()
				defer mu.Unlock()
				for _, need := range s.Needs {
					if !through[need] {
						t.Errorf("seed %d: %s came before %s", seed, s.ID, need)
					}
				}
				if through[s.ID] {
					t.Errorf("seed %d: %s came twice", seed, s.ID)
				}
				through[s.ID] = true
				return nil
			})
			if len(errs) > 0 || len(through) != len(steps) {
				t.Errorf("seed %d: %d of %d steps, errors %v", seed, len(through), len(steps), errs)
			}
			if critical, back := CriticalPath(steps, durations), CriticalPath(reversed(steps), durations); critical != back {
				t.Errorf("seed %d: the critical path is %s forwards and %s backwards", seed, critical, back)
			}
			if CriticalPath(steps, durations) > SerialTime(steps, durations) {
				t.Errorf("seed %d: the critical path is longer than all steps together", seed)
			}
		}
	}
}

func TestGoingOnLeavesOutOnlyWhatDependsOnAFailure(t *testing.T) {
	steps := []Step{{ID: "a"}, {ID: "b", Needs: []string{"a"}}, {ID: "c"}, {ID: "d", Needs: []string{"c"}}, {ID: "e", Needs: []string{"b", "d"}}}
	var visited tally
	errs := walk(t.Context(), steps, true, func(_ context.Context, s Step) error {
		visited.add(s.ID)
		if s.ID == "a" {
			return errors.New("no")
		}
		return nil
	})
	if len(errs) != 1 || len(visited.all()) != 3 {
		t.Errorf("visited %v, errors %v", visited.all(), errs)
	}
}

func TestACancelledWalkStartsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	errs := walk(ctx, []Step{{ID: "a"}}, false, func(context.Context, Step) error { t.Error("started"); return nil })
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("errors %v", errs)
	}
}

func TestAListThatIsNoGraphIsRefused(t *testing.T) {
	err := check([]Step{
		{ID: "a", Needs: []string{"b"}},
		{ID: "b", Reads: []string{"colour"}},
		{ID: "b"},
	})
	for _, want := range []string{"a needs b", "reads colour", "b is listed twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func TestUpstreamAndDownstream(t *testing.T) {
	steps := []Step{{ID: "a"}, {ID: "b", Needs: []string{"a"}}, {ID: "c"}, {ID: "d", Needs: []string{"b", "c"}}, {ID: "e", Needs: []string{"d"}}}
	ids := func(steps []Step) (s string) {
		for _, step := range steps {
			s += step.ID
		}
		return s
	}
	if got := ids(upstream(steps, "d")); got != "abcd" {
		t.Errorf("upstream of d: %s", got)
	}
	if got := ids(downstream(steps, "b")); got != "bde" {
		t.Errorf("downstream of b: %s", got)
	}
}
