package live

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"github.com/cctui/cctui/actions"
)

// clock is a time that moves only when told.
type clock struct{ at time.Time }

func newClock() *clock { return &clock{time.Date(2026, 3, 14, 15, 9, 26, 0, time.Local)} }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

// secret is what a message looks like to who has no key; always the same for the same number.
func secret(n int) string { return strings.Repeat(fmt.Sprintf("q8Zk%04dvX0/bT+", n), 35)[:512] }

func seen(lane actions.Lane, n int, text string, r actions.Reading) actions.LiveRecord {
	return actions.LiveRecord{Lane: lane, Offset: int64(n), Text: text, Size: len(text), Reading: r}
}

// everywhere is a message as all three lanes show it.
func everywhere(n int, text string) []actions.LiveRecord {
	return []actions.LiveRecord{
		seen(actions.LaneBroker, n, secret(n), actions.ReadCiphertext),
		seen(actions.LaneConfidential, n, fmt.Sprintf("Msg %d: %s", n, text), actions.ReadPlaintext),
		seen(actions.LaneOrdinary, n, secret(n), actions.ReadCiphertext),
	}
}

func running() map[actions.Lane]actions.Source {
	return map[actions.Lane]actions.Source{
		actions.LaneBroker:       {State: actions.SourceTopic, Text: "kafka-demo-topic"},
		actions.LaneConfidential: {State: actions.SourceLog, Text: "log of kafka-golang-consumer"},
		actions.LaneOrdinary:     {State: actions.SourceLog, Text: "log of kafka-golang-consumer-ordinary"},
	}
}

func reason(refused string) *actions.Attestation {
	claims := []string{"iss", "x-ms-attestation-type", claimHostData, "x-ms-compliance-status", "x-ms-sevsnpvm-is-debuggable"}
	a := &actions.Attestation{Claims: map[string]any{claimHostData: strings.Repeat("5c1e", 16)}, Evidence: "token"}
	a.Checks = slices.Grow(a.Checks, len(claims))[:len(claims)]
	for i, claim := range claims {
		a.Checks[i].Claim, a.Checks[i].OK = claim, claim != refused
	}
	return a
}

func released(at time.Time) *actions.LiveAttestation {
	return &actions.LiveAttestation{At: at, Attested: true, Released: true, Reason: reason("")}
}

func refused(at time.Time) *actions.LiveAttestation {
	return &actions.LiveAttestation{At: at, Attested: true, Reason: reason(claimHostData), Problem: drift()}
}

func drift() *actions.Problem {
	return &actions.Problem{
		ID: "policy-drift", Title: "The pod's security policy is not the one the key was made for",
		Why: "The hash of the policy in the running guest is 99f3…, that in the key's release policy is 5c1e….",
	}
}

// pane is one with some messages.
func pane(c *clock, messages int) *Model {
	m := New(c.now)
	e := actions.LiveEvent{Sources: running(), Attestation: released(c.at)}
	for n := range messages {
		e.Records = append(e.Records, everywhere(n, "Azure Confidential Computing")...)
	}
	m.Update(e)
	return m
}

func TestWhatIsDrawn(t *testing.T) {
	c := newClock()
	states := map[string]func() *Model{
		"Empty":   func() *Model { return New(c.now) },
		"Flowing": func() *Model { return pane(c, 60) },
		"Wrapped": func() *Model { m := pane(c, 60); m.Press("w"); return m },
		"Paused": func() *Model {
			m := pane(c, 60)
			m.Press("pgup")
			m.Update(actions.LiveEvent{Records: everywhere(60, "later")})
			return m
		},
		"Filtered": func() *Model { m := pane(c, 60); m.SetFilter("Msg 7:"); return m },
		"Refused": func() *Model {
			m := pane(c, 20)
			records := everywhere(20, "")
			records[1] = seen(actions.LaneConfidential, 20, secret(20), actions.ReadCiphertext)
			m.Update(actions.LiveEvent{Records: records, Attestation: refused(c.at), Dropped: map[actions.Lane]int{actions.LaneBroker: 1234}})
			m.SetStage(Stage{Title: "Change one byte of the security policy", Sees: "A line break more, which means nothing. But the hardware measures the policy.", Problem: drift()})
			return m
		},
		"Asking": func() *Model {
			m := pane(c, 20)
			m.Update(actions.LiveEvent{Attestation: &actions.LiveAttestation{At: c.at, Asking: true}})
			return m
		},
		"Own": func() *Model {
			m := pane(c, 20)
			records := everywhere(20, "Grüße 世界 من المسرح 👩‍🚀")
			records[0].Own = true
			m.Update(actions.LiveEvent{Records: records})
			return m
		},
	}
	for name, make := range states {
		for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 50}} {
			for view, draw := range map[string]func(*Model, int, int) string{"Live": (*Model).View, "Present": (*Model).Present} {
				t.Run(fmt.Sprintf("%s/%s%dx%d", name, view, size[0], size[1]), func(t *testing.T) {
					golden.RequireEqual(t, []byte(ansi.Strip(draw(make(), size[0], size[1]))+"\n"))
				})
			}
		}
	}
}

