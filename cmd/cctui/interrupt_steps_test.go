//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cctui/cctui/actions"
)

// gate holds requests up while it is closed, so that nothing comes to its end meanwhile.
type gate struct{ sync.RWMutex }

// pass waits until the gate is open.
func (g *gate) pass() {
	g.RLock()
	defer g.RUnlock()
}

func (g *gate) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.pass()
		next.ServeHTTP(w, r)
	})
}

func TestProcessesAreInterrupted(t *testing.T) {
	program := build(t)
	t.Run("at each step, and go on", func(t *testing.T) { interruptEachStep(t, program) })
	t.Run("and leave at once the second time", func(t *testing.T) { interruptTwice(t, program) })
}

// interruptEachStep interrupts one walkthrough at every step in turn, by Ctrl+C and by SIGTERM. It goes
// on each time with the same command.
func interruptEachStep(t *testing.T, program string) {
	g := &gate{}
	p := serve(t, program, g.around)
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	for i, step := range actions.Steps() {
		stop := ends[i%len(ends)]
		t.Run(step.ID+" "+stop.String(), func(t *testing.T) {
			c := p.interruptAt(t, g, step.ID, stop)
			ended := c.end()
			g.Unlock()
			result := ended.result(t)
			if ended.code != actions.ExitInterrupted || result.Outcome != actions.Interrupted {
				t.Fatalf("exit %d, %s: %+v\n%s", ended.code, result.Outcome, result.Problem, ended.err)
			}
			told(t, result)
		})
	}
	ended := p.start(t, commandOf(false)...).end()
	if result := ended.result(t); ended.code != actions.ExitDone || result.Outcome != actions.Succeeded || len(result.Open) > 0 {
		t.Fatalf("in the end: exit %d, %+v\n%s", ended.code, result.Problem, ended.err)
	}
	complete(t, p.inventory(t))
}

// told checks that who leaves knows what goes on without him, how to look at it, to end it and to go on.
func told(t *testing.T, result actions.Result) {
	t.Helper()
	p := result.Problem
	said := p.Why + strings.Join(p.Remedy, " ") + strings.Join(p.Commands, " ")
	for _, want := range []string{"same command again", "cctui cleanup", "cctui status"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q: %s", want, said)
		}
	}
	for _, res := range result.Open {
		if strings.HasPrefix(res.ID, "/subscriptions/") && (!strings.Contains(p.Why, "still at work") || !strings.Contains(said, res.String()) || !strings.Contains(said, res.ID)) {
			t.Errorf("it does not name the %s, which goes on: %s", res, said)
		}
	}
	for _, res := range result.Exists {
		if strings.HasPrefix(res.ID, "/subscriptions/") && !strings.Contains(p.Why, res.String()) {
			t.Errorf("it does not name the %s: %s", res, p.Why)
		}
	}
}

// interruptAt starts the walkthrough, and signals it while the step is running; the gate stays closed.
func (p *place) interruptAt(t *testing.T, g *gate, step string, stop os.Signal) *child {
	t.Helper()
	running, once := make(chan struct{}), sync.Once{} // who waits in between runs again
	c := p.startWatched(t, func(line []byte) {
		var event struct{ Type, Step, State string }
		if json.Unmarshal(line, &event) == nil && event.Type == "step" && event.Step == step && event.State == string(actions.Running) {
			once.Do(func() { g.Lock(); close(running) })
		}
	}, commandOf(false)...)
	select {
	case <-running:
	case <-c.ended:
		t.Fatalf("%s was never running\n%s", step, c.out.String())
	}
	if err := c.command.Process.Signal(stop); err != nil {
		t.Fatal(err)
	}
	return c
}

// interruptTwice interrupts a process that cannot end in good order: nobody reads what it writes.
func interruptTwice(t *testing.T, program string) {
	asked := make(chan struct{})
	once := sync.OnceFunc(func() { close(asked) })
	p := serve(t, program, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			once()
			next.ServeHTTP(w, r)
		})
	})
	read, full, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	fill(t, full)
	errs, said, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(p.program, commandOf(false)...)
	c.Env, c.Stdout, c.Stderr = p.environment(), full, said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	full.Close()
	said.Close()
	<-asked // it runs, and listens to signals
	// Signals until it has heard one, and then more of them: those that follow at once count as its echo.
	signals := time.NewTicker(50 * time.Millisecond)
	defer signals.Stop()
	ended := make(chan error, 1)
	go func() {
		text, _ := io.ReadAll(errs)
		if !strings.Contains(string(text), "Again to leave at once") || !strings.Contains(string(text), "Left at once.") {
			t.Errorf("it said %q", text)
		}
		ended <- c.Wait()
	}()
	for end := time.After(childTime); ; {
		select {
		case <-signals.C:
			_ = c.Process.Signal(os.Interrupt) // it may have just ended
		case <-ended:
			if code := c.ProcessState.ExitCode(); code != actions.ExitInterrupted {
				t.Errorf("exit %d", code)
			}
			return
		case <-end:
			_ = c.Process.Kill()
			t.Fatal("it did not leave")
		}
	}
}

// fill leaves a pipe no room.
func fill(t *testing.T, pipe *os.File) {
	t.Helper()
	if err := pipe.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := pipe.Write(make([]byte, 4<<10)); errors.Is(err, os.ErrDeadlineExceeded) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
