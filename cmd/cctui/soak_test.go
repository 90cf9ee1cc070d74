package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/kafka"
	"github.com/cctui/cctui/sandbox"
)

// TestSoak lets many walkthroughs go through storms of random faults. Each ends in success or in a
// problem that explains itself, and when the weather has cleared, cleanup leaves nothing. CCTUI_SOAK
// says how many (make soak), CCTUI_SOAK_SEED where to begin.
func TestSoak(t *testing.T) {
	runs, first := number(t, "CCTUI_SOAK", 3), number(t, "CCTUI_SOAK_SEED", 2)
	sum := &summary{}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt) // begins the one goroutine of package signal, which never ends
	defer signal.Stop(stop)
	t.Run("seeds", func(t *testing.T) {
		for seed := uint64(first); seed < uint64(first+runs); seed++ {
			t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
				t.Parallel()
				sum.add(seed, endure(t, stormOf(seed)))
			})
		}
	})
	fmt.Println(sum)
}

func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv(variable), strconv.Itoa(otherwise)))
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// verdict is how a walkthrough went through its storm.
type verdict struct {
	storm     storm
	ends      []string // of each command, in turn
	succeeded bool
	took      time.Duration

	hangs, panics, duplicates, leaks, unexplained, lies []string
}

// complaints are what must not have been.
func (v *verdict) complaints() []string {
	return slices.Concat(v.hangs, v.panics, v.duplicates, v.leaks, v.unexplained, v.lies)
}

// summary is what all of them come to.
type summary struct {
	mu              sync.Mutex
	runs, succeeded int
	complaints      verdict
}

// add tells one, and counts it.
func (s *summary) add(seed uint64, v *verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Printf("%5d %5.1fs  %-46s %s\n", seed, v.took.Seconds(), strings.Join(v.ends, ", "), v.storm)
	s.runs++
	if v.succeeded {
		s.succeeded++
	}
	c := &s.complaints
	c.hangs, c.panics, c.duplicates = append(c.hangs, v.hangs...), append(c.panics, v.panics...), append(c.duplicates, v.duplicates...)
	c.leaks, c.unexplained, c.lies = append(c.leaks, v.leaks...), append(c.unexplained, v.unexplained...), append(c.lies, v.lies...)
}

func (s *summary) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.complaints
	return fmt.Sprintf("%d runs: %d succeeded, %d explained, %d hangs, %d panics, %d duplicates, %d leaks, %d unexplained, %d lies",
		s.runs, s.succeeded, s.runs-s.succeeded, len(c.hangs), len(c.panics), len(c.duplicates), len(c.leaks), len(c.unexplained), len(c.lies))
}

const (
	// commandTime is what a command may take at most. Each of its waits has an end of its own, far earlier.
	commandTime = 4 * time.Minute
	// stormPatience is the walkthrough's, so that what never comes is known soon.
	stormPatience = "8s"
	stormMessage  = "through the storm"
)

// endure sends a walkthrough through a storm, and cleans up after it in good weather.
func endure(t *testing.T, s storm) *verdict {
	t.Helper()
	v, began := &verdict{storm: s}, time.Now()
	label := pprof.Labels("storm", t.Name())
	pprof.Do(t.Context(), label, func(ctx context.Context) { v.endure(ctx, t) })
	v.leaks = append(v.leaks, goroutinesOf(t.Name())...)
	v.took = time.Since(began)
	for _, complaint := range v.complaints() {
		t.Errorf("%s: %s", s, complaint)
	}
	return v
}

func (v *verdict) endure(ctx context.Context, t *testing.T) {
	door := &door{}
	served, err := sandbox.Start(ctx, sandbox.Options{Around: door.around})
	if err != nil {
		t.Fatal(err)
	}
	at := &visit{t: t, verdict: v, sandbox: served, state: t.TempDir()}
	if err := (&place{sandbox: served, state: at.state}).discovery().announce(served.Endpoints()); err != nil {
		t.Fatal(err)
	}
	before := at.inventory(ctx)
	at.script(v.storm.faults...)
	at.walk(ctx)
	v.duplicates = append(v.duplicates, door.twice()...)
	if v.storm.cleanup {
		at.cctui(ctx, 0, "cleanup", "--yes")
	}
	at.script() // the weather clears
	at.compare(ctx, before)
	at.leaveNothing(ctx, before)
	if err := served.Close(); err != nil {
		v.leaks = append(v.leaks, err.Error())
	}
}

// visit is a walkthrough in a sandbox that others serve.
type visit struct {
	t       *testing.T
	verdict *verdict
	sandbox *sandbox.Sandbox
	state   string
}

func (at *visit) script(faults ...string) {
	if err := at.sandbox.Script(faults...); err != nil {
		at.t.Fatal(err)
	}
}

