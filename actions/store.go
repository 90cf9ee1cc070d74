package actions

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// The two files of a journal. Which of them is the newer one, they say themselves.
const (
	journalFile = "journal.json"
	otherFile   = "journal.json.bak"
)

const (
	maxDocument = 16 << 20
	// room is what a file has from the start, and grows by: to write where there is room already is all
	// that is fast on a busy disk, and what succeeds on a full one.
	room          = 64 << 10
	journalMode   = 0o600
	directoryMode = 0o700
)

// store keeps a journal's document in two files of a directory. Only one of them is ever written to,
// and the other one is on disk meanwhile: whatever becomes of a write, one of them is whole.
// Nothing is created or renamed, which is what makes files slow to last.
type store struct {
	dir  string
	lock *lock // nil: for reading only
	// turn is the file that is written to.
	turn     int
	sequence uint64       // of the newest document
	encoded  bytes.Buffer // the entry being written
	named    bool         // the files' names are on disk
}

// Open takes the journal in a directory for this process, and makes directory and journal where
// there is none. It fails with *LockedError where another process has it, and with *DamagedError
// where the files cannot be a journal. Close gives it back.
func Open(dir string) (*Journal, error) {
	if err := os.MkdirAll(dir, directoryMode); err != nil {
		return nil, fmt.Errorf("make the state directory: %w", err)
	}
	held, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	j, err := load(&store{dir: dir, lock: held})
	if err != nil {
		return nil, errors.Join(err, held.release())
	}
	return j, nil
}

// Peek reads the journal in a directory without taking it: what it says may be a moment old, and
// it cannot be changed. It fails with fs.ErrNotExist where there is none.
func Peek(dir string) (*Journal, error) {
	s := &store{dir: dir}
	if _, err := os.Lstat(s.path(0)); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(s.path(1)); err != nil {
			return nil, fmt.Errorf("journal in %s: %w", dir, fs.ErrNotExist)
		}
	}
	return load(s)
}

// Close lets other processes have the journal.
func (j *Journal) Close() error {
	if j.store == nil {
		return nil
	}
	return errors.Join(j.flush(), j.store.close())
}

// DamagedError is a journal that cannot be read.
type DamagedError struct {
	Dir string
	Err error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the journal in %s cannot be used: %v; what the run made carries the tag cctui-run, and to begin anew, move that folder away", e.Dir, e.Err)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// load takes the newer file that is whole. The other one may be torn: a process died writing it, and
// nobody was told that it was written. So may the only one be, before anything was made.
func load(s *store) (*Journal, error) {
	var newest *entry
	var torn error
	files := 0
	for turn := range 2 {
		found, err := readEntry(s.path(turn))
		if !errors.Is(err, fs.ErrNotExist) {
			files++
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, errNewerJournal):
			return nil, fmt.Errorf("the journal in %s: %w", s.dir, err)
		case err != nil:
			torn = cmp.Or(torn, err)
		case newest == nil || found.sequence > newest.sequence:
			newest = &found
			s.turn, s.sequence = 1-turn, found.sequence
		}
	}
	if newest == nil && files == 2 {
		return nil, &DamagedError{Dir: s.dir, Err: torn}
	}
	if newest == nil {
		return &Journal{store: s, doc: newDocument(), torn: torn != nil}, nil
	}
	j := &Journal{store: s, doc: newest.document, torn: torn != nil}
	if s.lock == nil {
		return j, nil
	}
	return j, s.syncFile(s.path(1 - s.turn)) // before the other one is written to
}

func (s *store) path(turn int) string {
	return filepath.Join(s.dir, [2]string{journalFile, otherFile}[turn])
}

// entry is a document as it lies in a file.
type entry struct {
	document
	sequence uint64
}

// envelope tells an entry that was written to its end from one that was not, and the newer from the older.
type envelope struct {
	Sequence uint64          `json:"sequence"`
	Sum      string          `json:"sha256"` // of the document's bytes
	Journal  json.RawMessage `json:"journal"`
}

