//go:build unix

package main

import (
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/cctui/cctui/actions"
)

// scale shrinks Azure's typical durations: an hour becomes 72 seconds.
const scale = "0.02"

// BenchmarkSandboxRun is the whole walkthrough as a process of its own: wall clock, processor and memory.
func BenchmarkSandboxRun(b *testing.B) { measure(b, "--auto", "--sandbox") }

// BenchmarkVersion is how long the program takes to start and end.
func BenchmarkVersion(b *testing.B) { measure(b, "version") }

func measure(b *testing.B, args ...string) {
	program, err := filepath.Abs(filepath.Join("..", "..", "bin", "cctui"))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := exec.LookPath(program); err != nil {
		b.Skip("NOT MEASURED: build it first, with make build")
	}
	var processor time.Duration
	var peak int64
	for b.Loop() {
		command := exec.Command(program, args...)
		if output, err := command.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, output)
		}
		processor += command.ProcessState.UserTime() + command.ProcessState.SystemTime()
		peak = max(peak, peakMemory(command.ProcessState.SysUsage()))
	}
	b.ReportMetric(float64(processor.Milliseconds())/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
}

// peakMemory is the resident set at its largest, in bytes; Linux counts it in KiB, macOS in bytes. A
// process inherits the peak of the one that started it, so that nothing below this one's shows.
func peakMemory(usage any) int64 {
	counted, ok := usage.(*syscall.Rusage)
	switch {
	case !ok:
		return 0
	case runtime.GOOS == "linux":
		return counted.Maxrss << 10
	}
	return counted.Maxrss
}

// BenchmarkMakespan compares how long the walkthrough takes with the shortest that its graph allows,
// and with one step after the other, as the article has it. All three are of the same run.
func BenchmarkMakespan(b *testing.B) {
	for b.Loop() {
		events := recordWalkthrough(b, "--sandbox-profile", "azure", "--sandbox-scale", scale)
		durations, makespan := stepDurations(events)
		steps := actions.Steps()
		b.ReportMetric(makespan.Seconds(), "s/makespan")
		b.ReportMetric(makespan.Seconds()/actions.CriticalPath(steps, durations).Seconds(), "makespan/critical-path")
		b.ReportMetric(actions.SerialTime(steps, durations).Seconds()/makespan.Seconds(), "serial/makespan")
	}
}

// recordWalkthrough runs the walkthrough in this process and returns its events.
func recordWalkthrough(b *testing.B, args ...string) []actions.Event {
	b.Helper()
	var out bytes.Buffer
	state := b.TempDir()
	p := &program{in: &bytes.Buffer{}, out: &out, err: io.Discard, leave: func(int) {}, getenv: func(name string) string {
		if name == "XDG_STATE_HOME" || name == "XDG_CONFIG_HOME" {
			return state
		}
		return ""
	}}
	if code := run(b.Context(), p, append([]string{"--auto", "--sandbox", "--output", "json"}, args...)); code != actions.ExitDone {
		b.Fatalf("exit %d: %s", code, out.String())
	}
	var events []actions.Event
	for line := range bytes.Lines(out.Bytes()) {
		event, err := actions.DecodeEvent(line)
		if err != nil {
			b.Fatal(err)
		}
		events = append(events, event)
	}
	return events
}

// stepDurations are how long each step ran, and how long it took from the first to the last.
func stepDurations(events []actions.Event) (map[string]time.Duration, time.Duration) {
	started, durations := map[string]time.Time{}, map[string]time.Duration{}
	var first, last time.Time
	for _, event := range events {
		step, ok := event.(actions.StepChanged)
		if !ok {
			continue
		}
		if first.IsZero() {
			first = step.Time
		}
		if _, seen := started[step.Step]; !seen {
			started[step.Step] = step.Time
		}
		durations[step.Step], last = step.Time.Sub(started[step.Step]), step.Time
	}
	return durations, last.Sub(first)
}
