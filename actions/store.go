package actions

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

const (
	temporaryFiles = ".journal-*"
	journalFile    = "journal.json"
	backupFile     = "journal.json.bak"
	maxDocument    = 16 << 20
	journalMode    = 0o600
	directoryMode  = 0o700
)

// store keeps a journal's document in a directory, and the document before it beside it.
type store struct {
	dir  string
	lock *lock // nil: for reading only
}

// Open takes the journal in a directory for this process, and makes directory and journal where
// there is none. It fails with *LockedError where another process has it, and with *DamagedError
// where the file cannot be a journal. Close gives it back.
func Open(dir string) (*Journal, error) {
	if err := os.MkdirAll(dir, directoryMode); err != nil {
		return nil, fmt.Errorf("make the state directory: %w", err)
	}
	held, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	s := &store{dir: dir, lock: held}
	s.sweep()
	j, err := load(s)
	if err != nil {
		return nil, errors.Join(err, held.release())
	}
	return j, nil
}

// Peek reads the journal in a directory without taking it: what it says may be a moment old, and
// it cannot be changed. It fails with fs.ErrNotExist where there is none.
func Peek(dir string) (*Journal, error) {
	s := &store{dir: dir}
	if !s.exists() {
		return nil, fmt.Errorf("journal in %s: %w", dir, fs.ErrNotExist)
	}
	return load(s)
}

// Close lets other processes have the journal.
func (j *Journal) Close() error {
	if j.store == nil || j.store.lock == nil {
		return nil
	}
	return j.store.lock.release()
}

// DamagedError is a journal that cannot be read.
type DamagedError struct {
	Path, Backup string // Backup is empty where there is no good copy
	Err          error
}

func (e *DamagedError) Error() string {
	cure := "there is no earlier copy; resources of the run carry the tag cctui-run"
	if e.Backup != "" {
		cure = fmt.Sprintf("the copy before it is good: to go on from there, move %s to %s", e.Backup, e.Path)
	}
	return fmt.Sprintf("the journal %s cannot be used: %v; %s", e.Path, e.Err, cure)
}

func (e *DamagedError) Unwrap() error { return e.Err }

func load(s *store) (*Journal, error) {
	if !s.exists() {
		return &Journal{store: s, doc: newDocument()}, nil
	}
	doc, err := readDocument(s.path(journalFile))
	if errors.Is(err, fs.ErrNotExist) {
		// The process died between the two renames of save; nothing was told that it was written.
		doc, err = readDocument(s.path(backupFile))
	}
	if err == nil {
		return &Journal{store: s, doc: doc}, nil
	}
	if errors.Is(err, errNewerJournal) {
		return nil, fmt.Errorf("the journal %s: %w", s.path(journalFile), err)
	}
	damaged := &DamagedError{Path: s.path(journalFile), Err: err}
	if _, err := readDocument(s.path(backupFile)); err == nil {
		damaged.Backup = s.path(backupFile)
	}
	return nil, damaged
}

func readDocument(path string) (document, error) {
	f, err := os.Open(path)
	if err != nil {
		return document{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err != nil {
		return document{}, err
	}
	if len(data) > maxDocument {
		return document{}, fmt.Errorf("it is larger than %d MiB", maxDocument>>20)
	}
	return decodeDocument(data)
}

// sweep removes what processes left that died while they wrote. It holds nothing that counts.
func (s *store) sweep() {
	leftovers, _ := filepath.Glob(s.path(temporaryFiles)) // the pattern is well-formed
	for _, name := range leftovers {
		_ = os.Remove(name)
	}
}

func (s *store) path(name string) string { return filepath.Join(s.dir, name) }

func (s *store) exists() bool {
	for _, name := range []string{journalFile, backupFile} {
		if _, err := os.Lstat(s.path(name)); err == nil {
			return true
		}
	}
	return false
}

// save replaces the file so that at any moment either the old or the new one can be read.
func (s *store) save(doc document) error {
	if s.lock == nil {
		return errors.New("it was opened for reading only")
	}
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	temporary, err := s.writeTemporary(append(data, '\n'))
	if err != nil {
		return err
	}
	if err := os.Rename(s.path(journalFile), s.path(backupFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, os.Remove(temporary))
	}
	if err := os.Rename(temporary, s.path(journalFile)); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return syncDirectory(s.dir)
}

// writeTemporary returns the name of a file of the directory whose content is on disk.
func (s *store) writeTemporary(data []byte) (name string, err error) {
	f, err := os.CreateTemp(s.dir, temporaryFiles) // 0600
	if err != nil {
		return "", err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(data); err != nil {
		return "", err
	}
	return f.Name(), f.Sync()
}

// syncDirectory makes renames last. Windows has no such call and does not need it.
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
