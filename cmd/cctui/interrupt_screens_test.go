//go:build linux

package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cctui/cctui/actions"
)

// The run is left while the cluster is being made: by Ctrl+C, which asks, and by SIGTERM, which does not.
func TestScreensAreLeftInTheMiddleOfARunThatGoesOn(t *testing.T) {
	program := build(t)
	for name, leave := range map[string]func(*terminal){
		"Ctrl+C": func(on *terminal) {
			on.press("\x03")
			on.await("Leave while")
			on.press("\x03")
		},
		"SIGTERM": func(on *terminal) {
			if err := on.program.Process.Signal(unix.SIGTERM); err != nil {
				on.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			begun, held := make(chan struct{}), make(chan struct{})
			once, release := sync.OnceFunc(func() { close(begun) }), sync.OnceFunc(func() { close(held) })
			defer release()
			p := serve(t, program, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/managedClusters/") {
						once()
						<-held
					}
					next.ServeHTTP(w, r)
				})
			})
			on := onTerminal(t, p.state, program, "--sandbox")
			on.await("az login") // the sandbox is open, and keys are heard
			on.press("a")
			select {
			case <-begun:
			case <-time.After(lost):
				on.await("nothing of the cluster")
			}
			leave(on)
			_ = on.program.Wait() // the exit code tells
			if code := on.program.ProcessState.ExitCode(); code != actions.ExitInterrupted {
				t.Errorf("exit %d", code)
			}
			for _, want := range []string{"cluster cctui-", "cctui cleanup"} {
				on.await(want)
			}
			release()
			ended := p.start(t, commandOf(false)...).end()
			if result := ended.result(t); ended.code != actions.ExitDone {
				t.Fatalf("resumed: exit %d, %+v\n%s", ended.code, result.Problem, ended.err)
			}
			complete(t, p.inventory(t))
		})
	}
}
