package kubernetes

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// logLimit bounds what is kept of a container's log, in bytes; the oldest lines go first.
const logLimit = 1 << 20

// containerLogs are the logs of a container: of its present run, and of the one before.
type containerLogs struct{ current, previous *logBuffer }

type logLine struct {
	at   time.Time
	text []byte // with its newline
}

// logBuffer holds the end of a log, and lets many follow it.
type logBuffer struct {
	mu      sync.Mutex
	discard bool // the pod's policy denies reading
	lines   []logLine
	dropped int // how many lines went before lines[0]
	size    int
	partial []byte
	closed  bool
	changed chan struct{}
}

// newLog begins a log for a run of a container; that of the last run becomes the previous one.
func (p *podRun) newLog(container string) *logBuffer {
	log := &logBuffer{changed: make(chan struct{}), discard: p.policy != nil && !p.policy.AllowsLogs()}
	p.mu.Lock()
	defer p.mu.Unlock()
	logs := p.containers[container]
	if logs == nil {
		logs = &containerLogs{}
		p.containers[container] = logs
	}
	logs.previous, logs.current = logs.current, log
	return log
}

// Write takes the output of a program.
func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.discard {
		return len(p), nil
	}
	l.partial = append(l.partial, p...)
	for {
		i := bytes.IndexByte(l.partial, '\n')
		if i < 0 && len(l.partial) < logLimit {
			break
		}
		if i < 0 {
			i = len(l.partial) - 1
		}
		l.append(l.partial[:i+1])
		l.partial = l.partial[i+1:]
	}
	return len(p), nil
}

// append needs the lock.
func (l *logBuffer) append(line []byte) {
	l.lines = append(l.lines, logLine{time.Now(), bytes.Clone(line)})
	l.size += len(line)
	for l.size > logLimit && len(l.lines) > 1 {
		l.size -= len(l.lines[0].text)
		l.lines = l.lines[1:]
		l.dropped++
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// close ends the log: a last line without its end is completed, and who follows is let go.
func (l *logBuffer) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.partial) > 0 {
		l.append(append(l.partial, '\n'))
	}
	l.closed = true
	close(l.changed)
	l.changed = make(chan struct{})
}

// from returns the lines from a number on, the next number, and when there may be more.
func (l *logBuffer) from(number int) (lines []logLine, next int, changed <-chan struct{}, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := l.dropped + len(l.lines)
	if number < end {
		lines = append(lines, l.lines[max(0, number-l.dropped):]...)
	}
	return lines, end, l.changed, l.closed
}

// podLog serves the log of a container.
func (c *Cluster) podLog(w http.ResponseWriter, r *request) error {
	log, err := c.findLog(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain")
	query := r.URL.Query()
	lines, next, changed, closed := log.from(0)
	if tail, err := strconv.Atoi(query.Get("tailLines")); err == nil && tail >= 0 {
		lines = lines[max(0, len(lines)-tail):]
	}
	budget := int64(-1)
	if limit, err := strconv.ParseInt(query.Get("limitBytes"), 10, 64); err == nil {
		budget = limit
	}
	controller := http.NewResponseController(w)
	for {
		for _, line := range lines {
			if budget = writeLine(w, line, query.Get("timestamps") == "true", budget); budget == 0 {
				return nil
			}
		}
		if query.Get("follow") != "true" || closed {
			return nil
		}
		if controller.Flush() != nil {
			return nil // the client has gone
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return nil
		}
		lines, next, changed, closed = log.from(next)
	}
}

// writeLine writes a line within a budget of bytes, and returns what is left of it; less than
// nothing is no limit.
func writeLine(w http.ResponseWriter, line logLine, stamp bool, budget int64) int64 {
	text := line.text
	if stamp {
		text = append([]byte(line.at.UTC().Format(time.RFC3339Nano)+" "), text...)
	}
	if budget < 0 {
		_, _ = w.Write(text)
		return budget
	}
	text = text[:min(int64(len(text)), budget)]
	_, _ = w.Write(text)
	return budget - int64(len(text))
}

// findLog words what is missing as the kubelet does, because clients show it to people.
func (c *Cluster) findLog(r *request) (*logBuffer, error) {
	object := c.store.Get(podsKey, r.namespace, r.name)
	if object == nil {
		return nil, r.notFound()
	}
	var pod corev1.Pod
	if err := fromObject(object, &pod); err != nil {
		return nil, err
	}
	name, err := containerName(r, &pod)
	if err != nil {
		return nil, err
	}
	var logs containerLogs
	if run := c.running(r.namespace, r.name); run != nil {
		run.mu.Lock()
		if found := run.containers[name]; found != nil {
			logs = *found
		}
		run.mu.Unlock()
	}
	log, missing := logs.current, "is waiting to start: ContainerCreating"
	if r.URL.Query().Get("previous") == "true" {
		log, missing = logs.previous, "previous terminated container not found"
	}
	if log == nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("container %q in pod %q %s", name, pod.Name, missing))
	}
	return log, nil
}

// containerName is the container meant: the only one, where none is named.
func containerName(r *request, pod *corev1.Pod) (string, error) {
	var names []string
	for _, spec := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
		names = append(names, spec.Name)
	}
	wanted := r.URL.Query().Get("container")
	if wanted == "" && len(names) == 1 {
		return names[0], nil
	}
	if wanted == "" {
		return "", apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s, choose one of: [%s]", pod.Name, strings.Join(names, " ")))
	}
	for _, name := range names {
		if name == wanted {
			return name, nil
		}
	}
	return "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", wanted, pod.Name))
}
