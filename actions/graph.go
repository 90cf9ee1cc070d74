package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// check refuses a list of steps that is no graph: ids twice, needs of steps that do not come
// before, keys of inputs that do not exist.
func check(steps []Step) error {
	var errs []error
	seen, keys := map[string]bool{}, Inputs{}.values()
	for _, s := range steps {
		if seen[s.ID] {
			errs = append(errs, fmt.Errorf("step %s is listed twice", s.ID))
		}
		for _, need := range s.Needs {
			if !seen[need] {
				errs = append(errs, fmt.Errorf("step %s needs %s, which is not listed before it", s.ID, need))
			}
		}
		for _, key := range s.Reads {
			if _, ok := keys[key]; !ok {
				errs = append(errs, fmt.Errorf("step %s reads %s, which is no input", s.ID, key))
			}
		}
		seen[s.ID] = true
	}
	return errors.Join(errs...)
}

// upstream is the given steps and all they need, in the list's order.
func upstream(steps []Step, ids ...string) []Step {
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	for _, s := range slices.Backward(steps) {
		for _, need := range s.Needs {
			wanted[need] = wanted[need] || wanted[s.ID]
		}
	}
	return slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return !wanted[s.ID] })
}

// downstream is the given steps and all that need them, in the list's order.
func downstream(steps []Step, ids ...string) []Step {
	reached := map[string]bool{}
	for _, id := range ids {
		reached[id] = true
	}
	return slices.DeleteFunc(slices.Clone(steps), func(s Step) bool {
		reached[s.ID] = reached[s.ID] || slices.ContainsFunc(s.Needs, func(need string) bool { return reached[need] })
		return !reached[s.ID]
	})
}

// reversed is the graph turned round: a step needs those gone that needed it.
func reversed(steps []Step) []Step {
	back := slices.Clone(steps)
	slices.Reverse(back)
	for i, s := range back {
		back[i].Needs = nil
		for _, other := range steps {
			if slices.Contains(other.Needs, s.ID) {
				back[i].Needs = append(back[i].Needs, other.ID)
			}
		}
	}
	return back
}

// walk calls visit for every step as soon as those it needs are through, side by side where they
// do not depend on each other. Needs outside the list count as met. A failure cancels what runs, with
// itself as the cause, and nothing new starts; or, where it should go on, only what does not depend
// on it. What runs is always waited for. The errors come in the order in which they happened.
func walk(ctx context.Context, steps []Step, goOn bool, visit func(context.Context, Step) error) []error {
	type end struct {
		id  string
		err error
	}
	var (
		ends    = make(chan end)
		waiting = slices.Clone(steps)
		open    = map[string]bool{} // not through yet
		running int
		errs    []error
	)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, s := range steps {
		open[s.ID] = true
	}
	for {
		waiting = slices.DeleteFunc(waiting, func(s Step) bool {
			if ctx.Err() != nil || slices.ContainsFunc(s.Needs, func(need string) bool { return open[need] }) {
				return false
			}
			running++
			go func() { ends <- end{s.ID, visit(ctx, s)} }()
			return true
		})
		if running == 0 {
			if len(waiting) > 0 && len(errs) == 0 {
				errs = append(errs, context.Cause(ctx))
			}
			return errs
		}
		e := <-ends
		running--
		if e.err != nil {
			errs = append(errs, e.err)
			if !goOn {
				cancel(e.err)
			}
			continue
		}
		delete(open, e.id)
	}
}

// CriticalPath is the shortest time the steps can take side by side: the longest chain of needs.
func CriticalPath(steps []Step, durations map[string]time.Duration) time.Duration {
	var longest time.Duration
	ends := map[string]time.Duration{}
	for _, s := range steps {
		var start time.Duration
		for _, need := range s.Needs {
			start = max(start, ends[need])
		}
		ends[s.ID] = start + durations[s.ID]
		longest = max(longest, ends[s.ID])
	}
	return longest
}

// SerialTime is what the steps take one after the other.
func SerialTime(steps []Step, durations map[string]time.Duration) time.Duration {
	var sum time.Duration
	for _, s := range steps {
		sum += durations[s.ID]
	}
	return sum
}
