//go:build linux

package main

import (
	"math/rand/v2"
	"os/exec"
	"slices"
	"testing"
	"time"
)

// What is on the screen where one chooses a place, and once it is open.
const (
	startText = "Confidential containers, from nothing"
	firstStep = "Sign in and choose the subscription"
	// firstCommand is known when the place is open.
	firstCommand = "az login"
)

// BenchmarkFirstFrame is how long the screens take to be there, and then to be of use, sandbox and
// sign-in included; beside it an editor that everybody knows.
func BenchmarkFirstFrame(b *testing.B) {
	b.Run("start", func(b *testing.B) { measureFrames(b, built(b), nil, drawn{"first-frame", startText}) })
	b.Run("sandbox", func(b *testing.B) {
		measureFrames(b, built(b), []string{"--sandbox"}, drawn{"first-frame", "Starting Azure"}, drawn{"steps", firstStep}, drawn{"open", firstCommand})
	})
	b.Run("vim", func(b *testing.B) {
		vim, err := exec.LookPath("vim")
		if err != nil {
			b.Skip("NOT MEASURED: there is no vim")
		}
		measureFrames(b, vim, nil, drawn{"first-frame", "VIM - Vi IMproved"})
	})
}

// drawn is a text that tells that something is on the screen.
type drawn struct{ what, text string }

// measureFrames reports when each was drawn, from the start of the program on.
func measureFrames(b *testing.B, program string, args []string, all ...drawn) {
	took := map[string][]float64{}
	for b.Loop() {
		t := onTerminal(b, b.TempDir(), program, args...)
		for _, d := range all {
			took[d.what] = append(took[d.what], milliseconds(t.await(d.text).Sub(t.started)))
		}
		t.close()
	}
	for what, times := range took {
		b.ReportMetric(median(times), "median-ms/"+what)
	}
}

// BenchmarkIdle is what the screens cost while nothing happens: where one chooses a place, and in one, which
// is a sandbox in the same process. An operation is 10 s.
func BenchmarkIdle(b *testing.B) {
	b.Run("start", func(b *testing.B) { measureIdle(b, startText) })
	b.Run("sandbox", func(b *testing.B) { measureIdle(b, firstStep, "--sandbox") })
}

func measureIdle(b *testing.B, text string, args ...string) {
	t := onTerminal(b, b.TempDir(), built(b), args...)
	defer t.close()
	t.await(text)
	time.Sleep(3 * time.Second) // until what the start left behind is done
	var idle spent
	for b.Loop() {
		idle.add(t, func() { time.Sleep(10 * time.Second) })
	}
	b.ReportMetric(idle.share(), "%cpu")
	b.ReportMetric(float64(idle.frames)/idle.time.Seconds(), "frames/s")
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

func median(values []float64) float64 { return quantile(values, 0.5) }

func quantile(values []float64, q float64) float64 {
	slices.Sort(values)
	return values[int(q*float64(len(values)-1)+0.5)]
}

const (
	rate    = 1000 // records a second
	flowing = 20 * time.Second
	presses = 100 // with a rest in between, for somebody who looks
	rest    = 200 * time.Millisecond
	frame   = time.Second / 30
)

// BenchmarkLivePane is what the screens cost while records come in by the thousand, through everything
// that is there between a producer and the screen, and how soon they follow a key meanwhile. The sandbox and
// the producer are other processes. An operation is 20 s of records, and then 100 keys. Before each, cat
// is typed at: how long a program takes that has nothing to do, on this machine and meanwhile.
func BenchmarkLivePane(b *testing.B) {
	state := b.TempDir()
	topic := servedSandbox(b, state)
	t := onTerminal(b, state, built(b), "--sandbox")
	defer t.close()
	t.await("There is a run to go on with")
	t.press("\r")
	t.await("key released") // by what the consumer shows
	written := topic.start(b, rate)
	time.Sleep(5 * time.Second) // until buffers have the size that they keep

	var watched, pressed spent
	var records int64
	var keys, cats, memory []float64
	cat := onTerminal(b, state, "sh", "-c", "stty raw -echo && echo ready && exec cat")
	defer cat.close()
	cat.await("ready")
	for b.Loop() {
		before := written()
		watched.add(t, func() { time.Sleep(flowing) })
		records += written() - before
		memory = append(memory, t.memory())
		pressed.add(t, func() {
			for range presses {
				at := cat.press("x")
				cats = append(cats, milliseconds(cat.await("x").Sub(at)))
				at = t.press("\t") // the next screen, whose title is the window's
				keys = append(keys, milliseconds(t.await("\x1b]2;cctui").Sub(at)))
				time.Sleep(rest + rand.N(frame)) // not in step with the frames
			}
		})
	}
	b.ReportMetric(float64(records)/watched.time.Seconds(), "records/s")
	b.ReportMetric(watched.share(), "%cpu")
	b.ReportMetric(pressed.share(), "%cpu-with-keys")
	b.ReportMetric(float64(watched.frames)/watched.time.Seconds(), "frames/s")
	b.ReportMetric(memory[len(memory)-1], "MiB")
	b.ReportMetric(memory[len(memory)-1]/memory[0], "MiB-last/first")
	b.ReportMetric(median(keys), "median-ms/key")
	b.ReportMetric(quantile(keys, 0.99), "p99-ms/key")
	b.ReportMetric(median(cats), "median-ms/cat")
	b.ReportMetric(quantile(cats, 0.99), "p99-ms/cat")
}

// spent is what a program on a terminal took in some time.
type spent struct {
	time, processor time.Duration
	frames          int
}

// add counts what it takes while something is done.
func (s *spent) add(t *terminal, do func()) {
	began, processor, frames := time.Now(), t.processor(), t.drawnFrames()
	do()
	s.time += time.Since(began)
	s.processor += t.processor() - processor
	s.frames += t.drawnFrames() - frames
}

// share is how much of a core it took, in percent.
func (s *spent) share() float64 { return 100 * s.processor.Seconds() / s.time.Seconds() }
