package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Latency profiles.
const (
	ProfileInstant = "instant" // nothing takes time
	ProfileDemo    = "demo"    // an audience can follow
	ProfileAzure   = "azure"   // as long as it usually takes in Azure
)

// duration is how long an operation takes under the profiles demo and azure.
type duration struct{ demo, azure time.Duration }

// durations are typical ones, not bounds.
var durations = map[string]duration{
	"provider.register":      {500 * time.Millisecond, 30 * time.Second},
	"feature.register":       {4 * time.Second, 6 * time.Minute},
	"group.create":           {300 * time.Millisecond, 2 * time.Second},
	"group.delete":           {4 * time.Second, 3 * time.Minute},
	"cluster.create":         {10 * time.Second, 5 * time.Minute},
	"cluster.update":         {5 * time.Second, 2 * time.Minute},
	"cluster.delete":         {5 * time.Second, 5 * time.Minute},
	"pool.create":            {7 * time.Second, 4 * time.Minute},
	"pool.delete":            {4 * time.Second, 3 * time.Minute},
	"identity.create":        {300 * time.Millisecond, 3 * time.Second},
	"federated.propagate":    {time.Second, 20 * time.Second},
	"vault.create":           {2 * time.Second, 20 * time.Second},
	"vault.delete":           {time.Second, 5 * time.Second},
	"vault.purge":            {time.Second, 15 * time.Second},
	"attestation.create":     {time.Second, 10 * time.Second},
	"role.propagate":         {3 * time.Second, 2 * time.Minute},
	"key.create":             {500 * time.Millisecond, 2 * time.Second},
	"policy.generate":        {4 * time.Second, 90 * time.Second},
	"device.approve":         {3 * time.Second, 20 * time.Second},
	"strimzi.install":        {3 * time.Second, 45 * time.Second},
	"kafka.start":            {4 * time.Second, 90 * time.Second},
	"pod.start":              {time.Second, 15 * time.Second},
	"pod.start.confidential": {3 * time.Second, 40 * time.Second},
	"sidecar.start":          {500 * time.Millisecond, 5 * time.Second},
	"producer.interval":      {2 * time.Second, 10 * time.Second},
	"lb.assign":              {2 * time.Second, 40 * time.Second},
}

// slowRoles is how long roles take to propagate under the fault rbac-slow, if its argument does not say.
const slowRoles = 2 * time.Second

// weather is the sandbox's conditions today.
type weather struct {
	profile string
	scale   float64
	faults  *atomic.Pointer[map[string]string] // scripted, with their arguments
}

func newWeather(profile string, scale float64, faults []string) (weather, error) {
	profile, scale = cmp.Or(profile, ProfileInstant), cmp.Or(scale, 1)
	if known := []string{ProfileInstant, ProfileDemo, ProfileAzure}; !slices.Contains(known, profile) {
		return weather{}, fmt.Errorf("unknown latency profile %q: choose one of %s", profile, strings.Join(known, ", "))
	}
	if scale < 0 {
		return weather{}, fmt.Errorf("the scale of the latency profile is %g: it must be positive", scale)
	}
	w := weather{profile: profile, scale: scale, faults: &atomic.Pointer[map[string]string]{}}
	return w, w.script(faults)
}

// script makes these faults, and no others, happen from now on.
func (w weather) script(faults []string) error {
	scripted, err := parseFaults(faults)
	if err == nil {
		w.faults.Store(&scripted)
	}
	return err
}

// Duration is how long an operation takes; one that is not in the table takes no time.
func (w weather) Duration(operation string) time.Duration {
	typical := w.typical(operation)
	if argument, on := w.Has("rbac-slow"); on && operation == "role.propagate" {
		asked, err := time.ParseDuration(argument)
		if err != nil {
			asked = slowRoles
		}
		return max(asked, typical)
	}
	return typical
}

func (w weather) typical(operation string) time.Duration {
	switch w.profile {
	case ProfileDemo:
		return time.Duration(w.scale * float64(durations[operation].demo))
	case ProfileAzure:
		return time.Duration(w.scale * float64(durations[operation].azure))
	default:
		return 0
	}
}

// Take waits as long as an operation takes, or until the context ends.
func (w weather) Take(ctx context.Context, operation string) error {
	timer := time.NewTimer(w.Duration(operation))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", operation, ctx.Err())
	}
}

// Has tells whether a fault is scripted, and its argument.
func (w weather) Has(fault string) (argument string, on bool) {
	argument, on = (*w.faults.Load())[fault]
	return argument, on
}
