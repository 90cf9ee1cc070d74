package main

import (
	"os"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// writes watches a directory by inotify(7): what is created, written, closed, renamed and removed there.
type writes struct {
	file  *os.File
	seen  atomic.Int64
	ended chan struct{}
}

// observe calls back when the directory changed for the n-th time, while it may be changing on; never
// where n is 0.
func observe(t *testing.T, dir string, n int, then func()) *writes {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	const changes = unix.IN_CREATE | unix.IN_MODIFY | unix.IN_CLOSE_WRITE | unix.IN_MOVED_TO | unix.IN_DELETE
	if _, err := unix.InotifyAddWatch(fd, dir, changes); err != nil {
		t.Fatal(err)
	}
	w := &writes{file: os.NewFile(uintptr(fd), "inotify"), ended: make(chan struct{})}
	go w.read(n, then)
	return w
}

func (w *writes) read(n int, then func()) {
	defer close(w.ended)
	buffer := make([]byte, 64<<10)
	for {
		length, err := w.file.Read(buffer)
		if err != nil {
			return // stopped
		}
		for at := 0; at < length; {
			event := (*unix.InotifyEvent)(unsafe.Pointer(&buffer[at]))
			at += unix.SizeofInotifyEvent + int(event.Len)
			if int(w.seen.Add(1)) == n {
				then()
			}
		}
	}
}

// stop ends the watching and returns how many changes there were.
func (w *writes) stop() int {
	_ = w.file.Close()
	<-w.ended
	return int(w.seen.Load())
}
