package actions

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// openJournal opens a journal that is given back when the test ends.
func openJournal(t *testing.T, dir string) *Journal {
	t.Helper()
	j, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// usedJournal leaves a small journal in a directory and returns its document before and after the last change.
func usedJournal(t *testing.T, dir string) (before, after document) {
	t.Helper()
	j := openJournal(t, dir)
	defer j.Close()
	if _, _, err := j.intend(Resource{Kind: "cluster", Name: "c"}, "cluster"); err != nil {
		t.Fatal(err)
	}
	before = j.read()
	if err := j.follow(Resource{Kind: "cluster", Name: "c"}, making, "token"); err != nil {
		t.Fatal(err)
	}
	return before, j.read()
}

func TestAJournalIsReadAsItWasWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "cctui")
	_, want := usedJournal(t, dir)
	if got := openJournal(t, dir).read(); !cmp.Equal(want, got) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestAJournalIsNobodyElsesToRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits")
	}
	dir := filepath.Join(t.TempDir(), "state")
	usedJournal(t, dir)
	for path, want := range map[string]fs.FileMode{
		dir:                             0o700,
		filepath.Join(dir, journalFile): 0o600,
		filepath.Join(dir, otherFile):   0o600,
	} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, error %v", path, info.Mode().Perm(), err)
		}
	}
}

// newerFile is the one that was written last.
func newerFile(t *testing.T, dir string) string {
	t.Helper()
	s := &store{dir: dir}
	if _, err := load(s); err != nil {
		t.Fatal(err)
	}
	return s.path(1 - s.turn)
}

// TestATornWriteNeverHappened cuts the newer file off at every byte, as a loss of power in the middle of
// a write may: what stood there before counts, because nobody was told that the new one was written.
func TestATornWriteNeverHappened(t *testing.T) {
	dir := t.TempDir()
	before, after := usedJournal(t, dir)
	path := newerFile(t, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole = bytes.TrimSpace(whole)
	check := func(what string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := Peek(dir)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		want := before
		if !j.Torn() {
			want = after
		}
		if got := j.read(); !cmp.Equal(got, want) {
			t.Errorf("%s: read %v", what, cmp.Diff(got, want))
		}
		if whole := bytes.HasPrefix(bytes.TrimSpace(data), bytes.TrimSpace(whole)) && len(data) <= len(whole); j.Torn() == whole {
			t.Errorf("%s: torn %v", what, j.Torn())
		}
	}
	for length := range len(whole) + 1 {
		check(fmt.Sprintf("cut at %d of %d", length, len(whole)), whole[:length])
	}
	check("zeros", make([]byte, len(whole)))
	check("garbage behind it", append(slices.Clone(whole), "}}garbage"...))
	check("half old, half new", append(slices.Clone(whole[:len(whole)/2]), bytes.Replace(whole[len(whole)/2:], []byte("token"), []byte("nekot"), 1)...))
}

// Whatever was written by turns, the newest whole document is found, and the next one does not touch it.
func TestWritesTakeTurns(t *testing.T) {
	dir := t.TempDir()
	for i := range 9 {
		j := openJournal(t, dir)
		write := j.change
		if i%3 == 1 {
			write = j.note
		}
		name := strconv.Itoa(i)
		err := write(func(d *document) { d.Outputs.KeyID = name })
		if err := errors.Join(err, j.flush()); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			_ = j.store.(*store).lock.release() // killed: nothing is said any more
		} else if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		left, err := Peek(dir)
		if err != nil || left.read().Outputs.KeyID != name || left.Torn() {
			t.Fatalf("after write %d: %q, torn %v, %v", i, left.read().Outputs.KeyID, left.Torn(), err)
		}
	}
}

