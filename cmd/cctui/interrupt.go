package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cctui/cctui/actions"
)

// interruptible ends the context at the first Ctrl+C, so that what is under way is recorded and
// told. The second one leaves at once: the journal is already on disk.
func (p *program) interruptible(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP) // HUP: the terminal was closed
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.heed(signals, cancel)
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		<-ended
		cancel()
	}
}

// heed returns when the channel is closed.
func (p *program) heed(signals <-chan os.Signal, cancel func()) {
	if _, interrupted := <-signals; !interrupted {
		return
	}
	fmt.Fprintln(p.err, "\nInterrupted: finishing what must not be cut short. Again to leave at once.")
	cancel()
	drain(signals)
	if _, again := <-signals; again {
		p.farewell()
		p.leave(actions.ExitInterrupted)
	}
}

// farewell tells what stays behind, by the journal: there is no time to ask anybody.
func (p *program) farewell() {
	fmt.Fprintln(p.err, "\nLeft at once.")
	journal := p.journal.Load()
	if journal == nil {
		return
	}
	for _, r := range journal.Status(actions.Steps()).Made {
		fmt.Fprintf(p.err, "  %-9s %s\n", r.State, r.Resource)
	}
	fmt.Fprintln(p.err, "What was begun in Azure goes on there. The same command goes on with it, cctui cleanup removes it.")
}

// echo is within what time signals count as one: timeout(1) and terminals signal a process and its
// whole group.
const echo = 300 * time.Millisecond

func drain(signals <-chan os.Signal) {
	for end := time.After(echo); ; {
		select {
		case _, open := <-signals:
			if !open {
				return
			}
		case <-end:
			return
		}
	}
}
