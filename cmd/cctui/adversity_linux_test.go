package main

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cctui/cctui/actions"
)

// volume mounts a small file system of its own on the journal's directory. Only root may.
func (p *place) volume(t *testing.T, size string) {
	t.Helper()
	if err := os.MkdirAll(p.journal(), 0o700); err != nil {
		t.Fatal(err)
	}
	err := unix.Mount("tmpfs", p.journal(), "tmpfs", 0, "mode=0700,size="+size)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skip("NOT RUN: only root may mount a file system")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(p.journal(), unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

func (p *place) remount(t *testing.T, flags uintptr, size string) {
	t.Helper()
	if err := unix.Mount("tmpfs", p.journal(), "tmpfs", unix.MS_REMOUNT|flags, "size="+size); err != nil {
		t.Fatal(err)
	}
}

// Before anything is begun, the disk has no room for the journal. With room, the same command finishes.
func TestADiskThatIsFull(t *testing.T) {
	p := serve(t, "", nil)
	p.volume(t, "96k") // one of its two files fits
	p.refused(t, "disk-full", "no space left on device", "writes down what it makes")
	if made := p.inventory(t); len(made) > 0 {
		t.Errorf("it made %v", made)
	}
	p.remount(t, 0, "10m")
	p.finish(t)
	complete(t, p.inventory(t))
}

// The disk fills in the middle of the run, which has had its room from the start.
func TestADiskThatFillsMeanwhile(t *testing.T) {
	var p *place
	fill := sync.OnceValue(func() error {
		return os.WriteFile(filepath.Join(p.journal(), "film"), make([]byte, 2<<20), 0o600)
	})
	p = serve(t, "", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && !errors.Is(fill(), unix.ENOSPC) {
				t.Errorf("the disk is not full: %v", fill())
			}
			next.ServeHTTP(w, r)
		})
	})
	p.volume(t, "1m")
	_, first := p.finish(t)
	complete(t, p.inventory(t))
	if _, again := p.finish(t); again.Run != first.Run {
		t.Errorf("run %s after %s", again.Run, first.Run)
	}
}

// Where nothing can be written down, nothing is begun.
func TestAStateDirectoryThatIsReadOnly(t *testing.T) {
	door := &door{}
	p := serve(t, "", door.around)
	p.volume(t, "1m")
	p.remount(t, unix.MS_RDONLY, "1m")
	p.refused(t, "state-read-only", p.journal(), "read-only file system")
	if made := p.inventory(t); len(made) > 0 {
		t.Errorf("it made %v", made)
	}
}

// It becomes so in the middle: what exists can still be told, and is gone on with afterwards.
func TestAStateDirectoryThatBecomesReadOnly(t *testing.T) {
	p := serve(t, "", nil)
	p.volume(t, "1m")
	_, first := p.finish(t)
	p.remount(t, unix.MS_RDONLY, "1m")
	p.refused(t, "state-read-only", "read-only file system")
	if told := p.call(t, "status"); told.code != actions.ExitDone {
		t.Errorf("status: exit %d, %s", told.code, told.err)
	}
	p.remount(t, 0, "1m")
	if _, again := p.finish(t); again.Run != first.Run {
		t.Errorf("run %s after %s", again.Run, first.Run)
	}
}
