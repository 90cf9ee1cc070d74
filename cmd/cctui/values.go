package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// assign reads texts into a field of settings by the field's type. A list takes all of them,
// anything else the last.
func assign(in input, to *settings, texts []string) (err error) {
	text := texts[len(texts)-1]
	switch field := in.field(to).(type) {
	case *string:
		*field, err = text, in.allow(text)
	case *[]string:
		*field = strings.Split(strings.Join(texts, ","), ",")
		for _, word := range *field {
			name, _, _ := strings.Cut(word, "=")
			err = cmp.Or(err, in.allow(name))
		}
	case *bool:
		*field, err = strconv.ParseBool(text)
		err = plain(err, "is neither true nor false")
	case *int:
		*field, err = strconv.Atoi(text)
		err = plain(err, "is not a whole number")
	case *float64:
		*field, err = strconv.ParseFloat(text, 64)
		if err != nil || !(*field > 0) {
			err = errors.New("is not a number above zero")
		}
	case *time.Duration:
		*field, err = time.ParseDuration(text)
		err = plain(err, "is not a duration such as 90m or 2h")
	}
	return err
}

// allow refuses a word that is none of the choices.
func (in input) allow(word string) error {
	if len(in.choices) == 0 || slices.Contains(in.choices, word) {
		return nil
	}
	return fmt.Errorf("is none of %s", strings.Join(in.choices, ", "))
}

func plain(err error, message string) error {
	if err == nil {
		return nil
	}
	return errors.New(message)
}

// show is a field's value as text; empty where it is zero.
func show(field any) string {
	switch f := field.(type) {
	case *string:
		return *f
	case *[]string:
		return strings.Join(*f, ",")
	case *bool:
		return unlessZero(*f, strconv.FormatBool(*f))
	case *int:
		return unlessZero(*f, strconv.Itoa(*f))
	case *float64:
		return unlessZero(*f, strconv.FormatFloat(*f, 'g', -1, 64))
	case *time.Duration:
		return unlessZero(*f, f.String())
	}
	return ""
}

func unlessZero[T comparable](value T, text string) string {
	var zero T
	if value == zero {
		return ""
	}
	return text
}

// flagText keeps what was typed. It is read later, by the same rules as variables and the
// config file, so that every fault is told at once and not the first alone.
type flagText struct {
	kind  string // what help calls it
	texts []string
}

var _ pflag.Value = (*flagText)(nil)

func (f *flagText) Set(text string) error { f.texts = append(f.texts, text); return nil }
func (f *flagText) String() string        { return strings.Join(f.texts, ",") }
func (f *flagText) Type() string          { return f.kind }

// kind is what help calls the values of an input.
func kind(in input) string {
	switch in.field(new(settings)).(type) {
	case *bool:
		return "bool"
	case *int, *float64:
		return "number"
	case *time.Duration:
		return "duration"
	}
	if len(in.choices) > 0 {
		return "word"
	}
	return "text"
}
