package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/sandbox"
)

// call runs the program in this process, with the state directory by which it finds the sandbox.
func (p *place) call(t *testing.T, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	program := &program{
		in: strings.NewReader(""), out: &out, err: &errs,
		getenv: func(name string) string {
			if strings.HasPrefix(name, "XDG_") {
				return p.state
			}
			return ""
		},
		leave: func(code int) { t.Errorf("left with %d", code) },
	}
	code := run(t.Context(), program, args)
	return outcome{code, out.String(), errs.String()}
}

// finish carries out the walkthrough, or what is left of it, and says how many times it was tried.
func (p *place) finish(t *testing.T) (outcome, actions.Result) {
	t.Helper()
	ended := p.call(t, commandOf(false)...)
	result := ended.result(t)
	if ended.code != actions.ExitDone || result.Outcome != actions.Succeeded {
		t.Fatalf("exit %d: %+v\n%s", ended.code, result.Problem, ended.err)
	}
	return ended, result
}

// refused carries out the walkthrough, which must come to nothing for the reason given, and say the words.
func (p *place) refused(t *testing.T, problem string, words ...string) {
	t.Helper()
	ended := p.call(t, commandOf(false)...)
	result := ended.result(t)
	if ended.code != actions.ExitFailed || result.Problem == nil || result.Problem.ID != problem || len(result.Problem.Remedy) == 0 {
		t.Fatalf("exit %d: %+v\n%s", ended.code, result.Problem, ended.err)
	}
	for _, word := range words {
		if said := result.Problem.Raw + result.Problem.Why; !strings.Contains(said, word) {
			t.Errorf("it does not say %q: %s", word, said)
		}
	}
}

// newer is the file of the journal that was written last.
func (p *place) newer(t *testing.T) (path string, content []byte) {
	t.Helper()
	last := -1
	for _, name := range []string{"journal.json", "journal.json.bak"} {
		var around struct{ Sequence int }
		text, err := os.ReadFile(filepath.Join(p.journal(), name))
		if err == nil && json.Unmarshal(text, &around) == nil && around.Sequence > last {
			last, path, content = around.Sequence, filepath.Join(p.journal(), name), bytes.TrimSpace(text)
		}
	}
	if path == "" {
		t.Fatal("there is no journal")
	}
	return path, content
}

// A write of the journal is cut short: what stood there before it is gone on from, and nothing is made twice.
func TestPowerIsLostInTheMiddleOfAWrite(t *testing.T) {
	door := &door{}
	p := serve(t, "", door.around)
	_, first := p.finish(t)
	before := p.inventory(t)
	for _, power := range []struct {
		name  string
		leave func(whole []byte) []byte
	}{
		{"nothing of it arrived", func([]byte) []byte { return nil }},
		{"its first bytes arrived", func(whole []byte) []byte { return whole[:20] }},
		{"half of it arrived", func(whole []byte) []byte { return whole[:len(whole)/2] }},
		{"all but its end arrived", func(whole []byte) []byte { return whole[:len(whole)-2] }},
		{"zeros arrived", func(whole []byte) []byte { return make([]byte, len(whole)) }},
		{"older bytes stand behind it", func(whole []byte) []byte { return append(slices.Clone(whole), whole[len(whole)-100:]...) }},
	} {
		t.Run(power.name, func(t *testing.T) {
			path, whole := p.newer(t)
			if err := os.WriteFile(path, power.leave(whole), 0o600); err != nil {
				t.Fatal(err)
			}
			if told := p.call(t, "status"); told.code != actions.ExitDone || !strings.Contains(told.out, first.Run) {
				t.Errorf("status: exit %d, %s%s", told.code, told.out, told.err)
			}
			ended, result := p.finish(t)
			if !strings.Contains(ended.err, "cut short") || result.Run != first.Run {
				t.Errorf("run %s after %s; it said %q", result.Run, first.Run, ended.err)
			}
		})
	}
	for _, twice := range slices.Concat(door.twice(), before.replacedIn(p.inventory(t))) {
		t.Error(twice)
	}
}