// What is noted does not take the place of what is on disk.
func TestANoteLeavesWhatIsOnDiskAlone(t *testing.T) {
	dir := t.TempDir()
	_, lasting := usedJournal(t, dir)
	path := newerFile(t, dir)
	j := openJournal(t, dir)
	for _, text := range []string{"a", "bb", "ccc"} {
		err := j.note(func(d *document) { d.Outputs.Message = text })
		if err := errors.Join(err, j.flush()); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := readEntry(path); err != nil || !cmp.Equal(found.document, lasting) {
		t.Errorf("%v: %s", err, cmp.Diff(found.document, lasting))
	}
	if left, err := Peek(dir); err != nil || left.read().Outputs.Message != "ccc" {
		t.Errorf("who dies now leaves %q, %v", left.read().Outputs.Message, err)
	}
}

// The very first write is torn: there is nothing that could be lost.
func TestAJournalSurvivesDeathInItsFirstWrite(t *testing.T) {
	for _, left := range []string{"", `{"sequence":1,"sha`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, journalFile), []byte(left), 0o600); err != nil {
			t.Fatal(err)
		}
		usedJournal(t, dir)
		if found, err := Peek(dir); err != nil || len(found.read().Resources) != 1 {
			t.Errorf("after %q: %v", left, err)
		}
	}
}

// A note is written by itself, soon; nothing waits for it.
func TestANoteIsWrittenSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		usedJournal(t, dir)
		j := openJournal(t, dir)
		if err := j.note(func(d *document) { d.Outputs.Message = "read" }); err != nil {
			t.Fatal(err)
		}
		if left, err := Peek(dir); err != nil || left.read().Outputs.Message != "" {
			t.Errorf("at once there is %q, %v", left.read().Outputs.Message, err)
		}
		time.Sleep(noteDelay)
		synctest.Wait()
		if left, err := Peek(dir); err != nil || left.read().Outputs.Message != "read" {
			t.Errorf("later there is %q, %v", left.read().Outputs.Message, err)
		}
	})
}

// A note that could not be written is not forgotten: the next write takes it along, or fails, too.
func TestANoteThatCannotBeWrittenIsTold(t *testing.T) {
	dir := t.TempDir()
	j := openJournal(t, dir)
	note := func() error { return j.note(func(d *document) { d.Outputs.Message = "read" }) }
	if err := errors.Join(note(), os.Rename(dir, dir+"-away")); err != nil {
		t.Skipf("cannot move an open directory here: %v", err)
	}
	if j.flush() == nil || note() == nil || j.flush() == nil {
		t.Error("no error")
	}
	if err := os.Rename(dir+"-away", dir); err != nil {
		t.Fatal(err)
	}
	if err := j.change(func(*document) {}); err != nil || note() != nil {
		t.Errorf("with the directory back: %v", err)
	}
	if left, err := Peek(dir); err != nil || left.read().Outputs.Message != "read" {
		t.Errorf("there is %q, %v", left.read().Outputs.Message, err)
	}
}

