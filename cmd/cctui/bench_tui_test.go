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
)

// BenchmarkFirstFrame is how long the screens take to be there, sandbox and sign-in included; beside
// it an editor that everybody knows.
func BenchmarkFirstFrame(b *testing.B) {
	b.Run("start", func(b *testing.B) { measureFrames(b, built(b), nil, startText) })
	b.Run("sandbox", func(b *testing.B) {
		measureFrames(b, built(b), []string{"--sandbox"}, "Starting Azure", firstStep)
	})
	b.Run("vim", func(b *testing.B) {
		vim, err := exec.LookPath("vim")
		if err != nil {
			b.Skip("NOT MEASURED: there is no vim")
		}
		measureFrames(b, vim, nil, "VIM - Vi IMproved")
	})
}

// measureFrames reports when each text was drawn, from the start of the program on.
func measureFrames(b *testing.B, program string, args []string, texts ...string) {
	took := map[string][]float64{}
	for b.Loop() {
		t := onTerminal(b, b.TempDir(), program, args...)
		for _, text := range texts {
			took[text] = append(took[text], milliseconds(t.await(text).Sub(t.started)))
		}
		t.close()
	}
	b.ReportMetric(median(took[texts[0]]), "median-ms/first-frame")
	b.ReportMetric(median(took[texts[len(texts)-1]]), "median-ms/useful-frame")
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
	began, spent, frames := time.Now(), t.processor(), t.drawnFrames()
	for b.Loop() {
		time.Sleep(10 * time.Second)
	}
	b.ReportMetric(100*float64(t.processor()-spent)/float64(time.Since(began)), "%cpu")
	b.ReportMetric(float64(t.drawnFrames()-frames)/time.Since(began).Seconds(), "frames/s")
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
// that is there between a producer and the screen, and how soon they follow a key meanwhile. An operation
// is 20 s of records, and then 100 keys.
func BenchmarkLivePane(b *testing.B) {
	state := b.TempDir()
	topic := servedSandbox(b, state)
	t := onTerminal(b, state, built(b), "--sandbox")
	defer t.close()
	t.await("There is a run to go on with")
	t.press("\r")
	t.await("log of kafka-golang") // what a lane is read from
	written := topic.start(b, rate)
	time.Sleep(5 * time.Second) // until buffers have the size that they keep

	var spent, watched time.Duration
	var frames int
	var records int64
	var keys, memory []float64
	for b.Loop() {
		began, spentBefore, framesBefore, writtenBefore := time.Now(), t.processor(), t.drawnFrames(), written()
		time.Sleep(flowing)
		watched += time.Since(began)
		spent += t.processor() - spentBefore
		frames += t.drawnFrames() - framesBefore
		records += written() - writtenBefore
		memory = append(memory, t.memory())
		for range presses {
			pressed := t.press("\t") // the next screen, whose title is the window's
			keys = append(keys, milliseconds(t.await("\x1b]2;cctui").Sub(pressed)))
			time.Sleep(rest + rand.N(frame)) // not in step with the frames
		}
	}
	b.ReportMetric(float64(records)/watched.Seconds(), "records/s")
	b.ReportMetric(100*spent.Seconds()/watched.Seconds(), "%cpu")
	b.ReportMetric(float64(frames)/watched.Seconds(), "frames/s")
	b.ReportMetric(memory[len(memory)-1], "MiB")
	b.ReportMetric(memory[len(memory)-1]/memory[0], "MiB-last/first")
	b.ReportMetric(median(keys), "median-ms/key")
	b.ReportMetric(quantile(keys, 0.99), "p99-ms/key")
}
