package main

import (
	"bufio"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/sandbox/front"
)

// TestKilled kills the real program with SIGKILL, at every request and every change of its state
// directory, and starts it again with the same command. With CCTUI_CRASH=full it tries all of them
// (make crash), with a number so many, else a few; CCTUI_CRASH_SEED chooses which.
func TestKilled(t *testing.T) {
	program, tally := build(t), &tally{}
	t.Run("points", func(t *testing.T) {
		for _, m := range chosen(t, moments(t, program)) {
			t.Run(m.String(), func(t *testing.T) {
				t.Parallel()
				m.try(t, program, tally)
			})
		}
	})
	fmt.Println(tally)
	if tally.killed.Load() == 0 {
		t.Error("nothing was killed")
	}
}

// tally is what the whole test comes to.
type tally struct{ killed, resumed, succeeded, duplicates, missed atomic.Int64 }

func (t *tally) String() string {
	return fmt.Sprintf("%d kill points, %d resumes, %d succeeded, %d duplicates (%d points were never reached)",
		t.killed.Load(), t.resumed.Load(), t.succeeded.Load(), t.duplicates.Load(), t.missed.Load())
}

// moment is when the program is killed.
type moment struct {
	cleanup bool // in the middle of cleanup, after a whole walkthrough
	at      string
	n       int // the n-th one, from 1
}

// What a moment is counted by.
const (
	beforeRequest = "before-request" // it came, and nobody will answer it
	afterRequest  = "after-request"  // it was carried out, and nobody will hear of it
	atWrite       = "at-write"       // the state directory changed
)

func (m moment) String() string {
	return fmt.Sprintf("%s-%s-%d", map[bool]string{true: "cleanup", false: "run"}[m.cleanup], m.at, m.n)
}

// moments are all there are, by how an undisturbed walkthrough and cleanup go.
func moments(t *testing.T, program string) (all []moment) {
	t.Helper()
	door := &door{}
	p := serve(t, program, door.around)
	for _, cleanup := range []bool{false, true} {
		door.begin("", 0, nil)
		w := observe(t, p.journal(), 0, nil)
		if ended := p.start(t, commandOf(cleanup)...).end(); ended.code != actions.ExitDone {
			t.Fatalf("undisturbed, it ended with %d\n%s", ended.code, ended.err)
		}
		counts := map[string]int{beforeRequest: door.requests(), afterRequest: door.requests(), atWrite: w.stop()}
		for _, at := range slices.Sorted(maps.Keys(counts)) {
			for n := range counts[at] {
				all = append(all, moment{cleanup, at, n + 1})
			}
		}
	}
	return all
}

func commandOf(cleanup bool) []string {
	if cleanup {
		return strings.Fields("cleanup --yes --sandbox --output json")
	}
	return strings.Fields("--auto --sandbox --output json")
}

// progressEvery is after how many kill points the tally so far is told.
const progressEvery = 100

// sampleSize is how many moments are tried where nobody says: a few seconds' worth.
const sampleSize = 6