func TestTwoDamagedFilesAreNoJournal(t *testing.T) {
	dir := t.TempDir()
	usedJournal(t, dir)
	for _, name := range []string{journalFile, otherFile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"version":`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(dir)
	var damaged *DamagedError
	if !errors.As(err, &damaged) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v", err)
	}
}

// Version 1 stood in its file bare; the one before it lay beside it.
func TestAJournalOfVersion1IsGoneOnWith(t *testing.T) {
	dir := t.TempDir()
	for name, step := range map[string]string{journalFile: "cluster", otherFile: "group"} {
		old := `{"version": 1, "run": "0123456789", "steps": {"` + step + `": {"state": "done"}}}`
		if err := os.WriteFile(filepath.Join(dir, name), []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j := openJournal(t, dir)
	if _, there := j.read().Steps["cluster"]; !there || j.RunID() != "0123456789" {
		t.Errorf("read %+v", j.read())
	}
	if err := j.Bind("elsewhere"); err == nil {
		t.Error("its steps are forgotten")
	}
}

func TestANewerJournalIsRefused(t *testing.T) {
	dir := t.TempDir()
	newer := fmt.Appendf(nil, `{"version": %d, "run": "0123456789"}`, journalVersion+1)
	if err := os.WriteFile(filepath.Join(dir, journalFile), newer, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, errNewerJournal) {
		t.Errorf("error %v", err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, journalFile)); err != nil || string(data) != string(newer) {
		t.Errorf("the file was touched: %s, %v", data, err)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	first := openJournal(t, dir)
	_, err := Open(dir)
	var locked *LockedError
	if !errors.As(err, &locked) || locked.PID != os.Getpid() || locked.Since.IsZero() {
		t.Fatalf("error %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	openJournal(t, dir)
}

func TestPeekingNeitherTakesNorChangesAJournal(t *testing.T) {
	dir := t.TempDir()
	if _, err := Peek(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v for no journal", err)
	}
	usedJournal(t, dir)
	openJournal(t, dir)
	j, err := Peek(dir)
	if err != nil || len(j.read().Resources) != 1 {
		t.Fatalf("error %v", err)
	}
	if err := j.Bind("other"); err == nil {
		t.Error("a journal that was only read was changed")
	}
}

// What lies in somebody else's cluster is on disk before it is made. What lies in the run's own is found
// there again, and goes with it: nobody waits for the disk.
func TestOnlyWhatIsFoundByItsPlaceDoesNotWaitForTheDisk(t *testing.T) {
	pod := Resource{Kind: "Pod", Name: "kafka/producer", In: clusterKind}
	for name, test := range map[string]struct {
		cluster string
		lasting bool
	}{
		"in the run's own cluster": {"made", false},
		"in another cluster":       {"", true},
		"in one that is gone":      {"removed", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j := openJournal(t, dir)
			if test.cluster != "" {
				err := j.change(func(d *document) {
					d.enter(Resource{Kind: clusterKind, Name: "c", ID: "/subscriptions/s"}).State = resourceState(test.cluster)
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if j.owns(pod) == test.lasting {
				t.Errorf("the run's own before anybody said so: %v", !test.lasting)
			}
			if _, _, err := j.intend(pod, "producer"); err != nil {
				t.Fatal(err)
			}
			left, err := Peek(dir)
			if err != nil {
				t.Fatal(err)
			}
			if doc := left.read(); (doc.record(pod) != nil) != test.lasting {
				t.Errorf("on disk: %v", !test.lasting)
			}
			if !j.owns(pod) {
				t.Error("not the run's")
			}
		})
	}
}

func TestAChangeThatCannotBeWrittenDidNotHappen(t *testing.T) {
	dir := t.TempDir()
	j := openJournal(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Skip("cannot remove an open directory here")
	}
	if _, _, err := j.intend(Resource{Kind: "cluster", Name: "c"}, "cluster"); err == nil {
		t.Fatal("no error")
	}
	if len(j.read().Resources) != 0 {
		t.Error("the journal knows what the disk does not")
	}
}

func TestARunStaysWhereItBegan(t *testing.T) {
	j := NewJournal()
	if err := j.Bind("sandbox-1"); err != nil {
		t.Fatal(err)
	}
	if err := j.Bind("sandbox-2"); err != nil {
		t.Errorf("nothing was made yet, and still: %v", err)
	}
	if _, _, err := j.intend(Resource{Kind: "cluster", Name: "c"}, "cluster"); err != nil {
		t.Fatal(err)
	}
	if err := j.Bind(""); err == nil || !strings.Contains(err.Error(), "belongs to sandbox sandbox-2, not to Azure") {
		t.Errorf("error %v", err)
	}
}

func TestAJournalIsChangedFromManyStepsAtOnce(t *testing.T) {
	j := openJournal(t, t.TempDir())
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			res := Resource{Kind: "pod", Name: string(rune('a' + i))}
			if _, _, err := j.intend(res, "pods"); err != nil {
				t.Error(err)
			}
			if err := j.settle(res, made); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if doc := j.read(); len(doc.owned()) != 20 || len(doc.open()) != 0 {
		t.Errorf("owned %v, open %v", doc.owned(), doc.open())
	}
}
