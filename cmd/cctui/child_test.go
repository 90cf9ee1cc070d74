package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/sandbox"
)

// childTime is what a child may take at most: one that hangs is a failure, not a wait.
const childTime = 2 * time.Minute

// programDir lasts as long as the tests of this package.
var programDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "cctui-test-")
	if err != nil {
		panic(err)
	}
	programDir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// realProgram is the real program, made once for all tests: to link it takes longer than most of them.
var realProgram = sync.OnceValues(func() (string, error) {
	program := filepath.Join(programDir, "cctui")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if said, err := exec.Command("go", "build", "-trimpath", "-o", program, ".").CombinedOutput(); err != nil {
		return program, fmt.Errorf("%w\n%s", err, said)
	}
	return program, nil
})

// build makes the real program, as make build does.
func build(t testing.TB) (program string) {
	t.Helper()
	program, err := realProgram()
	if err != nil {
		t.Fatalf("build cctui: %v", err)
	}
	return program
}

// place is a sandbox in this process, and a state directory by which processes of cctui find it.
type place struct {
	program string
	state   string // XDG_STATE_HOME
	sandbox *sandbox.Sandbox
}

// readyKey is one that every vault of these tests hands out: to make it takes longer than all the rest.
var readyKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 3072) })

func ready(int) (*rsa.PrivateKey, error) { return readyKey() }

// serve does what cctui sandbox does, in this process: the test knows every request.
func serve(t testing.TB, program string, around func(http.Handler) http.Handler) *place {
	t.Helper()
	served, err := sandbox.Start(t.Context(), sandbox.Options{Around: around, Generate: ready})
	if err != nil {
		t.Fatal(err)
	}
	p := &place{program: program, state: t.TempDir(), sandbox: served}
	t.Cleanup(func() {
		if err := p.sandbox.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := p.discovery().announce(served.Endpoints()); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) discovery() discovery { return discovery(filepath.Join(p.state, "cctui", "sandbox")) }

// journal is the directory of the run in the sandbox.
func (p *place) journal() string {
	return filepath.Join(p.state, "cctui", "sandbox-"+p.sandbox.Endpoints().ID)
}

// environment is that of a user who has nothing but the sandbox.
func (p *place) environment() []string {
	return []string{"HOME=" + p.state, "PATH=" + os.Getenv("PATH"), "XDG_STATE_HOME=" + p.state, "XDG_CONFIG_HOME=" + p.state}
}

// child is a process of cctui.
type child struct {
	command *exec.Cmd
	out     bytes.Buffer
	err     bytes.Buffer
	ended   chan struct{}
}

// start begins a process of cctui that finds the sandbox.
func (p *place) start(t testing.TB, args ...string) *child {
	t.Helper()
	return p.startWatched(t, func([]byte) {}, args...)
}

// watched tells each line that is written.
type watched struct {
	io.Writer
	line func([]byte)
	part []byte
}

func (w *watched) Write(text []byte) (int, error) {
	w.part = append(w.part, text...)
	for {
		line, rest, whole := bytes.Cut(w.part, []byte("\n"))
		if !whole {
			return w.Writer.Write(text)
		}
		w.line(line)
		w.part = rest
	}
}

// startWatched is start, with an ear for each line on standard output.
func (p *place) startWatched(t testing.TB, line func([]byte), args ...string) *child {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), childTime)
	c := &child{command: exec.CommandContext(ctx, p.program, args...), ended: make(chan struct{})}
	c.command.Env = p.environment()
	c.command.Stdout, c.command.Stderr = &watched{Writer: &c.out, line: line}, &c.err
	if err := c.command.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	go func() {
		defer cancel()
		defer close(c.ended)
		_ = c.command.Wait() // the exit code tells
	}()
	return c
}

// kill is SIGKILL; it returns when the process is no more.
func (c *child) kill() {
	_ = c.command.Process.Kill() // it may have ended by itself
	<-c.ended
}

// end waits for the process to end by itself.
func (c *child) end() outcome {
	<-c.ended
	return outcome{c.command.ProcessState.ExitCode(), c.out.String(), c.err.String()}
}

// recorded is what a journal says, as a reader of the file would see it.
type recorded struct {
	Run       string
	Outputs   map[string]any
	Resources []struct {
		actions.Resource
		State string
		Token string
	}
}

// recorded is the newer of the two files, and empty where nothing was written yet. One of them may be torn.
func (p *place) recorded(t testing.TB) recorded {
	t.Helper()
	var newest struct {
		Sequence int
		Journal  recorded
	}
	torn := 0
	for _, name := range []string{"journal.json", "journal.json.bak"} {
		text, err := os.ReadFile(filepath.Join(p.journal(), name))
		if os.IsNotExist(err) {
			continue
		}
		found := newest
		found.Journal = recorded{}
		if json.Unmarshal(text, &found) != nil {
			torn++
		} else if found.Sequence > newest.Sequence {
			newest = found
		}
	}
	if torn == 2 {
		t.Error("both files of the journal are torn")
	}
	return newest.Journal
}
