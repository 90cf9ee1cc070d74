package images

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// levels of logrus, the most talkative first.
var levels = []string{"trace", "debug", "info", "warning", "error", "fatal", "panic"}

// logger writes as logrus does with neither timestamps nor quotes: level=info msg=Starting.
type logger struct {
	mu    sync.Mutex
	to    io.Writer
	level int // index of levels
}

// newLogger fails on a level that logrus does not know.
func newLogger(to io.Writer, level string) (*logger, error) {
	level = strings.ToLower(level)
	if level == "warn" {
		level = "warning"
	}
	i := slices.Index(levels, level)
	if i < 0 {
		return nil, fmt.Errorf("not a valid logrus Level: %q", level)
	}
	return &logger{to: to, level: i}, nil
}

func (l *logger) print(level, format string, args ...any) {
	if slices.Index(levels, level) < l.level {
		return
	}
	l.line("level=%s msg=%s", level, fmt.Sprintf(format, args...))
}

// line writes without a level.
func (l *logger) line(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = fmt.Fprintf(l.to, format+"\n", args...)
}

func (l *logger) debug(format string, args ...any) { l.print("debug", format, args...) }
func (l *logger) info(format string, args ...any)  { l.print("info", format, args...) }

// fatal logs an error and returns it: the program ends with it.
func (l *logger) fatal(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	l.print("fatal", "%v", err)
	return err
}
