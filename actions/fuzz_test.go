package actions

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever lies where a journal should be is refused with a cure, or read so that nothing of it is
// lost when it is written again.
func FuzzJournal(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, journalFile)
	j, err := Open(dir)
	if err != nil {
		f.Fatal(err)
	}
	if _, _, err := j.intend(Resource{Kind: "cluster", Name: "c", ID: "/subscriptions/s"}, "cluster"); err != nil {
		f.Fatal(err)
	}
	used, err := os.ReadFile(path)
	if err := errors.Join(err, j.Close()); err != nil {
		f.Fatal(err)
	}
	used = bytes.TrimSpace(used)
	f.Add(used)
	f.Add(used[:len(used)/2])
	f.Add([]byte{})
	f.Add(make([]byte, 512)) // what a power cut may leave
	f.Add([]byte(`{"version":9,"run":"11111111-1111-1111-1111-111111111111"}`))
	f.Add([]byte(`{"version":1,"run":"11111111","steps":{"cluster":{"state":"dancing"}},"resources":[{},{"state":"x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := decodeEntry(data)
		if err != nil {
			return
		}
		doc := found.document
		if doc.Version > journalVersion || len(doc.Run) < suffixLength {
			t.Errorf("%q was taken for a journal", data)
		}
		var again bytes.Buffer
		if err := encodeEntry(&again, found); err != nil {
			t.Skip() // a time that JSON has no form for
		}
		if back, err := decodeEntry(again.Bytes()); err != nil || !cmp.Equal(doc.clone(), back.clone()) {
			t.Errorf("%q became %s, %v", data, again.Bytes(), err)
		}
		// What it says can be told.
		kept := &Journal{doc: doc}
		if status := kept.Status(Steps()); len(status.Made) > len(doc.Resources) || kept.Suffix() == "" {
			t.Errorf("status %+v of %q", status, data)
		}
	})
}