// Neither file is whole, which no loss of power does: cctui does not guess.
func TestAJournalThatIsLostIsNotMadeUp(t *testing.T) {
	p := serve(t, "", nil)
	p.finish(t)
	for _, name := range []string{"journal.json", "journal.json.bak"} {
		if err := os.WriteFile(filepath.Join(p.journal(), name), []byte("lost"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.refused(t, "journal-damaged", p.journal(), "cctui-run")
	if told := p.call(t, "status"); told.code != actions.ExitFailed || strings.Contains(told.out, "No run is remembered") {
		t.Errorf("status: exit %d, %s", told.code, told.out)
	}
	if text, err := os.ReadFile(filepath.Join(p.journal(), "journal.json")); err != nil || string(text) != "lost" {
		t.Errorf("the file was touched: %s, %v", text, err)
	}
}

func TestANewerCctuiWroteTheJournal(t *testing.T) {
	p := serve(t, "", nil)
	newer := `{"version": 99, "run": "0123456789"}`
	if err := os.MkdirAll(p.journal(), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(p.journal(), "journal.json")
	if err := os.WriteFile(path, []byte(newer), 0o600); err != nil {
		t.Fatal(err)
	}
	p.refused(t, "journal-newer", "newer cctui")
	if text, err := os.ReadFile(path); err != nil || string(text) != newer {
		t.Errorf("the file was touched: %s, %v", text, err)
	}
}

// While one is at work, another one is told by whom, since when, and begins nothing.
func TestTwoAtOnce(t *testing.T) {
	arrived, leave := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() {
		close(arrived)
		<-leave
	})
	p := serve(t, "", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				once()
			}
			next.ServeHTTP(w, r)
		})
	})
	var first outcome
	var running sync.WaitGroup
	running.Go(func() { first = p.call(t, commandOf(false)...) })
	<-arrived
	p.refused(t, "run-locked", "process "+strconv.Itoa(os.Getpid()), "since 20")
	if told := p.call(t, "status"); told.code != actions.ExitDone || !strings.Contains(told.out, "making") {
		t.Errorf("status: exit %d, %s%s", told.code, told.out, told.err)
	}
	close(leave)
	running.Wait()
	if first.code != actions.ExitDone {
		t.Errorf("the first one ended with %d\n%s", first.code, first.err)
	}
}

// With the sandbox, all that was made in it is gone: nobody claims it, and the next run begins at nothing.
func TestTheSandboxIsStartedAnewInBetween(t *testing.T) {
	p := serve(t, "", nil)
	_, first := p.finish(t)
	if err := p.sandbox.Close(); err != nil { // as if killed: its files stay
		t.Fatal(err)
	}
	told := p.call(t, "status")
	if told.code != actions.ExitDone || !strings.Contains(told.out, "has ended") || strings.Contains(told.out, "cluster cctui") {
		t.Errorf("status without the sandbox: exit %d, %s%s", told.code, told.out, told.err)
	}
	if ended := p.call(t, commandOf(true)...); !strings.Contains(ended.err, "The sandbox of run "+first.Run+" has ended") {
		t.Errorf("cleanup without the sandbox: exit %d, %s", ended.code, ended.err)
	}
	anew, err := sandbox.Start(t.Context(), sandbox.Options{Generate: ready})
	if err != nil {
		t.Fatal(err)
	}
	p.sandbox = anew
	if err := p.discovery().announce(anew.Endpoints()); err != nil {
		t.Fatal(err)
	}
	if _, second := p.finish(t); second.Run == first.Run {
		t.Errorf("the second run claims to be the first, %s", first.Run)
	}
	complete(t, p.inventory(t))
	if told := p.call(t, "status"); strings.Contains(told.out, first.Run) {
		t.Errorf("status still tells of the first run: %s", told.out)
	}
}