// encodeEntry puts an entry into a buffer, from its beginning, in its envelope. It is written so often
// that it shows: nothing large is copied, and the buffer is used again.
func encodeEntry(into *bytes.Buffer, e entry) error {
	into.Reset()
	fmt.Fprintf(into, `{"sequence":%d,"sha256":"`, e.sequence)
	sum := into.Len()
	into.Write(make([]byte, hex.EncodedLen(sha256.Size)))
	into.WriteString(`","journal":`)
	begin := into.Len()
	encoder := json.NewEncoder(into)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e.document); err != nil {
		return err
	}
	into.Truncate(into.Len() - 1) // the line's end is not the document's
	digest := sha256.Sum256(into.Bytes()[begin:])
	hex.Encode(into.Bytes()[sum:], digest[:])
	into.WriteString("}\n")
	for left := room - into.Len()%room; left > 0; left -= len(blank) {
		into.WriteString(blank[:min(left, len(blank))])
	}
	return nil
}

// blank fills the unused room.
const blank = "                                                                "

// decodeEntry also takes a document without its envelope, as version 1 wrote it.
func decodeEntry(data []byte) (e entry, err error) {
	var around envelope
	if err := json.Unmarshal(data, &around); err != nil && len(bytes.TrimSpace(data)) > 0 {
		return e, err
	}
	if around.Journal == nil {
		e.document, err = decodeDocument(data)
		return e, err
	}
	if sum := sha256.Sum256(around.Journal); hex.EncodeToString(sum[:]) != around.Sum {
		return e, errors.New("it was not written to its end")
	}
	e.sequence = around.Sequence
	e.document, err = decodeDocument(around.Journal)
	return e, err
}

func readEntry(path string) (entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return entry{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err != nil {
		return entry{}, err
	}
	if len(data) > maxDocument {
		return entry{}, fmt.Errorf("it is larger than %d MiB", maxDocument>>20)
	}
	return decodeEntry(data)
}

// save writes a document. A lasting one is on disk when save returns; any other one survives the death
// of the process, but not the loss of power before the next lasting one.
func (s *store) save(doc document, lasting bool) error {
	if s.lock == nil {
		return errors.New("it was opened for reading only")
	}
	if err := encodeEntry(&s.encoded, entry{doc, s.sequence + 1}); err != nil {
		return err
	}
	if err := s.write(s.encoded.Bytes(), lasting); err != nil {
		return err
	}
	s.sequence++
	if lasting {
		s.turn = 1 - s.turn
	}
	return nil
}

// write replaces the content of the file whose turn it is, in place.
func (s *store) write(data []byte, lasting bool) error {
	f, err := os.OpenFile(s.path(s.turn), os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.OpenFile(s.path(s.turn), os.O_WRONLY|os.O_CREATE|os.O_EXCL, journalMode)
		s.named = false
	}
	if err != nil {
		return err
	}
	err = replace(f, data)
	if err == nil && lasting {
		err = syncData(f)
	}
	if err = errors.Join(err, f.Close()); err == nil && lasting && !s.named {
		err = syncDirectory(s.dir)
		s.named = err == nil
	}
	return err
}

// close makes what was written last, lasting, and gives the lock back.
func (s *store) close() error {
	if s.lock == nil {
		return nil
	}
	err := s.syncFile(s.path(s.turn))
	if err == nil && !s.named {
		err = syncDirectory(s.dir)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // nothing was written since the last lasting one
	}
	return errors.Join(err, s.lock.release())
}

// replace leaves the size alone where it fits: a new one would have to last, too.
func replace(f *os.File, data []byte) error {
	if _, err := f.WriteAt(data, 0); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil || info.Size() == int64(len(data)) {
		return err
	}
	return f.Truncate(int64(len(data)))
}

func (s *store) syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(syncData(f), f.Close())
}

// syncDirectory makes a new name last. Windows has no such call and does not need it.
func syncDirectory(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
