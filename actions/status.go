package actions

import (
	"slices"
	"time"
)

// Status is what a run knows of itself, without asking the world.
type Status struct {
	Run     string `json:"run"`
	Sandbox string `json:"sandbox,omitempty"` // id of the sandbox; empty: Azure
	// Gone tells that the sandbox has ended, and with it all that the run made.
	Gone    bool             `json:"gone,omitempty"`
	Created time.Time        `json:"created"`
	Inputs  Inputs           `json:"inputs"`
	Steps   []StepStatus     `json:"steps"`
	Made    []ResourceStatus `json:"resources"`
	// KeepUntil is when the user wanted it gone; zero where no time was set.
	KeepUntil time.Time `json:"keepUntil,omitzero"`
	Costs     []Cost    `json:"costs,omitempty"`
}

// StepStatus is a step that has been begun.
type StepStatus struct {
	ID       string    `json:"id"`
	Screen   Screen    `json:"screen"`
	Title    string    `json:"title"`
	State    State     `json:"state"`
	Waived   bool      `json:"waived,omitempty"` // skipped by the user, not because it was so already
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
}

// ResourceStatus is a resource of the run.
type ResourceStatus struct {
	Resource
	Step string `json:"step"`
	// State is "made", "making", "removing", or "broken" where an operation failed for good.
	State string `json:"state"`
}

// Overdue tells whether the run is kept longer than wanted.
func (s Status) Overdue(now time.Time) bool {
	return len(s.Made) > 0 && !s.KeepUntil.IsZero() && now.After(s.KeepUntil)
}

// HourlyCost is the rough sum of what is known, in US dollars.
func (s Status) HourlyCost() (sum float64) {
	for _, c := range s.Costs {
		sum += c.Hourly
	}
	return sum
}

// Status tells what the journal knows; the steps give the order.
func (j *Journal) Status(steps []Step) Status {
	doc := j.read()
	status := Status{
		Run: doc.Run, Sandbox: doc.Sandbox, Created: doc.Created, Inputs: doc.Inputs, KeepUntil: doc.keepUntil(),
		Steps: []StepStatus{}, Made: []ResourceStatus{},
	}
	for _, r := range doc.Resources {
		if r.owned() {
			status.Made = append(status.Made, ResourceStatus{Resource: r.Resource, Step: r.Step, State: string(r.State)})
		}
	}
	for _, s := range steps {
		if r, begun := doc.Steps[s.ID]; begun {
			status.Steps = append(status.Steps, StepStatus{s.ID, s.Screen, s.Title, r.State, r.Waived, r.Started, r.Finished})
		}
		if cost := costOf(s.ID, doc.Inputs); cost.What != "" && status.has(s.ID) {
			status.Costs = append(status.Costs, cost)
		}
	}
	return status
}

// has tells whether something of a step is there.
func (s Status) has(step string) bool {
	return slices.ContainsFunc(s.Made, func(r ResourceStatus) bool { return r.Step == step })
}
