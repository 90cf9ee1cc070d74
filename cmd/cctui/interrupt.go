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
	p.answer()
	cancel()
	drain(signals)
	if _, again := <-signals; !again {
		return
	}
	if s := p.screens.Load(); s != nil {
		s.abandon()
		<-s.gone
	}
	p.farewell()
	p.leave(actions.ExitInterrupted)
}

// answer tells of the first interrupt. Over screens nothing can be told: they say it themselves.
func (p *program) answer() {
	if p.screens.Load() != nil {
		return
	}
	said := "Interrupted: finishing what must not be cut short. Again to leave at once."
	if parting := p.parting.Load(); parting != nil {
		said = *parting
	}
	fmt.Fprintln(p.err, "\n"+said)
}

// screens is what draws on the terminal.
type screens struct {
	abandon func()        // has the terminal given back at once
	gone    chan struct{} // closed when it has been
}

// draw runs what draws on the terminal, with a context that ends when the terminal is wanted back at once.
func (p *program) draw(ctx context.Context, run func(abandoned context.Context) error) error {
	abandoned, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	s := &screens{abandon: abandon, gone: make(chan struct{})}
	p.screens.Store(s)
	err := run(abandoned)
	p.screens.Store(nil)
	if ctx.Err() != nil {
		fmt.Fprintln(p.err, "Ended by a signal.")
	}
	close(s.gone)
	return err
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
