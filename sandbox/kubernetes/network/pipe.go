// Package network is the network of the sandbox's pods: connections in memory, which nothing
// outside of the process can reach. It knows addresses and ports, not pods nor services.
package network

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// window is how much may be written ahead of the reader, in bytes, as TCP would let it.
const window = 64 << 10

// Pipe is a pair of connected connections. Unlike net.Pipe's they hold what was written until it
// is read, because protocols that talk in both directions at once rely on that.
func Pipe(near, far net.Addr) (net.Conn, net.Conn) {
	there, back := newStream(), newStream()
	return &conn{in: back, out: there, local: near, remote: far},
		&conn{in: there, out: back, local: far, remote: near}
}

type conn struct {
	in, out       *stream
	local, remote net.Addr
}

func (c *conn) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *conn) Write(p []byte) (int, error) { return c.out.write(p) }
func (c *conn) LocalAddr() net.Addr         { return c.local }
func (c *conn) RemoteAddr() net.Addr        { return c.remote }

func (c *conn) Close() error {
	c.out.finish()
	c.in.abandon()
	return nil
}

// CloseWrite tells the other end that nothing more will come.
func (c *conn) CloseWrite() error {
	c.out.finish()
	return nil
}

func (c *conn) SetDeadline(t time.Time) error {
	c.in.reading.set(t)
	c.out.writing.set(t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.reading.set(t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.writing.set(t)
	return nil
}

// stream is one direction of a pipe.
type stream struct {
	mu               sync.Mutex
	changed          *sync.Cond
	data             []byte
	finished         bool // by the writer: what is left may be read
	abandoned        bool // by the reader
	reading, writing deadline
}

func newStream() *stream {
	s := &stream{}
	s.changed = sync.NewCond(&s.mu)
	s.reading.changed, s.writing.changed = s.changed, s.changed
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.abandoned:
			return 0, net.ErrClosed
		case s.reading.passed:
			return 0, os.ErrDeadlineExceeded
		case len(s.data) > 0:
			n := copy(p, s.data)
			s.data = s.data[n:]
			s.changed.Broadcast()
			return n, nil
		case s.finished:
			return 0, io.EOF
		case len(p) == 0:
			return 0, nil
		}
		s.changed.Wait()
	}
}

func (s *stream) write(p []byte) (written int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.finished:
			return written, net.ErrClosed
		case s.abandoned:
			return written, io.ErrClosedPipe
		case s.writing.passed:
			return written, os.ErrDeadlineExceeded
		}
		n := min(window-len(s.data), len(p)-written)
		s.data = append(s.data, p[written:written+n]...)
		written += n
		s.changed.Broadcast()
		if written == len(p) {
			return written, nil
		}
		s.changed.Wait()
	}
}

func (s *stream) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished = true
	s.changed.Broadcast()
}

func (s *stream) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned, s.data = true, nil
	s.changed.Broadcast()
}

// deadline wakes who waits for a stream when its time has come.
type deadline struct {
	changed *sync.Cond
	timer   *time.Timer
	passed  bool
}

func (d *deadline) set(t time.Time) {
	d.changed.L.Lock()
	defer d.changed.L.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.passed = !t.IsZero() && !time.Now().Before(t)
	if !t.IsZero() && !d.passed {
		var timer *time.Timer
		timer = time.AfterFunc(time.Until(t), func() {
			d.changed.L.Lock()
			defer d.changed.L.Unlock()
			if d.timer == timer { // it may have been set anew while this waited for the lock
				d.passed = true
				d.changed.Broadcast()
			}
		})
		d.timer = timer
	}
	d.changed.Broadcast()
}
