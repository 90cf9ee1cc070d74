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

// read waits for data; what was written before the end is read first.
func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.abandoned:
			return 0, net.ErrClosed
		case s.reading.passed():
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

// write waits while the window is full, so that a slow reader slows its writer.
func (s *stream) write(p []byte) (written int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.finished:
			return written, net.ErrClosed
		case s.abandoned:
			return written, io.ErrClosedPipe
		case s.writing.passed():
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

// finish is the writer closing.
func (s *stream) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished = true
	s.changed.Broadcast()
}

// abandon is the reader closing: nobody will read what is left.
func (s *stream) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned, s.data = true, nil
	s.changed.Broadcast()
}

// deadline is when a stream is no longer waited for.
type deadline struct {
	changed *sync.Cond
	at      time.Time
	timer   *time.Timer
}

// passed asks the clock, because the timer only wakes who waits, and may be a moment late.
func (d *deadline) passed() bool {
	return !d.at.IsZero() && !time.Now().Before(d.at)
}

func (d *deadline) set(at time.Time) {
	d.changed.L.Lock()
	defer d.changed.L.Unlock()
	d.at = at
	if d.timer != nil {
		d.timer.Stop()
	}
	if !at.IsZero() {
		d.timer = time.AfterFunc(time.Until(at), d.wake)
	}
	d.changed.Broadcast()
}

func (d *deadline) wake() {
	d.changed.L.Lock()
	defer d.changed.L.Unlock()
	d.changed.Broadcast()
}
