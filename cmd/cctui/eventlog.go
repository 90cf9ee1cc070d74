package main

import (
	"errors"
	"os"
	"path/filepath"
	"sync"

	"github.com/cctui/cctui/actions"
)

// maxLog bounds the log of one run of the program, in bytes.
const maxLog = 16 << 20

// eventLog is the file with the events of the interactive program, as --output json would print them:
// what a screen shows is gone when the program is. It begins anew each time.
type eventLog struct {
	path string

	mu      sync.Mutex
	file    *os.File
	written int
	err     error // the first one; after it, nothing is written
}

// before writes every event, and then hands it on.
func (l *eventLog) before(emit func(actions.Event)) func(actions.Event) {
	return func(e actions.Event) {
		l.write(e)
		emit(e)
	}
}

func (l *eventLog) write(e actions.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line, err := actions.EncodeEvent(e)
	if l.err = errors.Join(l.err, err); l.err != nil || l.written > maxLog {
		return
	}
	if l.file == nil {
		if l.err = l.create(); l.err != nil {
			return
		}
	}
	n, err := l.file.Write(append(line, '\n'))
	l.written, l.err = l.written+n, err
}

func (l *eventLog) create() (err error) {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return err
	}
	l.file, err = os.OpenFile(l.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	return err
}

func (l *eventLog) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	file := l.file
	l.file = nil
	return file.Close()
}
