package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/cctui/cctui/sandbox"
	"github.com/cctui/cctui/sandbox/arm"
)

// storm is what a walkthrough has to go through, and how it goes about it.
type storm struct {
	faults    []string // of the sandbox, for as long as the storm lasts
	args      []string // of the walkthrough
	interrupt int      // Ctrl+C after so many events; 0: none
	again     bool     // the command is given a second time while the storm lasts
	cleanup   bool     // and so is cleanup
}

// stormOf is the storm of a seed.
func stormOf(seed uint64) storm {
	r := rand.New(rand.NewPCG(seed, 0))
	var s storm
	all := sandbox.Faults()
	if r.IntN(3) > 0 { // most storms may be got through
		all = slices.DeleteFunc(all, func(f sandbox.Fault) bool { return !passes(f.Name) })
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, fault := range all[:1+r.IntN(4)] {
		s.faults = append(s.faults, fault.Name+argument(r, fault.Name))
	}
	if r.IntN(3) == 0 {
		s.args = append(s.args, "--existing-cluster=contoso-aks", "--cluster-resource-group=contoso-rg")
	}
	switch r.IntN(8) {
	case 0, 1:
		s.args = append(s.args, "--existing-vault=contoso-kv")
	case 2:
		s.args = append(s.args, "--managed-hsm=contoso-hsm")
	}
	s.args = append(s.args, "--soft-deleted="+pick(r, "fail", "recover", "purge"), "--expose="+pick(r, "cluster", "internal", "public"))
	if r.IntN(3) == 0 {
		s.interrupt = 1 + r.IntN(120)
	}
	s.again, s.cleanup = r.IntN(2) == 0, r.IntN(2) == 0
	return s
}

// passes tells whether a fault is of the kind that passes, or may.
func passes(fault string) bool {
	for _, prefix := range []string{"http-", "operation-", "throttle", "rbac-slow", "sidecar-slow", "key-"} {
		if strings.HasPrefix(fault, prefix) {
			return true
		}
	}
	return false
}

// argument is a random one of a fault, or none, which most faults take too.
func argument(r *rand.Rand, fault string) string {
	services := []string{"", "=management", "=login", "=vault", "=managedhsm", "=attest", "=k8s"}
	switch {
	case fault == "throttle":
		// Not the API server's clients: each call would rest for two seconds, as Retry-After knows no less.
		return pick(r, services[:6]...)
	case strings.HasPrefix(fault, "http-"):
		return pick(r, services...)
	case strings.HasPrefix(fault, "operation-"):
		if operation := pick(r, append(arm.LongRunning(), "")...); operation != "" {
			return "=" + operation
		}
	case fault == "rbac-slow":
		return pick(r, "", "=300ms", "=1m")
	}
	return ""
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func (s storm) String() string {
	text := strings.Join(s.faults, " ")
	for _, arg := range s.args {
		if _, value, _ := strings.Cut(arg, "="); value != "fail" && value != "cluster" && value != "contoso-rg" {
			text += " " + strings.TrimPrefix(arg, "--")
		}
	}
	if s.interrupt > 0 {
		text += fmt.Sprintf(" ^C@%d", s.interrupt)
	}
	return text
}

// forbids tells whether a walkthrough that succeeds in this storm lies: the name of the fault that
// nothing can be decrypted with.
func (s storm) forbids() string {
	fatal := []string{
		"policy-drift", "wrong-authority", "debuggable-guest", "no-sidecar", "federated-subject", "federated-issuer", "federated-audience",
		"topic-mismatch", "quota-zero", "sku-missing", "feature-missing", "runtime-class-missing",
	}
	if !slices.Contains(s.args, "--existing-cluster=contoso-aks") { // that one has its version
		fatal = append(fatal, "kubernetes-new")
	}
	for _, fault := range s.faults {
		name, _, _ := strings.Cut(fault, "=")
		if slices.Contains(fatal, name) {
			return name
		}
	}
	return ""
}

// renews tells whether the storm may rightly have more than one version of the key made.
func (s storm) renews() bool {
	return slices.ContainsFunc(s.faults, func(f string) bool {
		return slices.Contains([]string{"key-rotated", "key-deleted", "wrong-authority"}, f)
	})
}
