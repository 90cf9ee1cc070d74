package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cctui/cctui/kafka"
)

// Sent is a message that Send put on the topic.
type Sent struct {
	Text       string // as the attested consumer will show it
	Ciphertext string // as it lies on the broker
}

// Send encrypts a message with the public key and puts it on the topic. Its way can be followed
// in the lanes: on the broker it is marked as the program's own. A message that does not fit under
// the key is refused before anything is sent.
func (w *Walkthrough) Send(ctx context.Context, text string) (Sent, error) {
	text = strings.Join(strings.Fields(Sanitize(text, maxLogText)), " ") // a line break would break the consumer's log
	if text == "" {
		return Sent{}, errors.New("there is nothing to send: the message is empty")
	}
	key := w.Outputs().PublicKey
	if key == "" {
		return Sent{}, errors.New("there is no public key yet: run the walkthrough up to the step public-key first")
	}
	n := w.sent.number()
	plaintext := kafka.FormatMessage(n, text)
	if over := len(plaintext) - kafka.MaxMessage; over > 0 {
		return Sent{}, fmt.Errorf("the message is %d bytes too long: with its %q at most %d fit under the key", over, kafka.FormatMessage(n, ""), kafka.MaxMessage)
	}
	value, err := kafka.Encrypt(key, n, text)
	if err != nil {
		return Sent{}, err
	}
	c, err := w.topic(ctx)
	if err != nil {
		return Sent{}, fmt.Errorf("send the message: %w", err)
	}
	w.sent.note(Sent{plaintext, string(value)}) // first, for the tail may be faster than the answer
	if err := w.options.Adapters.Topic.Produce(ctx, c, value); err != nil {
		return Sent{}, fmt.Errorf("send the message: %w", err)
	}
	return Sent{Text: plaintext, Ciphertext: string(value)}, nil
}

// maxSent is how many own messages are recognised on the broker.
const maxSent = 64

// sentMessages recognises the program's own messages.
type sentMessages struct {
	mu    sync.Mutex
	count int
	all   []Sent
}

// number is the next message's.
func (s *sentMessages) number() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	return s.count
}

func (s *sentMessages) note(m Sent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all[max(0, len(s.all)+1-maxSent):], m)
}

// has tells whether a value on the topic is one of them.
func (s *sentMessages) has(value string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.all, func(m Sent) bool { return m.Ciphertext == value })
}

// ciphertext is what one that reads so lies on the broker as; empty where none does.
func (s *sentMessages) ciphertext(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.all {
		if m.Text == text {
			return m.Ciphertext
		}
	}
	return ""
}
