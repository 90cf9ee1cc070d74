package tui

import (
	"errors"
	"strconv"
	"time"

	"github.com/cctui/cctui/actions"
)

// field is an input as a form shows it.
type field struct {
	key     string // as actions.Inputs has it
	label   string
	help    string
	choices []string // the only values there are; none: free text
	// at is where the value is: *string, *int, *bool or *time.Duration.
	at func(*actions.Inputs) any
}

const yes, no = "yes", "no"

// options are the values to choose from; none for free text.
func (f field) options() []string {
	if _, ok := f.at(new(actions.Inputs)).(*bool); ok {
		return []string{no, yes}
	}
	return f.choices
}

// text is the field's value; empty where it is not set.
func (f field) text(in actions.Inputs) string {
	switch value := f.at(&in).(type) {
	case *string:
		return *value
	case *bool:
		return map[bool]string{true: yes, false: no}[*value]
	case *int:
		return strconv.Itoa(*value)
	case *time.Duration:
		if *value != 0 {
			return value.String()
		}
	}
	return ""
}

// set reads a text into the inputs. What it means is judged elsewhere; an error only tells that the
// text is no value of that kind.
func (f field) set(in *actions.Inputs, text string) (err error) {
	switch value := f.at(in).(type) {
	case *string:
		*value = text
	case *bool:
		*value = text == yes
	case *int:
		if *value, err = strconv.Atoi(text); err != nil {
			return errors.New("is not a whole number")
		}
	case *time.Duration:
		*value = 0
		if text == "" {
			return nil
		}
		if *value, err = time.ParseDuration(text); err != nil {
			return errors.New("is not a duration such as 90m or 2h")
		}
	}
	return nil
}