// chosen are as many moments as CCTUI_CRASH says, or all of them. Their order is the seed's, so that
// whoever stops in the middle has tried some of each kind.
func chosen(t *testing.T, all []moment) []moment {
	seed, err := strconv.ParseUint(cmp.Or(os.Getenv("CCTUI_CRASH_SEED"), "1"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	size := len(all)
	if asked := cmp.Or(os.Getenv("CCTUI_CRASH"), strconv.Itoa(sampleSize)); asked != "full" {
		if size, err = strconv.Atoi(asked); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Printf("trying %d of %d moments\n", min(size, len(all)), len(all))
	return all[:min(size, len(all))]
}

// try kills a process at the moment, lets another one finish, and looks at what there is then.
func (m moment) try(t *testing.T, program string, tally *tally) {
	door := &door{}
	p := serve(t, program, door.around)
	if m.cleanup {
		if ended := p.start(t, commandOf(false)...).end(); ended.code != actions.ExitDone {
			t.Fatalf("before the cleanup: exit %d\n%s", ended.code, ended.err)
		}
	}
	if !m.strike(t, p, door) {
		tally.missed.Add(1)
		return
	}
	if killed := tally.killed.Add(1); killed%progressEvery == 0 {
		fmt.Println(tally)
	}
	before, known := p.inventory(t), p.recorded(t)
	tally.resumed.Add(1)
	ended := p.start(t, commandOf(m.cleanup)...).end()
	if result := ended.result(t); ended.code != actions.ExitDone || result.Outcome != actions.Succeeded {
		t.Fatalf("resumed, it ended with %d: %+v\n%s", ended.code, result.Problem, ended.err)
	}
	tally.succeeded.Add(1)
	after := p.inventory(t)
	if m.cleanup {
		for _, left := range slices.Sorted(maps.Keys(after)) {
			t.Errorf("after the cleanup there is still %s", left)
		}
		return
	}
	if strings.Contains(ended.out, "Restarting the consumer") {
		delete(before, consumer) // the cure of one that asked for the key too early, as in any run
	}
	for _, twice := range slices.Concat(door.twice(), before.replacedIn(after)) {
		tally.duplicates.Add(1)
		t.Error(twice)
	}
	complete(t, after)
	known.keptIn(t, p.recorded(t))
}

// consumer is the address of the pod that walkthroughs replace where it came without its key.
const consumer = "/api/v1/pods/kafka/kafka-golang-consumer"

// strike starts the program and kills it at the moment; false where that never came.
func (m moment) strike(t *testing.T, p *place, door *door) bool {
	var c *child
	started, struck := make(chan struct{}), atomic.Bool{}
	kill := func() {
		<-started
		struck.Store(true)
		c.kill()
	}
	w := observe(t, p.journal(), 0, nil)
	switch m.at {
	case atWrite:
		w.stop()
		w = observe(t, p.journal(), m.n, kill)
	default:
		door.begin(m.at, m.n, kill)
	}
	c = p.start(t, commandOf(m.cleanup)...)
	close(started)
	ended := c.end()
	w.stop()
	door.begin("", 0, nil)
	if !struck.Load() && ended.code != actions.ExitDone {
		t.Fatalf("never killed, it ended with %d\n%s", ended.code, ended.err)
	}
	return struck.Load()
}

func (p *place) inventory(t *testing.T) inventory {
	t.Helper()
	found, err := takeInventory(t.Context(), p.sandbox.Endpoints())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// replacedIn tells what was there before and is not, or is another one, afterwards.
func (i inventory) replacedIn(after inventory) (told []string) {
	for _, address := range slices.Sorted(maps.Keys(i)) {
		if was, is := i[address], after[address]; is != was {
			told = append(told, fmt.Sprintf("%s was %q, and is %q after the resume", address, was, is))
		}
	}
	return told
}

// complete checks that there is exactly one of each kind that a walkthrough makes.
func complete(t *testing.T, all inventory) {
	t.Helper()
	want := map[string]int{
		"/resourceGroups/cctui-": 1, "/managedClusters/": 1, "/agentPools/": 2, "/userAssignedIdentities/": 1, "/federatedIdentityCredentials/": 1,
		"/vaults/": 1, "/attestationProviders/": 1, "/roleAssignments/": 2, "deleted": 0, "/keys/": 1,
		"/api/v1/pods/": 3, "/api/v1/services/kafka/": 2, "/kafkas/": 1, "/kafkanodepools/": 1, "/deployments/": 1,
		"/namespaces//kafka": 1, "/serviceaccounts/kafka/workload-identity-sa": 1,
	}
	got := map[string]int{}
	for address := range all {
		var kind string // the innermost of those it lies in
		for k := range want {
			if at := strings.LastIndex(address, k); at > strings.LastIndex(address, kind) || kind == "" && at >= 0 {
				kind = k
			}
		}
		got[kind]++
	}
	for kind, n := range want {
		if got[kind] != n {
			t.Errorf("there are %d of %s, not %d: %v", got[kind], kind, n, slices.Sorted(maps.Keys(all)))
		}
	}
}

// keptIn checks that every identifier the journal knew is still the same. What is read anew each time
// may differ.
func (r recorded) keptIn(t *testing.T, after recorded) {
	t.Helper()
	if r.Run != "" && r.Run != after.Run {
		t.Errorf("the run was %s and is %s", r.Run, after.Run)
	}
	for name, was := range r.Outputs {
		if slices.Contains([]string{"message", "ciphertext", "attestation", "quotaFree", "featureState"}, name) {
			continue
		}
		if is := after.Outputs[name]; fmt.Sprint(is) != fmt.Sprint(was) {
			t.Errorf("%s was %v and is %v", name, was, is)
		}
	}
	for _, res := range after.Resources {
		if res.State != "made" || res.Token != "" {
			t.Errorf("after all is done, the %s is said to be %s", res.Resource, res.State)
		}
	}
}

// door stands before the sandbox and counts what the program asks for.
type door struct {
	mu      sync.Mutex
	seen    int
	at      string
	n       int
	kill    func()
	created map[string]int // by address, since it was last deleted
}

// begin counts anew, and kills at the n-th request from now on; at "" it only counts.
func (d *door) begin(at string, n int, kill func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen, d.at, d.n, d.kill = 0, at, n, kill
}

func (d *door) requests() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seen
}

// counted tells whether this is the request at which to kill, and how.
func (d *door) counted(r *http.Request) (at string, kill func()) {
	if strings.HasPrefix(r.UserAgent(), filepath.Base(os.Args[0])) {
		return "", nil // the sandbox's own controllers, which are this process
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen++
	if d.at == "" || d.seen != d.n {
		return "", nil
	}
	return d.at, d.kill
}

func (d *door) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, kill := d.counted(r)
		if at == beforeRequest {
			kill()
			if !strings.HasPrefix(r.UserAgent(), "Go-http-client") { // else it may be a pod's, which lives on
				panic(http.ErrAbortHandler)
			}
		}
		answer := &answer{ResponseWriter: w, created: func() { d.note(r) }}
		if at == afterRequest {
			answer.before = kill
		}
		next.ServeHTTP(answer, r)
	})
}

// note remembers what came to be. Tokens and reviews are answered as if they did, too.
func (d *door) note(r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.Method == http.MethodPut && front.HostOf(r) == "management.localhost" {
		if d.created == nil {
			d.created = map[string]int{}
		}
		d.created[r.URL.Path]++
	}
}

// twice tells what was made more than once.
func (d *door) twice() (told []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for path, n := range d.created {
		if n > 1 {
			told = append(told, fmt.Sprintf("%s was made %d times", path, n))
		}
	}
	return told
}

// answer is what a handler answers. Where the program is to die first, nothing of it leaves.
type answer struct {
	http.ResponseWriter
	before  func() // once, before anything leaves; nil: nothing
	created func()
	status  int
}

func (a *answer) leave() {
	if a.before != nil {
		a.before()
		a.before = nil
	}
}

// WriteHeader sees what came of the request.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status == http.StatusCreated {
		a.created()
	}
	a.status = status
	a.leave()
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(part []byte) (int, error) {
	a.leave()
	return a.ResponseWriter.Write(part)
}

// Flush is for who streams.
func (a *answer) Flush() {
	a.leave()
	_ = http.NewResponseController(a.ResponseWriter).Flush()
}

// Hijack is for who takes the connection over.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.leave()
	return http.NewResponseController(a.ResponseWriter).Hijack()
}
