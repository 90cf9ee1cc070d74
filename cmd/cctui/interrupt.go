package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/cctui/cctui/actions"
)

// interruptible ends the context at the first Ctrl+C, so that what is under way is recorded and
// told. The second one leaves at once: the journal is already on disk.
func (p *program) interruptible(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			fmt.Fprintln(p.err, "\nInterrupted: finishing what must not be cut short. Again to leave at once.")
			cancel()
		case <-ctx.Done():
		}
		if _, again := <-signals; again {
			fmt.Fprintln(p.err, "\nLeft at once. What was begun in Azure goes on there: cctui status lists it, the same command goes on with it, cctui cleanup removes it.")
			p.leave(actions.ExitInterrupted)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}
