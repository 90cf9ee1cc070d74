package actions

import "strings"

// Fault is something wrong with an input.
type Fault struct {
	Key     string `json:"key"`
	Value   string `json:"value,omitempty"`
	Message string `json:"message"`
}

// Error names the flag; variable and config key follow from it.
func (f Fault) Error() string { return "--" + f.Key + ": " + f.Message }

// Variable is the environment variable of the input.
func (f Fault) Variable() string {
	return "CCTUI_" + strings.ToUpper(strings.ReplaceAll(f.Key, "-", "_"))
}

// Faults are all that is wrong at once.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// Validate finds every fault of complete inputs.
func Validate(in Inputs) []Fault {
	return nil
}
