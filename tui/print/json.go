package print

import (
	"io"

	"github.com/cctui/cctui/actions"
)

// JSON writes every event as one JSON object a line.
type JSON struct {
	out io.Writer
	err error
}

// NewJSON writes to out.
func NewJSON(out io.Writer) *JSON { return &JSON{out: out} }

// Event writes an event. After an error it writes nothing more; Err tells.
func (j *JSON) Event(e actions.Event) {
	if j.err != nil {
		return
	}
	line, err := actions.EncodeEvent(e)
	if err == nil {
		_, err = j.out.Write(append(line, '\n'))
	}
	j.err = err
}

// Err is the first error of writing.
func (j *JSON) Err() error { return j.err }
