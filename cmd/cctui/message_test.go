package main

import (
	"testing"

	"github.com/cctui/cctui/kafka"
)

// The producer gets its message by a variable, in which Kubernetes replaces $(NAME) and $$.
func TestAMessageArrivesAsItWasGiven(t *testing.T) {
	const message = " $$5 of  $(TOPIC), and $HOME "
	code, last, lines := walkthroughInSandbox(t, "--message", message)
	if _, text, ok := kafka.ParseMessage(last.Message); code != 0 || !ok || text != message {
		t.Errorf("exit %d, %q\n%s", code, last.Message, lines)
	}
}