func TestAMessageIsOneLineInAllLanes(t *testing.T) {
	m := New(newClock().now)
	// The consumers are faster than the tail, and the ordinary one comes first.
	m.Update(actions.LiveEvent{Records: []actions.LiveRecord{
		seen(actions.LaneOrdinary, 7, secret(7), actions.ReadCiphertext),
		seen(actions.LaneConfidential, 7, "Msg 1: hello", actions.ReadPlaintext),
		seen(actions.LaneBroker, 8, secret(8), actions.ReadCiphertext),
		seen(actions.LaneBroker, 7, secret(7), actions.ReadCiphertext),
	}})
	if m.rows.next != 2 {
		t.Fatalf("%d messages", m.rows.next)
	}
	for lane, c := range m.rows.at(0).cells {
		if !c.there {
			t.Errorf("lane %d is empty", lane)
		}
	}
}

// page is a record of a lane that is read from a page, which tells no offsets.
func page(lane actions.Lane, text string, r actions.Reading) actions.LiveRecord {
	return actions.LiveRecord{Lane: lane, Offset: -1, Text: text, Reading: r}
}

func TestWithoutOffsetsOnlyTheCiphertextTells(t *testing.T) {
	m := New(newClock().now)
	m.Update(actions.LiveEvent{Records: []actions.LiveRecord{
		page(actions.LaneOrdinary, secret(2), actions.ReadCiphertext), // before the broker's lane has it
		seen(actions.LaneBroker, 1, secret(1), actions.ReadCiphertext),
		seen(actions.LaneBroker, 2, secret(2), actions.ReadCiphertext),
		page(actions.LaneOrdinary, secret(1), actions.ReadCiphertext),
		page(actions.LaneConfidential, "Msg 3: hello", actions.ReadPlaintext),
		page(actions.LaneOrdinary, secret(9), actions.ReadCiphertext),
	}})
	if m.rows.next != 4 || m.rows.at(0).offset != 2 || m.rows.at(1).offset != 1 {
		t.Fatalf("%d messages: %+v", m.rows.next, m.rows.ring[:4])
	}
	for number := range m.rows.next {
		cells := m.rows.at(number).cells
		if both := number < 2; cells[broker].there != both || both && cells[ordinary].text != cells[broker].text {
			t.Errorf("message %d: %+v", number, cells)
		}
		if cells[confidential].there != (number == 2) {
			t.Errorf("a plaintext stands beside message %d: %+v", number, cells)
		}
	}
}

func TestAnOwnMessageIsKnownOnAPageToo(t *testing.T) {
	shown := page(actions.LaneConfidential, "Msg 1: hello", actions.ReadPlaintext)
	shown.Ciphertext = secret(5)
	onBroker := seen(actions.LaneBroker, 5, secret(5), actions.ReadCiphertext)
	for name, records := range map[string][]actions.LiveRecord{
		"after the broker's lane":  {onBroker, shown},
		"before the broker's lane": {shown, onBroker},
	} {
		m := New(newClock().now)
		m.Update(actions.LiveEvent{Records: everywhere(4, "another")})
		m.Update(actions.LiveEvent{Records: records})
		if r := m.rows.at(1); m.rows.next != 2 || r.offset != 5 || !r.own || !r.cells[confidential].there || !r.cells[broker].there {
			t.Errorf("%s: %d messages, the last %+v", name, m.rows.next, r)
		}
	}
}

