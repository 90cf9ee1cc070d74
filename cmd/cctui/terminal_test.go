//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// lost is how long the terminal waits for what ought to be drawn within milliseconds.
const lost = 30 * time.Second

// terminal is a pseudo terminal of 120x40 with a program on it. It takes what the program draws as
// fast as that comes, and answers no question.
type terminal struct {
	testing.TB
	program *exec.Cmd
	end     *os.File // the terminal's own
	started time.Time
	drawn   chan struct{} // holds a token while something new is there

	mu     sync.Mutex
	bytes  []byte // drawn since the last key
	frames int    // drawn in all
	latest time.Time
}

// onTerminal starts a program, with a state of its own where it is cctui.
func onTerminal(tb testing.TB, state, name string, args ...string) *terminal {
	tb.Helper()
	end, line, err := openTerminal(unix.Winsize{Col: 120, Row: 40})
	if err != nil {
		tb.Fatal(err)
	}
	defer line.Close()
	command := exec.Command(name, args...)
	command.Env = append(os.Environ(), "TERM=xterm-256color", "XDG_STATE_HOME="+state, "XDG_CONFIG_HOME="+state)
	command.Stdin, command.Stdout, command.Stderr = line, line, line
	command.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	t := &terminal{TB: tb, program: command, end: end, started: time.Now(), drawn: make(chan struct{}, 1)}
	if err := command.Start(); err != nil {
		tb.Fatal(err)
	}
	go t.read()
	return t
}

// openTerminal makes a pseudo terminal: the terminal's end, and the line to it. Source: pts(4).
func openTerminal(size unix.Winsize) (end, line *os.File, err error) {
	if end, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		return nil, nil, err
	}
	raw, err := end.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	var number uint32
	var errNumber, errLock, errSize error
	err = raw.Control(func(fd uintptr) {
		number, errNumber = unix.IoctlGetUint32(int(fd), unix.TIOCGPTN)
		errLock = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		errSize = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &size)
	})
	if err = errors.Join(err, errNumber, errLock, errSize); err != nil {
		return nil, nil, err
	}
	line, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	return end, line, err
}

// between is the least time between two frames: a frame can arrive in pieces.
const between = 10 * time.Millisecond

func (t *terminal) read() {
	piece := make([]byte, 64<<10)
	for {
		n, err := t.end.Read(piece)
		if err != nil {
			return // the program ended
		}
		t.take(piece[:n], time.Now())
	}
}

func (t *terminal) take(piece []byte, at time.Time) {
	t.mu.Lock()
	if at.Sub(t.latest) > between {
		t.frames++
	}
	t.bytes, t.latest = append(t.bytes, piece...), at
	t.mu.Unlock()
	select {
	case t.drawn <- struct{}{}:
	default:
	}
}

// press types keys, and tells when. What was drawn before is forgotten.
func (t *terminal) press(keys string) time.Time {
	t.Helper()
	t.forget()
	at := time.Now()
	if _, err := t.end.WriteString(keys); err != nil {
		t.Fatal(err)
	}
	return at
}

func (t *terminal) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes = nil
}

// await is when a text was drawn. What does not change is not drawn again.
func (t *terminal) await(text string) time.Time {
	t.Helper()
	for patience := time.After(lost); ; {
		t.mu.Lock()
		found, at, drawn := bytes.Contains(t.bytes, []byte(text)), t.latest, t.bytes
		t.mu.Unlock()
		if found {
			return at
		}
		select {
		case <-t.drawn:
		case <-patience:
			t.Fatalf("%q was not drawn, but %q", text, drawn[max(0, len(drawn)-4<<10):])
		}
	}
}

// drawnFrames is how many frames there have been.
func (t *terminal) drawnFrames() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.frames
}

// processor is the time that the program has spent on processors. Source: clock_getcpuclockid(3).
func (t *terminal) processor() time.Duration {
	t.Helper()
	const process = 2
	var spent unix.Timespec
	if err := unix.ClockGettime(int32(^t.program.Process.Pid<<3|process), &spent); err != nil {
		t.Fatal(err)
	}
	return time.Duration(spent.Nano())
}

// memory is the program's resident set, in MiB. Source: proc_pid_statm(5).
func (t *terminal) memory() float64 {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", t.program.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var size, resident int
	if _, err := fmt.Sscan(string(content), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return float64(resident*os.Getpagesize()) / (1 << 20)
}

// close asks the program to end, so that it can tidy up.
func (t *terminal) close() {
	_ = t.program.Process.Signal(unix.SIGTERM)
	timer := time.AfterFunc(lost, func() { _ = t.program.Process.Kill() })
	defer timer.Stop()
	_ = t.program.Wait()
	_ = t.end.Close()
}

// built is the program as make build makes it.
func built(tb testing.TB) string {
	tb.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "bin", "cctui"))
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := exec.LookPath(path); err != nil {
		tb.Skip("NOT MEASURED: build it first, with make build")
	}
	return path
}
