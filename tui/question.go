package tui

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"
)

// Question is something only the user can decide, while a place opens.
type Question struct {
	Title   string
	Text    string
	Answers []Answer
}

// Answer is one of the answers to a question.
type Answer struct{ Label, About string }

// errNobody tells that the program ended before the question was answered.
var errNobody = errors.New("nobody answered")

// asked is a question, and where the answer goes, by its number. The channel has room for it.
type asked struct {
	Question
	reply chan<- int
}

// Choose puts a question to the user and waits for the answer.
func (s *stream) Choose(ctx context.Context, q Question) (int, error) {
	reply := make(chan int, 1)
	s.send(asked{q, reply})
	select {
	case i := <-reply:
		return i, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-s.ended:
		return 0, errNobody
	}
}

// ask shows a question in the place of the dialog that stands there, which then comes back.
func (m *Model) ask(q asked) {
	before := m.dialog
	c := &choice{title: oneLine(q.Title), text: []string{q.Text}, dismiss: m.end, away: "leave"}
	for i, a := range q.Answers {
		c.answers = append(c.answers, answer{a.Label, a.About, func() (dialog, tea.Cmd) {
			return before, func() tea.Msg { q.reply <- i; return nil }
		}})
	}
	m.dialog = c
}
