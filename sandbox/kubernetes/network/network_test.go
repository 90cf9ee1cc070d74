package network

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var here, there = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")

func TestWhatIsWrittenIsReadInOrder(t *testing.T) {
	near, far := Pipe(nil, nil)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 3*window/16)
	go func() {
		near.Write(sent)
		near.Close()
	}()
	got, err := io.ReadAll(far)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes, %v; want the %d that were sent", len(got), err, len(sent))
	}
}

func TestBothEndsMayWriteBeforeTheyRead(t *testing.T) {
	near, far := Pipe(nil, nil)
	for _, end := range []net.Conn{near, far} {
		if _, err := end.Write(make([]byte, window)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDeadlinesPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _ := Pipe(nil, nil)
		near.SetDeadline(time.Now().Add(time.Minute))
		began := time.Now()
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read = %v, want the deadline", err)
		}
		if _, err := near.Write(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write = %v, want the deadline", err)
		}
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("waited %s, want a minute", waited)
		}
		near.SetDeadline(time.Time{})
		if _, err := near.Write(make([]byte, 1)); err != nil {
			t.Errorf("write without a deadline = %v", err)
		}
	})
}

func TestADeadlineThatIsMovedDoesNotPassBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _ := Pipe(nil, nil)
		near.SetReadDeadline(time.Now().Add(time.Second))
		near.SetReadDeadline(time.Now().Add(time.Hour))
		began := time.Now()
		near.Read(make([]byte, 1))
		if waited := time.Since(began); waited != time.Hour {
			t.Errorf("waited %s, want an hour", waited)
		}
	})
}

func TestClosingEndsBothEnds(t *testing.T) {
	near, far := Pipe(nil, nil)
	near.Close()
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read = %v, want EOF", err)
	}
	if _, err := far.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("write = %v, want a closed pipe", err)
	}
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read of the closed end = %v, want net.ErrClosed", err)
	}
}

func TestHostsReachEachOtherByPort(t *testing.T) {
	n := New()
	listener, err := n.Listen(there, 80)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Listen(there, 80); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("second listener = %v, want address in use", err)
	}
	near, err := n.Dial(t.Context(), here, there, 80)
	if err != nil {
		t.Fatal(err)
	}
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if far.RemoteAddr().String() != near.LocalAddr().String() {
		t.Errorf("remote = %s, want %s", far.RemoteAddr(), near.LocalAddr())
	}
	if _, err := n.Dial(t.Context(), here, there, 81); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial of a closed port = %v, want it refused", err)
	}
}

func TestAHostThatIsRemovedHangsUp(t *testing.T) {
	n := New()
	listener, err := n.Listen(there, 80)
	if err != nil {
		t.Fatal(err)
	}
	accepted, waiting := dial(t, n), dial(t, n)
	if _, err := listener.Accept(); err != nil {
		t.Fatal(err)
	}
	n.Remove(there)
	for name, conn := range map[string]net.Conn{"accepted": accepted, "waiting": waiting} {
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: read = %v, want EOF", name, err)
		}
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept = %v, want net.ErrClosed", err)
	}
	if _, err := n.Dial(context.Background(), here, there, 80); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial = %v, want it refused", err)
	}
}

func dial(t *testing.T, n *Network) net.Conn {
	t.Helper()
	conn, err := n.Dial(t.Context(), here, there, 80)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