func TestOnStageAPageShowsItsNewestMessageAndSaysSo(t *testing.T) {
	c := newClock()
	m := New(c.now)
	sources := running()
	sources[actions.LaneConfidential] = actions.Source{State: actions.SourcePage, Text: "page of consumer"}
	m.Update(actions.LiveEvent{Sources: sources, Records: []actions.LiveRecord{
		page(actions.LaneConfidential, "Msg 2: hello", actions.ReadPlaintext),
		seen(actions.LaneBroker, 7, secret(7), actions.ReadCiphertext),
		seen(actions.LaneOrdinary, 7, secret(7), actions.ReadCiphertext),
	}})
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		text := ansi.Strip(m.Present(size[0], size[1]))
		if !strings.Contains(text, "Msg 2: hello") || !strings.Contains(text, "on its page") {
			t.Errorf("at %d columns:\n%s", size[0], text)
		}
	}
}

func TestMemoryIsBoundedWhateverFlows(t *testing.T) {
	m := New(newClock().now)
	long := strings.Repeat("\x1b[2J世", 1<<20/8)
	for n := range 2 * keptRows {
		var e actions.LiveEvent
		for _, lane := range actions.Lanes() {
			e.Records = append(e.Records, seen(lane, n, long, actions.ReadForeign))
		}
		m.Update(e)
	}
	kept := 0
	for _, r := range m.rows.ring {
		for _, c := range r.cells {
			kept += len(c.text)
		}
	}
	if most := keptRows * len(actions.Lanes()) * maxCell; kept > most || len(m.rows.ring) != keptRows || len(m.rows.places) > keptRows {
		t.Errorf("%d bytes kept in %d messages, %d places; want at most %d bytes", kept, len(m.rows.ring), len(m.rows.places), most)
	}
	fits(t, m.View(80, 24), 80, 24)
	fits(t, m.Present(80, 24), 80, 24)
}

// A consumer that was started anew goes on where its group was, and is behind the others for a while.
func TestALaneThatIsBehindStandsBesideItsOwnMessages(t *testing.T) {
	c := newClock()
	m := pane(c, 0)
	for n := range 12 {
		m.Update(actions.LiveEvent{Records: []actions.LiveRecord{
			seen(actions.LaneBroker, n, secret(n), actions.ReadCiphertext),
			seen(actions.LaneOrdinary, n, secret(n), actions.ReadCiphertext),
		}})
		if n < 5 {
			m.Update(actions.LiveEvent{Records: []actions.LiveRecord{seen(actions.LaneConfidential, n, secret(n), actions.ReadCiphertext)}})
		}
	}
	m.spot = spotlight{number: 11, since: c.at, lit: true}
	shown := 0
	for _, line := range strings.Split(ansi.Strip(m.Present(160, 50)), "\n") {
		lanes := strings.Split(line, bar)
		if len(lanes) == 3 && strings.HasPrefix(lanes[confidential], "✗ ") {
			shown++
			if text := lanes[confidential][4:16]; !strings.Contains(lanes[broker], text) || !strings.Contains(lanes[ordinary], text) {
				t.Errorf("a text beside another message: %s", line)
			}
		}
	}
	if shown != 5 {
		t.Errorf("%d messages are shown", shown)
	}
}

func TestACiphertextNeverStandsBesideAnother(t *testing.T) {
	m := New(newClock().now)
	m.Update(actions.LiveEvent{Records: []actions.LiveRecord{
		seen(actions.LaneBroker, 0, secret(1), actions.ReadCiphertext),
		seen(actions.LaneOrdinary, 0, secret(2), actions.ReadCiphertext), // of a topic that was made anew
		seen(actions.LaneBroker, 0, secret(2), actions.ReadCiphertext),
	}})
	if m.rows.next != 2 || m.rows.at(0).cells[ordinary].there || m.rows.at(1).cells[broker].text != secret(2) {
		t.Errorf("%d messages: %+v", m.rows.next, m.rows.ring[:2])
	}
}

func TestATopicMadeAnewBeginsNewMessages(t *testing.T) {
	m := New(newClock().now)
	for _, text := range []string{secret(1), secret(2)} {
		m.Update(actions.LiveEvent{Records: []actions.LiveRecord{seen(actions.LaneBroker, 0, text, actions.ReadCiphertext)}})
	}
	if m.rows.next != 2 || m.rows.at(0).cells[broker].text == m.rows.at(1).cells[broker].text {
		t.Errorf("%d messages", m.rows.next)
	}
}

