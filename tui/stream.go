package tui

import (
	"sync"

	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

// stream brings what the engine tells to the program. Nothing is lost and nobody is kept waiting:
// what comes faster than it can be shown arrives as one batch.
type stream struct {
	ready chan struct{} // holds a token while the queue is not empty
	ended chan struct{}

	mu    sync.Mutex
	queue []tea.Msg
}

// batch are messages in the order in which they were sent.
type batch []tea.Msg

// happened is an event of the walkthrough.
type happened struct{ actions.Event }

// told is a word for the user.
type told string

func newStream() *stream {
	return &stream{ready: make(chan struct{}, 1), ended: make(chan struct{})}
}

// end is told by the one who listens, when nothing more is wanted.
func (s *stream) end() {
	select {
	case <-s.ended:
	default:
		close(s.ended)
	}
}

// Emit takes an event.
func (s *stream) Emit(e actions.Event) { s.send(happened{e}) }

// Tell takes a word for the user.
func (s *stream) Tell(text string) { s.send(told(text)) }

func (s *stream) send(msg tea.Msg) {
	s.mu.Lock()
	s.queue = append(s.queue, msg)
	s.mu.Unlock()
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// next is a command that waits for the next batch. What runs is heard to its end, also when it was
// cancelled: only end ends it.
func (s *stream) next() tea.Msg {
	select {
	case <-s.ready:
		return s.take()
	case <-s.ended:
		return nil
	}
}

func (s *stream) take() batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.queue
	s.queue = nil
	return taken
}
