package actions

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// heldBy leaves the file that a process which was killed leaves behind.
func heldBy(t *testing.T, dir string, pid int) {
	t.Helper()
	content := fmt.Appendf(nil, `{"pid":%d,"since":"2026-01-02T03:04:05Z"}`, pid)
	if err := os.WriteFile(filepath.Join(dir, holderFile), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// ended is the number of a process that is no more.
func ended(t *testing.T) int {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^$")
	if err := command.Run(); err != nil {
		t.Fatal(err)
	}
	return command.Process.Pid
}

// The system drops the lock of a process that dies, and numbers of processes are used again: what the
// file says keeps nobody out.
func TestALockOfTheDeadIsTakenOver(t *testing.T) {
	for name, pid := range map[string]int{"nobody has the number now": ended(t), "another program has the number now": os.Getppid(), "no number": -1} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			heldBy(t, dir, pid)
			openJournal(t, dir)
			_, err := Open(dir)
			var locked *LockedError
			if !errors.As(err, &locked) || locked.PID != os.Getpid() || locked.Since.Year() == 2026 && locked.Since.Month() == 1 {
				t.Errorf("the next one is told %v", err)
			}
		})
	}
}

// Who has just taken the lock of a dead process may not have said so yet.
func TestNobodyIsToldOfADeadHolder(t *testing.T) {
	dir := t.TempDir()
	openJournal(t, dir)
	heldBy(t, dir, ended(t))
	_, err := Open(dir)
	var locked *LockedError
	if !errors.As(err, &locked) || locked.PID != 0 || !locked.Since.IsZero() {
		t.Errorf("told %v", err)
	}
}
