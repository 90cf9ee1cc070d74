package actions

import (
	"errors"
	"time"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes.
const (
	Succeeded   Outcome = "succeeded"
	Failure     Outcome = "failed"
	Interrupted Outcome = "interrupted"
)

// Result is what a run came to.
type Result struct {
	Outcome Outcome `json:"outcome"`
	Sandbox bool    `json:"sandbox"`
	Run     string  `json:"run"`
	// Message is the decrypted text seen, Ciphertext what the ordinary consumer showed,
	// Attestation why the key was released.
	Message     string        `json:"message,omitempty"`
	Ciphertext  string        `json:"ciphertext,omitempty"`
	Attestation *Attestation  `json:"attestation,omitempty"`
	Problem     *Problem      `json:"problem,omitempty"`
	Steps       map[State]int `json:"steps"`
	// Waived are the steps that the user skips; they count as skipped.
	Waived []string `json:"waived,omitempty"`
	// Open are resources with an operation under way in Azure, or one that may be.
	Open []Resource `json:"open,omitempty"`
	// Exists is all that the run made and did not remove again.
	Exists []Resource `json:"exists,omitempty"`
	// KeepUntil is when the user wanted it removed; zero where no time was set, or nothing exists.
	KeepUntil time.Time `json:"keepUntil,omitzero"`
	// Removed and Kept are what cleanup did and did not remove.
	Removed []Resource `json:"removed,omitempty"`
	Kept    []Kept     `json:"kept,omitempty"`
}

// Kept is a resource that cleanup leaves alone, and why.
type Kept struct {
	Resource
	Why string `json:"why"`
}

// Exit codes of the program.
const (
	ExitDone         = 0
	ExitFailed       = 1
	ExitUsage        = 2
	ExitInterrupted  = 3
	ExitSignIn       = 4
	ExitAvailability = 5
)

var exitCodes = map[Class]int{
	ClassFailed:       ExitFailed,
	ClassUsage:        ExitUsage,
	ClassInterrupted:  ExitInterrupted,
	ClassSignIn:       ExitSignIn,
	ClassAvailability: ExitAvailability,
}

// ExitCode is the program's exit code for the error a run ended with; nil is success.
func ExitCode(err error) int {
	if err == nil {
		return ExitDone
	}
	var p *Problem
	if errors.As(err, &p) {
		if code, ok := exitCodes[p.Class]; ok {
			return code
		}
	}
	var faults Faults
	if errors.As(err, &faults) {
		return ExitUsage
	}
	return ExitFailed
}
