package tui

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/cctui/cctui/actions"
)

// passes lets a message pass all lanes.
func (s *show) passes(text string, own bool) {
	now := s.now()
	s.engine.live <- actions.LiveEvent{
		Records: []actions.LiveRecord{
			{At: now, Lane: actions.LaneBroker, Offset: 7, Text: "q8Zk1vX0bGFzdCBvZiBpdA==", Size: 512, Reading: actions.ReadCiphertext, Own: own},
			{At: now, Lane: actions.LaneConfidential, Offset: 7, Text: text, Size: len(text), Reading: actions.ReadPlaintext},
			{At: now, Lane: actions.LaneOrdinary, Offset: 7, Text: "q8Zk1vX0bGFzdCBvZiBpdA==", Size: 512, Reading: actions.ReadCiphertext},
		},
		Sources: map[actions.Lane]actions.Source{
			actions.LaneBroker: {State: actions.SourceTopic}, actions.LaneConfidential: {State: actions.SourceLog}, actions.LaneOrdinary: {State: actions.SourceLog},
		},
	}
	s.clock.Store(s.now().Add(time.Second))
	s.send(nil)
}

func TestMessagesAreFollowedOnceThereIsAKafka(t *testing.T) {
	onStage(t, 120, 40, func(s *show) {
		s.press("p")
		s.sees("p: there are no messages before Kafka runs")
		s.press("a")
		s.play("succeeded", nil)
		s.passes("Msg 7: Ola, mundo", false)
		s.sees("live", "Msg 7: Ola, mundo")
		s.press("p")
		s.sees("IN THE ATTESTED POD", "m send", "t try")
	})
}

func TestAMessageTypedOnStageIsSent(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.press("a")
		s.play("succeeded", nil)
		s.press("p", "m", "enter")
		s.sees("The message is empty.")
		s.typeText("hello")
		s.press("enter")
		s.sees("Sent, encrypted: Msg 1: hello")
		if !slices.Contains(s.engine.asked, "send hello") {
			t.Errorf("asked for %q", s.engine.asked)
		}
	})
}

func TestAnExperimentShowsItsRefusalAndIsPutBack(t *testing.T) {
	onStage(t, 120, 40, func(s *show) {
		s.press("a")
		s.play("succeeded", nil)
		s.press("p", "t", "2")
		s.sees("Change one byte of the security policy", "Refused: The measurement is another.", "u put back")
		s.press("t")
		s.sees("t: an experiment is applied; u puts it back")
		s.press("u")
		s.sees("Everything is as it was")
		if want := []string{"all", "apply policy-drift", "restore"}; !slices.Equal(s.engine.asked, want) {
			t.Errorf("asked for %q, want %q", s.engine.asked, want)
		}
	})
}

func TestLeavingRemindsOfABrokenConsumer(t *testing.T) {
	onStage(t, 80, 24, func(s *show) {
		s.press("a")
		s.play("succeeded", nil)
		s.press("p", "t", "1", "q")
		s.sees("An experiment is still applied")
		s.press("2")
		if !s.quit || s.engine.applied != "" {
			t.Errorf("quit %v, applied %q", s.quit, s.engine.applied)
		}
	})
}

func TestTheCleanupEndsFollowing(t *testing.T) {
	onStage(t, 120, 40, func(s *show) {
		s.press("a")
		s.play("succeeded", nil)
		s.engine.status = madeSome(s.engine.inputs)
		s.send(s.m.reread()())
		s.press("c", "enter")
		s.typeText("cctui-7f3a01")
		s.press("enter")
		s.play("cleaned", nil)
		if s.m.unwatch != nil {
			t.Error("the messages of what is removed are still followed")
		}
	})
}

func TestPresenting(t *testing.T) {
	for _, size := range sizes {
		t.Run(size.String(), func(t *testing.T) {
			onStage(t, size.width, size.height, func(s *show) {
				s.press("a")
				s.play("succeeded", nil)
				s.passes("Msg 7: Ola, mundo", true)
				s.press("p", "t")
				golden.RequireEqual(s.t, []byte(s.screen()+"\n"))
			})
		})
	}
}

func TestAnExperimentThatFailsShowsWhy(t *testing.T) {
	onStage(t, 120, 40, func(s *show) {
		s.press("a")
		s.play("succeeded", nil)
		s.engine.failed = errors.New("flux \x1b[31mcapacitor\x1b[0m")
		s.press("p", "t", "1")
		s.sees("It did not come to a refusal.", "Something failed that cctui does not know. flux capacitor", "u puts everything back.")
		s.press("u")
		s.sees("Not put back.", "flux capacitor")
		s.engine.failed = nil
		s.press("u")
		s.sees("Everything is as it was")
	})
}