// walk gives the command as often as the storm wants it given; who was interrupted goes on.
func (at *visit) walk(ctx context.Context) {
	args := append([]string{"--auto", "--message", stormMessage, "--patience", stormPatience}, at.verdict.storm.args...)
	interrupt := at.verdict.storm.interrupt
	for range 3 {
		last := at.cctui(ctx, interrupt, args...)
		at.verdict.succeeded = last.Outcome == actions.Succeeded
		if last.Outcome == actions.Interrupted {
			interrupt = 0
			continue
		}
		if at.verdict.succeeded || !at.verdict.storm.again {
			return
		}
		at.verdict.storm.again = false
	}
}

// cctui gives one command and judges how it ended.
func (at *visit) cctui(ctx context.Context, interrupt int, args ...string) actions.Result {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	var out, errs bytes.Buffer
	p := &program{
		in: strings.NewReader(""), out: &interrupter{Writer: &out, left: interrupt, leave: leave}, err: &errs,
		getenv: func(name string) string {
			if strings.HasPrefix(name, "XDG_") {
				return at.state
			}
			return ""
		},
		leave: func(code int) { at.t.Errorf("left with %d", code) },
	}
	code := run(ctx, p, append(args, "--sandbox", "--output", "json"))
	v := at.verdict
	if ctx.Err() == context.DeadlineExceeded {
		v.hangs = append(v.hangs, fmt.Sprintf("%s did not end within %s\n%s", args[0], commandTime, tail(out.String())))
	}
	last, err := lastResult(out.String())
	if err != nil {
		v.unexplained = append(v.unexplained, fmt.Sprintf("%s ended with %d and no result: %v\n%s", args[0], code, err, errs.String()))
		return last
	}
	v.judge(args[0], code, last, ctx.Err() != nil)
	return last
}

// interrupter is a Ctrl+C after so many lines.
type interrupter struct {
	io.Writer
	left  int
	leave func()
}

func (i *interrupter) Write(line []byte) (int, error) {
	if i.left--; i.left == 0 {
		i.leave()
	}
	return i.Writer.Write(line)
}

func lastResult(out string) (actions.Result, error) {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	event, err := actions.DecodeEvent([]byte(lines[len(lines)-1]))
	finished, ok := event.(actions.Finished)
	if err == nil && !ok {
		err = fmt.Errorf("the last line is no result: %s", lines[len(lines)-1])
	}
	return finished.Result, err
}

