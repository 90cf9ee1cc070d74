package actions

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/cctui/cctui/kube"
)

// What passes by itself, when the pod has started.
var (
	errNoPod  = errors.New("its pod is not there")
	errNoPage = errors.New("its page does not answer yet")
)

const (
	// maxLogLine bounds a line of a consumer's log, in bytes; of a longer one only the beginning counts.
	maxLogLine = 64 << 10
	// recentLog is how much of a log is looked at before it is followed, or instead, in bytes.
	recentLog = 8 << 10
)

// follower reads what one consumer shows: from its log, or from its page where there is no log.
type follower struct {
	*live
	lane         Lane
	pod, service string

	uid     string        // of the pod that was last looked at
	seen    map[int]int64 // last offset shown, by partition
	reading Reading       // of the last message
	heard   string        // what the log said of a failure to get the key
}

// follow reads the consumer as long as that goes.
func (f *follower) follow(ctx context.Context) error {
	k, err := f.w.kube.connect(ctx)
	if err != nil {
		return err
	}
	for {
		if err := f.meet(ctx, k); err != nil {
			return err
		}
		log, err := k.Logs(ctx, f.w.Inputs().Namespace, f.pod, consumerPod, recentLog)
		if err == nil && len(log) > 0 {
			f.skip(log)
			f.queue.tell(f.lane, Source{SourceLog, "log of " + f.pod})
			return f.readLog(ctx, k)
		}
		if err := f.readPages(ctx, k); err != nil {
			return err
		}
	}
}

// meet looks whether it is still the pod it was. Another one begins anew, and with none nothing is
// known.
func (f *follower) meet(ctx context.Context, k Kube) error {
	pod, err := k.Pod(ctx, f.w.Inputs().Namespace, f.pod)
	if kube.IsNotFound(err) {
		f.turnTo("")
		return errNoPod
	}
	if err != nil {
		return fmt.Errorf("look for pod %s: %w", f.pod, err)
	}
	f.turnTo(pod.UID)
	return nil
}

func (f *follower) turnTo(uid string) {
	if uid == f.uid {
		return
	}
	if f.uid != "" && f.lane == LaneConfidential {
		f.queue.dismiss(f.uid)
	}
	f.uid, f.seen, f.reading, f.heard = uid, map[int]int64{}, "", ""
}

// fewRecent is how many of the messages already in a log are shown.
const fewRecent = 5

// skip leaves out what the log says of long ago, so that a lane begins with the newest messages.
func (f *follower) skip(log []byte) {
	var offsets []LiveRecord
	for line := range bytes.Lines(log) {
		if r, ok := parseReceived(string(line)); ok {
			offsets = append(offsets, r)
		}
	}
	for _, r := range offsets[:max(0, len(offsets)-fewRecent)] {
		f.isNews(r)
	}
}

// isNews notes a message, and how many lie between it and the last; false for one of which the lane has
// shown a later one.
func (f *follower) isNews(r LiveRecord) (missed int, news bool) {
	last, known := f.seen[r.Partition]
	if known && r.Offset <= last {
		return 0, false
	}
	f.seen[r.Partition] = r.Offset
	if known {
		missed = int(r.Offset - last - 1)
	}
	return missed, true
}

// take reads a line of the log.
func (f *follower) take(line string) (missed int, news bool) {
	r, received := parseReceived(line)
	if received {
		if missed, news = f.isNews(r); news {
			f.show(r)
		}
		return missed, news
	}
	if _, failed := keyFailure(line); failed {
		f.heard = line
	}
	return 0, false
}

// readLog follows the log, or only looks at its end now and then while that grows too fast.
func (f *follower) readLog(ctx context.Context, k Kube) error {
	for {
		if err := f.stream(ctx, k); !errors.Is(err, errTooFast) {
			return err
		}
		if err := f.sample(ctx, k); err != nil {
			return err
		}
	}
}

var errTooFast = errors.New("the log grows too fast to be followed")

const (
	// mostFollowed is how many messages a second are followed: each line arrives by itself, and to
	// wait for a thousand takes a tenth of a core. Nobody can read a tenth of them.
	mostFollowed = 250
	// calmLooks is how many looks must find little for the log to be followed again.
	calmLooks = 10
)

// stream follows the log from its beginning.
func (f *follower) stream(ctx context.Context, k Kube) error {
	stream, err := k.FollowLogs(ctx, f.w.Inputs().Namespace, f.pod, consumerPod)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
	defer func() {
		if stop() {
			_ = stream.Close()
		}
	}()
	before := f.uid
	if err := f.meet(ctx, k); err != nil || f.uid != before {
		return err // whose log the stream is, nobody knows
	}
	second, count := time.Now(), 0
	return eachLine(&unhurried{Reader: stream, ctx: ctx}, func(line string) error {
		if _, news := f.take(line); !news {
			return nil
		}
		if time.Since(second) > time.Second {
			second, count = time.Now(), 0
		}
		if count++; count > mostFollowed {
			return errTooFast
		}
		return nil
	})
}

