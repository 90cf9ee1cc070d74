package actions

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// EncodeEvent writes an event as one line of JSON, without the line's end. Every object has type
// and time: "step", "progress", "log", "output", "problem", and last of all "result".
func EncodeEvent(e Event) ([]byte, error) {
	kind, err := kindOf(e)
	if err != nil {
		return nil, err
	}
	var line bytes.Buffer
	fmt.Fprintf(&line, `{"type":%q,`, kind)
	var object bytes.Buffer
	encoder := json.NewEncoder(&object)
	encoder.SetEscapeHTML(false) // people read it too
	if err := encoder.Encode(e); err != nil {
		return nil, fmt.Errorf("encode %s event: %w", kind, err)
	}
	line.Write(bytes.TrimSpace(object.Bytes())[1:]) // no event is empty: it has a time
	return line.Bytes(), nil
}

func kindOf(e Event) (string, error) {
	switch e.(type) {
	case StepChanged:
		return "step", nil
	case Progressed:
		return "progress", nil
	case Logged:
		return "log", nil
	case OutputSet:
		return "output", nil
	case ProblemRaised:
		return "problem", nil
	case Finished:
		return "result", nil
	}
	return "", fmt.Errorf("unknown event %T", e)
}

// DecodeEvent reads what EncodeEvent wrote. Fields it does not know are passed over.
func DecodeEvent(line []byte) (Event, error) {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	switch head.Type {
	case "step":
		return decode[StepChanged](line)
	case "progress":
		return decode[Progressed](line)
	case "log":
		return decode[Logged](line)
	case "output":
		return decode[OutputSet](line)
	case "problem":
		return decode[ProblemRaised](line)
	case "result":
		return decode[Finished](line)
	}
	return nil, fmt.Errorf("decode event: unknown type %q", head.Type)
}

func decode[E Event](line []byte) (Event, error) {
	var e E
	if err := json.Unmarshal(line, &e); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	return e, nil
}
