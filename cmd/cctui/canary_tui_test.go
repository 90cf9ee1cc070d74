//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/cctui/cctui/actions"
)

// No screen shows a secret, nor do the log of the screens and the support bundle hold one; nor what the
// program writes when it is made to crash.
func TestNoScreenShowsASecret(t *testing.T) {
	c := newCanaries()
	p := serve(t, build(t), c.around)
	c.add("client secret", p.sandbox.Endpoints().ClientSecret)
	dir := t.TempDir()
	t.Chdir(dir) // where the bundle is written
	screen := onTerminal(t, p.state, p.program, "--sandbox")
	left := map[string][]byte{}
	see := func(text string) {
		screen.await(text)
		screen.mu.Lock()
		defer screen.mu.Unlock()
		left[fmt.Sprintf("screen %d, %s", len(left), text)] = []byte(ansi.Strip(string(screen.bytes)))
	}
	see("walkthrough 0/")
	screen.press("a")
	see("p presents it")
	// Escape is none of them: with the key after it, it would be taken for another one.
	for _, key := range []string{"p", "p", "?", "?", "l", "l", "\t", "\t", "\t", "\t", "\t", "\t"} {
		screen.press(key)
		select {
		case <-screen.drawn:
		case <-time.After(lost):
			t.Fatalf("after %q nothing was drawn", key)
		}
		screen.mu.Lock()
		left[fmt.Sprintf("screen %d, after %q", len(left), key)] = []byte(ansi.Strip(string(screen.bytes)))
		screen.mu.Unlock()
	}
	screen.press("b")
	see("Support bundle, secrets removed")
	if err := screen.program.Process.Signal(syscall.SIGQUIT); err != nil { // Go's own way to crash, with all goroutines
		t.Fatal(err)
	}
	_ = screen.program.Wait()
	screen.mu.Lock()
	left["what the crash says"] = bytes.Clone(screen.bytes)
	screen.mu.Unlock()
	for path, content := range filesIn(t, p.state, string(p.discovery())) {
		left[path] = content
	}
	bundle := bundled(t, dir)
	for name, content := range bundle {
		left["bundle's "+name] = content
	}
	if len(bundle["events.jsonl"]) == 0 || !bytes.Contains(bundle["events.jsonl"], []byte(actions.Succeeded)) {
		t.Errorf("the bundle holds no events: %d files", len(bundle))
	}
	t.Logf("looked for %d secrets in %d places", len(c.secrets), len(left))
	c.absentFrom(t, left)
}

// bundled is what is in the support bundle of a folder, which nobody else may read.
func bundled(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "cctui-support-*.zip"))
	if err != nil || len(found) != 1 {
		t.Fatalf("bundles: %v, %v", found, err)
	}
	if info, err := os.Stat(found[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the bundle has mode %v, %v", info.Mode(), err)
	}
	archive, err := zip.OpenReader(found[0])
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	content := map[string][]byte{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if content[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
	}
	if len(content) < 4 || strings.Contains(string(content["status.json"]), "token\":") {
		t.Errorf("%d files; the status holds resume tokens", len(content))
	}
	return content
}
