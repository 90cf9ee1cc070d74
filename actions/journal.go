package actions

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// journalVersion is the version of the document this program writes; it reads no newer one. Version 1
// stood in its file without an envelope.
const journalVersion = 2

// suffixLength suffices for names that are unique among everybody's, as those of vaults are.
const suffixLength = 6

// Journal is what a run knows of itself: inputs, results, and every resource it made or was about
// to make. What cleanup and resumption depend on is on disk before anything is begun upon it; what the
// world can be asked for again follows soon. It never holds a secret.
type Journal struct {
	store keeper // nil: in memory only
	torn  bool

	mu    sync.Mutex
	doc   document
	noted *time.Timer // writes what was noted; nil: there is nothing to write
	// failed is why what was noted could not be written.
	failed error
}

// keeper keeps documents where they outlive the process.
type keeper interface {
	// save replaces the document; a lasting one outlives the loss of power, too.
	save(doc document, lasting bool) error
	close() error
}

// document is the journal as it lies on disk.
type document struct {
	Version   int                   `json:"version"`
	Run       string                `json:"run"`
	Sandbox   string                `json:"sandbox,omitempty"` // id of the sandbox; empty: Azure
	Created   time.Time             `json:"created"`
	Began     time.Time             `json:"began,omitzero"` // to make things
	Inputs    Inputs                `json:"inputs"`
	Steps     map[string]stepRecord `json:"steps"`
	Resources []resourceRecord      `json:"resources"`
	Outputs   Outputs               `json:"outputs"`
	// Experiment is the one applied, so that whoever comes next can take it back.
	Experiment string `json:"experiment,omitempty"`
}