// sample shows the newest messages of a log, as often as anybody can look, until it has become calm. What
// it misses is counted.
func (f *follower) sample(ctx context.Context, k Kube) error {
	for calm := 0; calm < calmLooks; calm++ {
		if err := pause(ctx, liveInterval); err != nil {
			return err
		}
		log, err := k.Logs(ctx, f.w.Inputs().Namespace, f.pod, consumerPod, recentLog)
		before := f.uid
		if gone := f.meet(ctx, k); gone != nil || f.uid != before {
			return gone
		}
		if err != nil {
			return err
		}
		if len(log) == recentLog {
			_, log, _ = bytes.Cut(log, []byte("\n")) // it began in the middle of a line
		}
		passed := 0
		for line := range bytes.Lines(log) {
			missed, news := f.take(string(line))
			f.queue.drop(f.lane, missed)
			if passed += missed; news {
				passed++
			}
		}
		if passed > mostFollowed*int(liveInterval)/int(time.Second) {
			calm = 0
		}
	}
	return nil
}

// parseReceived reads the consumer's line about a message. Its text may look like the end of such a
// line itself, so the last one counts.
// Source: microsoft/confidential-container-demos, kafka/consumer before commit 7bc0e46.
func parseReceived(line string) (LiveRecord, bool) {
	_, received, ok := strings.Cut(strings.TrimRight(line, " \t\r\n"), "Message received: value=")
	end := strings.LastIndex(received, placed)
	if !ok || end < 0 {
		return LiveRecord{}, false
	}
	partitionText, offsetText, _ := strings.Cut(received[end+len(placed):], ", offset=")
	partition, err := strconv.ParseUint(partitionText, 10, 31)
	offset, errOffset := strconv.ParseUint(offsetText, 10, 63)
	if err != nil || errOffset != nil {
		return LiveRecord{}, false
	}
	return LiveRecord{Partition: int(partition), Offset: int64(offset), Text: received[:end]}, true
}

// placed stands between a message and the place where it lies.
const placed = ", partition="

// eachLine hands over the lines of a stream until it ends, or an error.
func eachLine(stream io.Reader, take func(string) error) error {
	lines := bufio.NewReaderSize(stream, maxLogLine)
	for rest := false; ; {
		line, more, err := lines.ReadLine()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("follow the log: %w", err)
		}
		if !rest {
			if err := take(string(line)); err != nil {
				return err
			}
		}
		rest = more
	}
}

// unhurried reads at most as often as anybody can look, unless more is there than was asked for. A log
// comes line by line, and to wait for each costs much more than to read it.
type unhurried struct {
	io.Reader
	ctx  context.Context
	at   time.Time // of the last read
	more bool
}

func (u *unhurried) Read(p []byte) (int, error) {
	if !u.more {
		if err := pause(u.ctx, liveInterval-time.Since(u.at)); err != nil {
			return 0, err
		}
	}
	n, err := u.Reader.Read(p)
	u.at, u.more = time.Now(), n == len(p)
	return n, err
}

// readPages asks the page, which waits for the next message by itself. The log is tried again
// afterwards: that of a young pod is only still empty.
func (f *follower) readPages(ctx context.Context, k Kube) error {
	for range pagesBeforeLog {
		page, err := k.ServicePage(ctx, f.w.Inputs().Namespace, f.service, pagePort, "/")
		if err != nil {
			return fmt.Errorf("%w: %w", errNoPage, err)
		}
		f.queue.tell(f.lane, Source{SourcePage, "page of " + f.service})
		now := judgePage(page)
		if now.kind != pageTimeout && now.kind != pageUnknown {
			f.show(LiveRecord{Offset: -1, Text: now.text, Ciphertext: f.w.sent.ciphertext(now.text)})
		}
		if err := pause(ctx, pageInterval); err != nil {
			return err
		}
	}
	return nil
}

const (
	// pagesBeforeLog is how many pages are read before the log is tried again.
	pagesBeforeLog = 3
	// pageInterval is for pages that do not wait for a message.
	pageInterval = 250 * time.Millisecond
)

// show passes a message on, and has the attestation looked at where it was read in a new way.
func (f *follower) show(r LiveRecord) {
	r.At, r.Lane, r.Size, r.Reading = time.Now(), f.lane, len(r.Text), readingOf(r.Text)
	r.Text = Sanitize(r.Text, maxLive)
	f.queue.add(r)
	if r.Reading != f.reading && f.lane == LaneConfidential {
		f.ask(doubt{f.uid, r.Reading, f.heard})
	}
	f.reading = r.Reading
}