// tail is the end of what was told.
func tail(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// judge holds the end of a command against what it may say in this storm.
func (v *verdict) judge(command string, code int, last actions.Result, left bool) {
	p := last.Problem
	switch {
	case last.Outcome == actions.Succeeded:
		v.ends = append(v.ends, "ok")
	case p == nil:
		v.unexplained = append(v.unexplained, fmt.Sprintf("%s %s without a problem", command, last.Outcome))
		return
	default:
		v.ends = append(v.ends, p.ID)
	}
	if code != actions.ExitDone != (last.Outcome != actions.Succeeded) {
		v.lies = append(v.lies, fmt.Sprintf("%s %s, and exits with %d", command, last.Outcome, code))
	}
	switch {
	case last.Outcome == actions.Succeeded && command == "--auto":
		v.believe(last)
	case last.Outcome == actions.Interrupted && !left:
		v.lies = append(v.lies, command+" says that it was interrupted, and nobody did")
	case last.Outcome == actions.Failure && p.ID == "defect":
		v.panics = append(v.panics, p.Raw)
	case last.Outcome == actions.Failure && (p.ID == "unexpected" || p.Title == "" || len(p.Remedy) == 0):
		v.unexplained = append(v.unexplained, fmt.Sprintf("%s ended as %s in %s (%s): %s", command, p.ID, p.Step, p.Title, p.Raw))
	}
}

// believe checks a success: the message is the chosen one, and nothing of the storm forbids that it was read.
func (v *verdict) believe(last actions.Result) {
	if _, text, ok := kafka.ParseMessage(last.Message); !ok || text != stormMessage {
		v.lies = append(v.lies, fmt.Sprintf("succeeded with the message %q", last.Message))
	}
	if !kafka.IsCiphertext(last.Ciphertext, 3072) {
		v.lies = append(v.lies, fmt.Sprintf("succeeded with the ciphertext %q", last.Ciphertext))
	}
	if last.Attestation == nil || len(last.Attestation.Claims) == 0 {
		v.lies = append(v.lies, "succeeded without attestation")
	}
	if fault := v.storm.forbids(); fault != "" {
		v.lies = append(v.lies, "succeeded despite "+fault)
	}
}

// inventory is everything there is, what is inside the existing cluster included.
func (at *visit) inventory(ctx context.Context) inventory {
	e := at.sandbox.Endpoints()
	all, err := takeInventory(ctx, e)
	if err != nil {
		at.t.Fatal(err)
	}
	around, err := inSandbox(e)
	if err != nil {
		at.t.Fatal(err)
	}
	defer around.http.CloseIdleConnections()
	r := &reader{endpoints: e, http: around.http, found: all}
	if r.azure, r.credential, err = around.client(ctx); err != nil {
		at.t.Fatal(err)
	}
	pools, err := r.list(ctx, e.ResourceManager+"/.default", e.ResourceManager+"/subscriptions/"+e.Subscription+
		"/resourceGroups/contoso-rg/providers/Microsoft.ContainerService/managedClusters/contoso-aks/agentPools?api-version=2022-04-01")
	for _, pool := range pools {
		all[pool.ID] = ""
	}
	if err := errors.Join(err, r.cluster(ctx, thing{Name: "contoso-aks"})); err != nil {
		at.t.Fatal(err)
	}
	return all
}

// compare holds what cctui says that there is against what there is.
func (at *visit) compare(ctx context.Context, before inventory) {
	said := map[string]string{}
	for _, status := range at.status(ctx) {
		for _, r := range status.Made {
			said[strings.ToLower(r.ID)] = r.State
		}
	}
	there := map[string]bool{}
	versions := 0
	for address := range at.inventory(ctx) {
		id := strings.ToLower(address)
		there[id] = true
		if strings.Contains(id, " version ") {
			versions++
		}
		_, known := said[id]
		_, old := before[address]
		if !known && !old && !comesAlong(id) {
			at.verdict.lies = append(at.verdict.lies, "cctui does not know of "+address)
		}
	}
	for id, state := range said {
		if state == "made" && strings.HasPrefix(id, "/subscriptions/") && !there[id] && !strings.Contains(id, "contoso-") {
			at.verdict.lies = append(at.verdict.lies, "there is no "+id)
		}
	}
	if versions > 1 && !at.verdict.storm.renews() {
		at.verdict.duplicates = append(at.verdict.duplicates, fmt.Sprintf("the key has %d versions", versions))
	}
}

// comesAlong tells what comes and goes with something else: what is inside a cluster or a vault, what
// a cluster makes for itself, and a deleted vault, which is the vault's last state.
func comesAlong(id string) bool {
	return !strings.HasPrefix(id, "/subscriptions/") || strings.Contains(id, "/deletedvaults/") ||
		strings.Contains(id, "/resourcegroups/mc_") || strings.HasSuffix(id, "/agentpools/system")
}

// status is what cctui status says.
func (at *visit) status(ctx context.Context) (all []actions.Status) {
	var out, errs bytes.Buffer
	p := &program{in: strings.NewReader(""), out: &out, err: &errs, getenv: func(name string) string {
		if strings.HasPrefix(name, "XDG_") {
			return at.state
		}
		return ""
	}}
	if code := run(ctx, p, []string{"status", "--output", "json"}); code != actions.ExitDone {
		at.t.Fatalf("status: exit %d\n%s", code, errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		at.t.Fatal(err)
	}
	return all
}

// leaveNothing cleans up and looks what is left. What the storm made of the world may need a second try.
func (at *visit) leaveNothing(ctx context.Context, before inventory) {
	var last actions.Result
	for range 2 {
		if last = at.cctui(ctx, 0, "cleanup", "--yes"); last.Outcome == actions.Succeeded {
			break
		}
	}
	v := at.verdict
	if last.Outcome != actions.Succeeded {
		v.leaks = append(v.leaks, fmt.Sprintf("in good weather, cleanup ended as %v", last.Problem))
	}
	after := at.inventory(ctx)
	for _, address := range slices.Sorted(maps.Keys(after)) {
		if _, known := before[address]; !known && !everyCluster(address) {
			v.leaks = append(v.leaks, "after the cleanup there is still "+address)
		}
	}
}

// everyCluster tells what is in every cluster, and in the existing one as soon as it was looked at.
func everyCluster(address string) bool {
	return strings.Contains(address, "/kube-") || strings.HasSuffix(address, "//default") || strings.Contains(address, "/default/") ||
		strings.HasSuffix(address, "/cluster-admin")
}

// goroutinesOf are the goroutines that a storm began and that do not end.
func goroutinesOf(name string) []string {
	const grace = 20 * time.Second // connections that nobody uses any more end by themselves
	var left []string
	for end := time.Now().Add(grace); ; time.Sleep(100 * time.Millisecond) {
		var text bytes.Buffer
		_ = pprof.Lookup("goroutine").WriteTo(&text, 1) // into memory
		left = nil
		for _, stack := range strings.Split(text.String(), "\n\n") {
			if strings.Contains(stack, strconv.Quote(name)) {
				left = append(left, "a goroutine goes on: "+stack)
			}
		}
		if len(left) == 0 || time.Now().After(end) {
			return left
		}
	}
}