// stepRecord is where a step stood when the journal was last written.
type stepRecord struct {
	State State `json:"state"`
	// Fingerprint is that of the inputs the step read when it was done.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Again: the user wants it carried out once more, although it was done.
	Again bool `json:"again,omitempty"`
	// Waived: the user goes on without it.
	Waived   bool      `json:"waived,omitempty"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
}

// resourceRecord is a resource and the operation on it, if one is under way.
type resourceRecord struct {
	Resource
	Step  string        `json:"step"`
	State resourceState `json:"state"`
	// Token resumes the operation of the state; it is no credential.
	Token string `json:"token,omitempty"`
	// Why it was left.
	Why string `json:"why,omitempty"`
}

// owned tells whether it is there, or may be, and is the run's.
func (r resourceRecord) owned() bool { return r.State != removed && r.State != left }

// resourceState is where a resource of the run stands.
type resourceState string

const (
	making   resourceState = "making" // intended; with a token, under way
	made     resourceState = "made"
	broken   resourceState = "broken" // an operation failed for good; something may be there
	removing resourceState = "removing"
	removed  resourceState = "removed"
	left     resourceState = "left" // to somebody else, whose things are in it
)

func newDocument() document {
	return document{
		Version: journalVersion,
		Run:     uuid.NewString(),
		Created: time.Now().UTC(),
		Steps:   map[string]stepRecord{},
	}
}

// NewJournal is a journal that is kept in memory only, for what need not survive the process.
func NewJournal() *Journal { return &Journal{doc: newDocument()} }

// RunID identifies the run.
func (j *Journal) RunID() string { return j.read().Run }

// Suffix makes the default names of this run's resources differ from other runs'.
func (j *Journal) Suffix() string { return j.RunID()[:suffixLength] }

// Inputs are those of the run so far; a resumed run starts from them.
func (j *Journal) Inputs() Inputs { return j.read().Inputs }

// Bind says which sandbox the run is in, empty for Azure, and refuses a run that was elsewhere:
// what was made there does not exist here.
func (j *Journal) Bind(sandbox string) error {
	doc := j.read()
	if doc.Sandbox == sandbox {
		return nil
	}
	if len(doc.Steps) > 0 || len(doc.Resources) > 0 {
		return fmt.Errorf("the journal of run %s belongs to %s, not to %s", doc.Run, place(doc.Sandbox), place(sandbox))
	}
	return j.note(func(d *document) { d.Sandbox = sandbox })
}

func place(sandbox string) string {
	if sandbox == "" {
		return "Azure"
	}
	return "sandbox " + sandbox
}

// read is a copy whose slices and maps are the reader's own.
func (j *Journal) read() document {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.doc.clone()
}

// Torn tells whether the last write before this process was cut short: what the journal says is what
// stood there before it.
func (j *Journal) Torn() bool { return j.torn }

// change applies a change and returns when it is on disk, with all that was noted before it. A change
// that cannot be written did not happen.
func (j *Journal) change(apply func(*document)) error { return j.commit(apply, true) }

// commit is change, or, where it need not be lasting, hands the change to the system, which puts it on disk
// later: it survives the death of the process, but not the loss of power before the next change.
func (j *Journal) commit(apply func(*document), lasting bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	next := j.doc.clone()
	apply(&next)
	next.Version = journalVersion
	if j.store != nil {
		if err := j.store.save(next, lasting); err != nil {
			return fmt.Errorf("write the journal: %w", err)
		}
	}
	j.doc = next
	j.written()
	return nil
}

// noteDelay is how long a note waits for others to be written with. What a process loses that dies
// meanwhile is found out again by asking the world.
const noteDelay = 250 * time.Millisecond

// note is change for what the world can be asked for again, and what nothing is begun upon: it is
// written soon, or with the next change. The error is that of an earlier note.
func (j *Journal) note(apply func(*document)) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.doc = j.doc.clone()
	apply(&j.doc)
	if j.store != nil && j.noted == nil {
		j.noted = time.AfterFunc(noteDelay, func() { _ = j.flush() })
	}
	return j.failed
}

// flush writes what was noted.
func (j *Journal) flush() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.noted == nil {
		return nil
	}
	j.doc.Version = journalVersion
	err := j.store.save(j.doc, false)
	j.written()
	if err != nil {
		j.failed = fmt.Errorf("write the journal: %w", err)
	}
	return j.failed
}

// written forgets that there is anything left to write, or that it once could not be.
func (j *Journal) written() {
	if j.noted != nil {
		j.noted.Stop()
	}
	j.noted, j.failed = nil, nil
}

func (d document) clone() document {
	steps := make(map[string]stepRecord, len(d.Steps))
	for id, step := range d.Steps {
		steps[id] = step
	}
	d.Steps = steps
	d.Resources = slices.Clone(d.Resources)
	d.Outputs = d.Outputs.clone()
	return d
}

func (j *Journal) setStep(id string, change func(*stepRecord)) error {
	return j.note(func(d *document) {
		record := d.Steps[id]
		change(&record)
		d.Steps[id] = record
	})
}

// intend records that a resource is about to be made. first is false where the journal knew of it
// already; token then resumes the operation under way, if it is known. The disk is not waited for where
// the resource is found again by its place.
func (j *Journal) intend(res Resource, step string) (first bool, token string, err error) {
	write := j.change
	if j.contains(res) {
		write = j.note
	}
	err = write(func(d *document) {
		if d.Began.IsZero() {
			d.Began = time.Now().UTC()
		}
		record := d.record(res)
		first = record == nil || !record.owned()
		record = d.enter(res)
		if record.State == making {
			token = record.Token
		}
		*record = resourceRecord{Resource: res, Step: step, State: making, Token: token}
	})
	return first, token, err
}

// keepUntil is when the user wants all gone, counted from the first thing made; zero where nobody said.
func (d *document) keepUntil() time.Time {
	began := d.Began
	if began.IsZero() {
		began = d.Created
	}
	if d.Inputs.KeepFor <= 0 {
		return time.Time{}
	}
	return began.Add(d.Inputs.KeepFor)
}

func (j *Journal) intendRemoval(res Resource) (token string, err error) {
	err = j.change(func(d *document) {
		record := d.enter(res)
		if record.State == removing {
			token = record.Token
		}
		record.State, record.Token = removing, token
	})
	return token, err
}

// follow records the resume token of an operation that Azure has accepted. The process may die when it
// returns; with the power, the token may be lost, and then the resource's state is followed instead.
func (j *Journal) follow(res Resource, state resourceState, token string) error {
	return j.commit(func(d *document) {
		record := d.record(res)
		record.State, record.Token = state, token
	}, false)
}

// settle records that no operation on the resource is under way any more. Where that is lost, the
// operation is followed once more, to the same end.
func (j *Journal) settle(res Resource, state resourceState) error {
	return j.note(func(d *document) {
		record := d.record(res)
		record.State, record.Token = state, ""
	})
}

// settleStep takes note that what a step was making is there: its probe may have found it so
// without the operation being followed to its end.
func (d *document) settleStep(id string) {
	for i, r := range d.Resources {
		if r.Step == id && (r.State == making || r.State == broken) {
			d.Resources[i].State, d.Resources[i].Token = made, ""
		}
	}
}

// forget drops a resource that never came to be.
func (j *Journal) forget(res Resource) error {
	return j.change(func(d *document) {
		d.Resources = slices.DeleteFunc(d.Resources, func(r resourceRecord) bool { return r.is(res) })
	})
}

// owns tells whether a resource is the run's: the journal says so, or does not know it, and its place
// says so.
func (j *Journal) owns(res Resource) bool {
	doc := j.read()
	if record := doc.record(res); record != nil {
		return record.owned()
	}
	return doc.contains(res)
}

func (j *Journal) contains(res Resource) bool {
	doc := j.read()
	return doc.contains(res)
}

// contains tells whether a resource lies in one that the run made. That was empty when it was made, so
// what has the run's names in it is the run's, whether the journal came to say so or not.
func (d *document) contains(res Resource) bool {
	return res.In != "" && slices.ContainsFunc(d.Resources, func(r resourceRecord) bool { return r.Kind == res.In && r.owned() })
}

// leave records that a resource is the run's no more.
func (j *Journal) leave(res Resource, why string) error {
	return j.change(func(d *document) {
		record := d.record(res)
		record.State, record.Token, record.Why = left, "", why
	})
}

// leftBecause is why a resource was left; false where it was not.
func (j *Journal) leftBecause(res Resource) (why string, was bool) {
	doc := j.read()
	if record := doc.record(res); record != nil && record.State == left {
		return record.Why, true
	}
	return "", false
}

func (j *Journal) removed(res Resource) bool {
	doc := j.read()
	record := doc.record(res)
	return record != nil && record.State == removed
}

func (j *Journal) accepted(res Resource) bool {
	doc := j.read()
	record := doc.record(res)
	return record != nil && record.Token != ""
}

// open are the resources with an operation that is under way, or may be.
func (d *document) open() []Resource {
	var open []Resource
	for _, r := range d.Resources {
		if r.State == making || r.State == removing {
			open = append(open, r.Resource)
		}
	}
	return open
}

// openOf are those of one step.
func (j *Journal) openOf(step string) []Resource {
	doc := j.read()
	doc.Resources = slices.DeleteFunc(doc.Resources, func(r resourceRecord) bool { return r.Step != step })
	return doc.open()
}

// record points into the document; nil where the resource is unknown.
func (d *document) record(res Resource) *resourceRecord {
	i := slices.IndexFunc(d.Resources, func(r resourceRecord) bool { return r.is(res) })
	if i < 0 {
		return nil
	}
	return &d.Resources[i]
}

// enter is record for a resource that may be new.
func (d *document) enter(res Resource) *resourceRecord {
	if d.record(res) == nil {
		d.Resources = append(d.Resources, resourceRecord{Resource: res})
	}
	return d.record(res)
}

// fingerprint tells whether the inputs of those keys are still what they were.
func fingerprint(in Inputs, keys []string) string {
	values := in.values()
	hash := sha256.New()
	for _, key := range slices.Sorted(slices.Values(keys)) {
		fmt.Fprintf(hash, "%s=%q\n", key, values[key])
	}
	return hex.EncodeToString(hash.Sum(nil))
}

var errNewerJournal = errors.New("it was written by a newer cctui: use that one")

// decodeDocument accepts exactly what a journal of this or an older version can be.
func decodeDocument(data []byte) (document, error) {
	doc := document{}
	if len(data) == 0 {
		return doc, errors.New("it is empty")
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return doc, err
	}
	switch {
	case doc.Version > journalVersion:
		return doc, errNewerJournal
	case doc.Version < 1 || len(doc.Run) < suffixLength:
		return doc, errors.New("it is no journal")
	}
	if doc.Steps == nil {
		doc.Steps = map[string]stepRecord{}
	}
	return doc, nil
}