func TestFollowingPausesOnScrollAndSaysHowManyAreNew(t *testing.T) {
	c := newClock()
	m := pane(c, 100)
	m.Press("up")
	m.Update(actions.LiveEvent{Records: append(everywhere(100, "a"), everywhere(101, "b")...)})
	c.pass(redraw)
	if text := ansi.Strip(m.View(120, 20)); !strings.Contains(text, "paused, 2 new") || strings.Contains(text, "#100") || !strings.Contains(text, "#98 ") {
		t.Errorf("the window moved:\n%s", text)
	}
	if !m.Press("f") || !strings.Contains(m.View(120, 20), "#101") {
		t.Errorf("it does not follow again:\n%s", m.View(120, 20))
	}
	if m.Press("f") || Keys()[0].Refuse(m) == "" {
		t.Error("follow is offered where it follows already")
	}
}

func TestAPausedWindowOutlivesItsMessages(t *testing.T) {
	m := pane(newClock(), 10)
	m.Press("home")
	for n := range 3 * keptRows {
		m.Update(actions.LiveEvent{Records: everywhere(n+10, "x")})
	}
	if text := ansi.Strip(m.View(120, 10)); !strings.Contains(text, "#") {
		t.Errorf("nothing is shown:\n%s", text)
	}
	if len(m.rows.places) > keptRows {
		t.Errorf("%d places are remembered", len(m.rows.places))
	}
}

func TestTheFilterIsTyped(t *testing.T) {
	c := newClock()
	m := pane(c, 30)
	for _, key := range []string{"/", "m", "s", "g", "space", "2", "x", "backspace", "7", "enter"} {
		if !m.Press(key) {
			t.Fatalf("%q is not taken", key)
		}
	}
	text := ansi.Strip(m.View(120, 20))
	if !strings.Contains(text, "Msg 27:") || strings.Contains(text, "Msg 26:") || m.Typing() {
		t.Errorf("filtered by %q:\n%s", m.filter, text)
	}
	if m.Press("esc"); m.filter != "" {
		t.Error("esc keeps the filter")
	}
}

func TestAMessagePassesTheFilterAsSoonAsALaneShowsWhatItHolds(t *testing.T) {
	c := newClock()
	m := New(c.now)
	m.SetFilter("hello")
	for i, r := range everywhere(1, "Hello") {
		m.Update(actions.LiveEvent{Records: []actions.LiveRecord{r}})
		c.pass(redraw)
		if shown := strings.Contains(m.View(120, 20), "#1"); shown != (i >= confidential) {
			t.Errorf("after %d lanes it is shown: %v", i+1, shown)
		}
	}
}

func TestItIsDrawnFiveTimesASecondAtMost(t *testing.T) {
	c := newClock()
	m := pane(c, 1)
	frames, last := 0, ""
	for n := range 1000 { // one second
		m.Update(actions.LiveEvent{Records: everywhere(n+1, "x")})
		if text := m.View(120, 20); text != last {
			frames, last = frames+1, text
		}
		c.pass(time.Millisecond)
	}
	if frames > int(time.Second/redraw) {
		t.Errorf("%d frames in a second", frames)
	}
	if m.Due() <= 0 || m.Due() > redraw {
		t.Errorf("the last messages are due in %s", m.Due())
	}
	c.pass(m.Due())
	if !strings.Contains(m.View(120, 20), "#1000") || m.Due() != 0 {
		t.Error("the last message was never drawn")
	}
	if before := m.View(120, 20); !m.Press("up") || m.View(120, 20) == before {
		t.Error("a key waits for its turn")
	}
}

func TestCaptionsAreShortenedByWholeWords(t *testing.T) {
	m := pane(newClock(), 1)
	m.Update(actions.LiveEvent{Attestation: refused(m.now())})
	for width := 40; width <= 200; width++ {
		m.changed()
		lines := strings.Split(ansi.Strip(m.Present(width, 40)), "\n")
		for _, line := range lines {
			caption := strings.HasPrefix(line, "attestation") || strings.Contains(line, "what")
			if caption && strings.Contains(line, "…") {
				t.Errorf("cut at %d columns: %s", width, line)
			}
		}
	}
}

