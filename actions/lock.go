package actions

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// The holder tells of itself in a file of its own: on Windows nobody else may read a locked one.
const (
	lockFile   = "lock"
	holderFile = "lock.holder"
)

// lock keeps other processes off a state directory. The system drops it when the process dies.
type lock struct {
	dir  string
	file *flock.Flock
}

type holder struct {
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// LockedError is a run that another process is at work on.
type LockedError struct {
	PID   int // 0: unknown
	Since time.Time
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return "another cctui is at work on this run"
	}
	return fmt.Sprintf("another cctui (process %d) is at work on this run since %s", e.PID, e.Since.Local().Format(time.DateTime))
}

func acquire(dir string) (*lock, error) {
	l := &lock{dir: dir, file: flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(journalMode))}
	ok, err := l.file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the journal: %w", err)
	}
	if !ok {
		h := l.holder()
		if !alive(h.PID) {
			h = holder{} // the file is still its predecessor's, who was killed
		}
		return nil, &LockedError{PID: h.PID, Since: h.Since}
	}
	data, err := json.Marshal(holder{PID: os.Getpid(), Since: time.Now()})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, holderFile), data, journalMode)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the journal: %w", err), l.file.Unlock())
	}
	return l, nil
}

// holder is the zero value where the file cannot be read: it only makes the message better.
func (l *lock) holder() (h holder) {
	data, err := os.ReadFile(filepath.Join(l.dir, holderFile))
	if err != nil || json.Unmarshal(data, &h) != nil {
		return holder{}
	}
	return h
}

// alive tells whether there is a process of that number.
func alive(pid int) bool {
	process, err := os.FindProcess(pid)
	if err != nil || pid <= 0 {
		return false
	}
	defer process.Release()
	if runtime.GOOS == "windows" {
		return true // there, it is found only while it lives
	}
	err = process.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, fs.ErrPermission)
}

func (l *lock) release() error {
	err := os.Remove(filepath.Join(l.dir, holderFile))
	return errors.Join(err, l.file.Unlock())
}
