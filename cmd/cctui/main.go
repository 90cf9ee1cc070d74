// Command cctui takes an operator from an Azure subscription to a decrypted Kafka message, and
// shows why it could be decrypted.
//
// This package is flags and wiring: it knows where choices come from, where the walkthrough
// happens, and who shows it. What the walkthrough does is in package actions.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"golang.org/x/term"

	"github.com/cctui/cctui/actions"
)

func main() {
	os.Exit(run(context.Background(), system(), os.Args[1:]))
}

// program is what the commands know of the process they run in.
type program struct {
	in            io.Reader
	out, err      io.Writer // results, and progress
	inTerminal    bool
	outTerminal   bool
	errTerminal   bool
	getenv        func(string) string
	leave         func(code int)
	configFlag    string
	alreadyToldIt bool // the error the command ends with was shown
	// journal is that of the walkthrough under way, for who leaves in the middle of it.
	journal atomic.Pointer[actions.Journal]
	screens atomic.Pointer[screens] // nil: nobody draws on the terminal
	// parting is what the first interrupt is answered with; nil: that what is under way is finished.
	parting atomic.Pointer[string]
}

func system() *program {
	return &program{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		inTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		outTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		errTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		getenv:      os.Getenv,
		leave:       os.Exit,
	}
}

// run is the program; its result is the exit code.
func run(ctx context.Context, p *program, args []string) int {
	ctx, stop := p.interruptible(ctx)
	defer stop()
	root := p.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !p.alreadyToldIt {
		fmt.Fprintln(p.err, "cctui:", err)
	}
	if ctx.Err() != nil && err != nil {
		return actions.ExitInterrupted
	}
	return actions.ExitCode(err)
}
