package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cctui/cctui/actions"
)

// usageError is all that is missing or wrong about the inputs, each with every way to give it.
type usageError struct {
	faults actions.Faults
	origin map[string]string // where each value came from, by key
	config string            // path of the config file
}

// usage is nil where there are no faults.
func (c choice) usage(faults []actions.Fault) error {
	if len(faults) == 0 {
		return nil
	}
	return &usageError{faults: faults, origin: c.origin, config: c.config}
}

func (e *usageError) Unwrap() error { return e.faults }

func (e *usageError) Error() string {
	return e.title() + "\n\n  " + strings.Join(e.lines(), "\n  ")
}

func (e *usageError) title() string {
	if len(e.faults) == 1 {
		return "An input is missing or wrong. Nothing was changed."
	}
	return fmt.Sprintf("%d inputs are missing or wrong. Nothing was changed.", len(e.faults))
}

func (e *usageError) lines() (lines []string) {
	for _, fault := range e.faults {
		if fault.Key == "" {
			lines = append(lines, fault.Message)
			continue
		}
		lines = append(lines, e.complaint(fault), "    give it by "+e.ways(fault.Key))
	}
	return lines
}

// complaint quotes the value and says where it came from, for one may not know of a variable.
func (e *usageError) complaint(fault actions.Fault) string {
	if fault.Value == "" {
		return fault.Key + ": " + fault.Message
	}
	origin := cmp.Or(e.origin[fault.Key], "the default")
	return fmt.Sprintf("%s: %q %s (from %s)", fault.Key, fault.Value, fault.Message, origin)
}

// ways are the flag, the variables and the config key of an input.
func (e *usageError) ways(key string) string {
	all := inputs()
	i := slices.IndexFunc(all, func(in input) bool { return in.key == key })
	if i < 0 {
		return "--" + key
	}
	return fmt.Sprintf("--%s, %s, or %s in %s", key, strings.Join(all[i].variables(), " or "), key, e.config)
}

// problem is the same for those who read events.
func (e *usageError) problem() *actions.Problem {
	return &actions.Problem{ID: "usage", Title: e.title(), Remedy: e.lines(), Class: actions.ClassUsage}
}