func TestTheStageIsCalm(t *testing.T) {
	c := newClock()
	m := pane(c, 1)
	m.Present(120, 40)
	shown := func() int64 { c.pass(redraw); m.version++; m.Present(120, 40); return m.spot.number }
	m.Update(actions.LiveEvent{Records: everywhere(1, "too soon")})
	if shown() != 0 {
		t.Error("the message was taken away at once")
	}
	own := everywhere(2, "from the stage")
	own[0].Own = true
	m.Update(actions.LiveEvent{Records: append(own, everywhere(3, "x")...)})
	c.pass(calm)
	if shown() != 2 {
		t.Errorf("message %d is shown, not the own one", m.spot.number)
	}
	m.Update(actions.LiveEvent{Records: everywhere(4, "x")})
	c.pass(2 * calm)
	if shown() != 2 {
		t.Error("the own message does not stay")
	}
	c.pass(ownStays)
	if shown() != 4 {
		t.Errorf("message %d is shown", m.spot.number)
	}
}

// FuzzNoLineIsWiderThanTheScreen draws any text at any size.
func FuzzNoLineIsWiderThanTheScreen(f *testing.F) {
	for _, text := range []string{
		"Msg 1: hello", "", "\x1b[31mred\x1b[0m", "a\x00b\nc\td\r", "\u202eevil", "👩‍👩‍👧‍👦 family", "世界世界世界", "e\u0301\u0301\u0301", "\xff\xfe", strings.Repeat("x", 5000), "שלום مرحبا", "\x1b]0;title\a", "\u200b\u2028", "\t0",
	} {
		f.Add(text, 80, 24, 41)
		f.Add(text, 7, 3, -1)
		f.Add(text, 0, 0, 0)
		f.Add(text, 200, 50, 1)
	}
	f.Fuzz(func(t *testing.T, text string, width, height, offset int) {
		width, height = width%300, height%100
		c := newClock()
		m := pane(c, 3)
		e := actions.LiveEvent{Sources: map[actions.Lane]actions.Source{actions.LaneOrdinary: {State: actions.SourceBroken, Text: text}}, Attestation: refused(c.at)}
		e.Attestation.Problem.Title, e.Attestation.Reason.Claims[claimHostData] = text, text
		for _, lane := range actions.Lanes() {
			e.Records = append(e.Records, seen(lane, offset, text, actions.ReadForeign))
		}
		m.Update(e)
		m.SetFilter(text)
		m.SetStage(Stage{Title: text, Sees: text, Busy: text, Problem: e.Attestation.Problem})
		for _, key := range []string{"", "w", "up", "pgup", "/", text, "esc"} {
			m.Press(key)
			c.pass(redraw)
			fits(t, m.View(width, height), width, height)
			fits(t, m.Present(width, height), width, height)
		}
	})
}

func fits(t *testing.T, text string, width, height int) {
	t.Helper()
	lines := strings.Split(text, "\n")
	if text != "" && len(lines) > height {
		t.Fatalf("%d lines of %d", len(lines), height)
	}
	for _, line := range lines {
		if w := ansi.StringWidth(line); w > max(width, 0) {
			t.Fatalf("%d columns of %d: %q", w, width, line)
		}
		if strings.ContainsFunc(ansi.Strip(line), func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e }) {
			t.Fatalf("a control character: %q", line)
		}
	}
}

// BenchmarkAThousandRecordsASecond is one second of a busy topic: what it takes of a second is its
// share of a core.
func BenchmarkAThousandRecordsASecond(b *testing.B) {
	c := newClock()
	m := pane(c, keptRows)
	batches := make([]actions.LiveEvent, time.Second/redraw)
	n := keptRows
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for i := range batches {
			batches[i] = actions.LiveEvent{}
			for range 1000 / len(batches) {
				batches[i].Records = append(batches[i].Records, everywhere(n, "Azure Confidential Computing")...)
				n++
			}
		}
		b.StartTimer()
		for _, batch := range batches {
			m.Update(batch)
			c.pass(redraw)
			m.View(200, 50)
		}
	}
	b.ReportMetric(100*b.Elapsed().Seconds()/float64(b.N), "%core")
}
