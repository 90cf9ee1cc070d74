package actions

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

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
		filepath.Join(dir, backupFile):  0o600,
	} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, error %v", path, info.Mode().Perm(), err)
		}
	}
}

// TestATornJournalIsNeverTakenForAWhole cuts the file off at every byte: it is refused, and the
// message says where the copy before it is.
func TestATornJournalIsNeverTakenForAWhole(t *testing.T) {
	dir := t.TempDir()
	before, after := usedJournal(t, dir)
	path := filepath.Join(dir, journalFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for length := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:length], 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := Open(dir)
		if err == nil {
			if got := j.read(); !cmp.Equal(got, after) {
				t.Errorf("cut at %d of %d: read %v", length, len(whole), got)
			}
			_ = j.Close()
			continue
		}
		var damaged *DamagedError
		if !errors.As(err, &damaged) || damaged.Backup != filepath.Join(dir, backupFile) || !strings.Contains(err.Error(), "move") {
			t.Fatalf("cut at %d of %d: %v", length, len(whole), err)
		}
	}
	if err := os.Rename(filepath.Join(dir, backupFile), path); err != nil {
		t.Fatal(err)
	}
	if got := openJournal(t, dir).read(); !cmp.Equal(before, got) {
		t.Error("the copy is not the document before: " + cmp.Diff(before, got))
	}
}

// TestAJournalSurvivesDeathBetweenTheRenames: the new document is not in place yet, the old one is aside.
func TestAJournalSurvivesDeathBetweenTheRenames(t *testing.T) {
	dir := t.TempDir()
	_, want := usedJournal(t, dir)
	if err := os.Rename(filepath.Join(dir, journalFile), filepath.Join(dir, backupFile)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".journal-123"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := openJournal(t, dir).read(); !cmp.Equal(want, got) {
		t.Error(cmp.Diff(want, got))
	}
	if _, err := os.Stat(filepath.Join(dir, ".journal-123")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was half written is still there: %v", err)
	}
}

func TestANewerJournalIsRefused(t *testing.T) {
	dir := t.TempDir()
	newer := []byte(`{"version": 2, "run": "0123456789"}`)
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
