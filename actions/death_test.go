package actions

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/cctui/cctui/azure"
)

var errDead = errors.New("the process is dead")

// mortal is a world whose observer dies at a chosen moment: from then on it can neither act nor
// write anything down. What it began goes on without it, as in Azure.
type mortal struct {
	mu    sync.Mutex
	made  map[string]int // how often each resource was begun
	moves int            // left until death; negative: immortal
	die   func()
}

// live is one moment. It fails from the chosen one on.
func (m *mortal) live() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.moves == 0 {
		m.die()
		return errDead
	}
	m.moves--
	return nil
}

func (m *mortal) begin(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made[name]++
}

func (m *mortal) exists(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.made[name] > 0
}

// step makes one resource, by an operation that takes a while.
func (m *mortal) step(name string, needs ...string) Step {
	s := does(name, func(ctx context.Context, r *Run) error {
		return r.Create(ctx, Resource{Kind: "thing", Name: name}, func(op azure.LRO) error {
			if err := m.live(); err != nil {
				return err
			}
			if op.ResumeToken == "" {
				m.begin(name)
				if err := m.live(); err != nil {
					return err
				}
				if err := op.Accepted("token of " + name); err != nil {
					return err
				}
			}
			return m.live()
		})
	}, needs...)
	s.Probe = func(context.Context, *Run) (bool, error) { return m.exists(name), m.live() }
	return s
}

// TestKilledAtAnyMomentNothingIsMadeTwice kills a run at its first moment, at its second, and so
// on, and lets another process finish it.
func TestKilledAtAnyMomentNothingIsMadeTwice(t *testing.T) {
	for moment := 0; ; moment++ {
		dir := t.TempDir()
		world := &mortal{made: map[string]int{}, moves: moment}
		steps := []Step{world.step("group"), world.step("cluster", "group"), world.step("vault", "group"), world.step("key", "vault")}
		first, err := runMortal(t, dir, world, steps)
		if err == nil {
			if moment < 12 {
				t.Fatalf("only %d moments to die at", moment)
			}
			return
		}
		for name := range world.made {
			if !first.owns(Resource{Kind: "thing", Name: name}) {
				t.Errorf("killed at moment %d: %s exists and the journal does not know", moment, name)
			}
		}
		world.moves = -1
		second, err := runMortal(t, dir, world, steps)
		if err != nil {
			t.Fatalf("killed at moment %d, and not resumed: %v", moment, err)
		}
		for _, s := range steps {
			if world.made[s.ID] != 1 {
				t.Errorf("killed at moment %d: %s was made %d times", moment, s.ID, world.made[s.ID])
			}
		}
		if doc := second.read(); len(doc.owned()) != len(steps) || len(doc.open()) != 0 {
			t.Errorf("killed at moment %d: owned %v, open %v", moment, doc.owned(), doc.open())
		}
	}
}

// runMortal is one process's life. The journal it returns is what a reader finds on disk afterwards.
func runMortal(t *testing.T, dir string, world *mortal, steps []Step) (*Journal, error) {
	t.Helper()
	j := openJournal(t, dir)
	held := j.store.(*store).lock
	defer func() { _ = held.release() }() // as the system does when a process ends
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	world.die = func() {
		cancel()
		j.mu.Lock()
		defer j.mu.Unlock()
		j.store = &store{dir: dir} // without a lock it writes nothing
	}
	w, _ := scriptedIn(t, j, steps...)
	_, err := w.Run(ctx)
	left, peekErr := Peek(dir)
	if peekErr != nil {
		t.Fatal(peekErr)
	}
	return left, err
}
