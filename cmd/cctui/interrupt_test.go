package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cctui/cctui/actions"
)

// interrupted gives a program signals, each after a pause, and tells what it did.
func interrupted(t *testing.T, pauses ...time.Duration) (cancelled bool, left int, told string) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		var out bytes.Buffer
		p := &program{err: &out, leave: func(code int) { left = code }}
		p.journal.Store(actions.NewJournal())
		signals := make(chan os.Signal)
		var sender sync.WaitGroup
		sender.Go(func() {
			for _, pause := range pauses {
				time.Sleep(pause)
				signals <- os.Interrupt
			}
			time.Sleep(time.Second)
			close(signals)
		})
		p.heed(signals, func() { cancelled = true })
		sender.Wait()
		told = out.String()
	})
	return cancelled, left, told
}

func TestTheFirstInterruptCancelsAndTheSecondLeaves(t *testing.T) {
	if cancelled, left, told := interrupted(t); cancelled || left != 0 || told != "" {
		t.Errorf("without a signal: cancelled %v, left with %d, told %q", cancelled, left, told)
	}
	if cancelled, left, _ := interrupted(t, time.Second); !cancelled || left != 0 {
		t.Errorf("after one: cancelled %v, left with %d", cancelled, left)
	}
	if _, left, told := interrupted(t, time.Second, time.Second); left != actions.ExitInterrupted || !strings.Contains(told, "cctui cleanup") {
		t.Errorf("after two: left with %d, told %q", left, told)
	}
}

func TestASignalAndItsEchoAreOne(t *testing.T) {
	if cancelled, left, _ := interrupted(t, time.Second, time.Millisecond); !cancelled || left != 0 {
		t.Errorf("cancelled %v, left with %d", cancelled, left)
	}
}

// Over screens nothing is printed; the second interrupt waits until the terminal has been given back.
func TestScreensAreLeftBeforeAnythingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		left := 0
		p := &program{err: &out, leave: func(code int) { left = code }}
		signals := make(chan os.Signal)
		ctx, cancel := context.WithCancel(t.Context())
		drawn := make(chan error, 1)
		go func() {
			drawn <- p.draw(ctx, func(abandoned context.Context) error {
				<-abandoned.Done()
				if out.Len() > 0 {
					t.Errorf("told over the screens: %q", out.String())
				}
				return context.Cause(abandoned)
			})
		}()
		synctest.Wait()
		go func() {
			defer close(signals)
			for range 2 {
				signals <- os.Interrupt
				time.Sleep(time.Second)
			}
		}()
		p.heed(signals, cancel)
		time.Sleep(time.Minute) // the sender comes to its end
		if err := <-drawn; err == nil || left != actions.ExitInterrupted {
			t.Errorf("drawn %v, left with %d", err, left)
		}
		if !strings.Contains(out.String(), "Ended by a signal.") || !strings.Contains(out.String(), "Left at once.") {
			t.Errorf("told %q", out.String())
		}
	})
}

func TestTheServedSandboxSaysThatItHasEnded(t *testing.T) {
	var out bytes.Buffer
	p := &program{err: &out}
	ended := "The sandbox has ended."
	p.parting.Store(&ended)
	p.answer()
	if out.String() != "\nThe sandbox has ended.\n" {
		t.Errorf("told %q", out.String())
	}
}
