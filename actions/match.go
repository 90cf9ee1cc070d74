package actions

import (
	"cmp"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kube"
	"github.com/cctui/cctui/skr"
)

// symptom is what there is to know of an error, whatever adapter it came from.
type symptom struct {
	step   string
	err    error
	status int       // HTTP status of a service's refusal
	codes  []string  // of a service, or reasons of a pod and its events
	stage  skr.Stage // of the sidecar's release, where it failed
	text   string    // everything that was said
}

// inspect takes an error apart.
func inspect(step string, err error) symptom {
	s := symptom{step: step, err: err, text: err.Error()}
	var service *azure.Error
	if errors.As(err, &service) {
		s.status = service.Status
		s.codes = append(s.codes, service.Code, service.InnerCode)
	}
	var pod *kube.PodError
	if errors.As(err, &pod) {
		s.codes = append(s.codes, pod.Reason)
		for _, c := range pod.Pod.Containers {
			s.codes = append(s.codes, c.Reason)
			s.text += "\n" + c.Message
		}
		for _, e := range pod.Events {
			s.codes = append(s.codes, e.Reason)
			s.text += "\n" + e.Message
		}
	}
	var answer *skr.StatusError
	if errors.As(err, &answer) {
		s.status = answer.Status
	}
	var sidecar *skr.SidecarError
	if errors.As(err, &sidecar) {
		s.stage, s.status = sidecar.Stage, sidecar.UpstreamStatus
		s.codes = append(s.codes, sidecar.UpstreamCode)
	}
	return s
}

// match says which errors a row is about: of every condition given, one value must fit.
type match struct {
	steps    []string
	statuses []int
	codes    []string // exact
	stages   []skr.Stage
	text     []pattern
	is       []error
}

func (m match) matches(s symptom) bool {
	return fits(m.steps, func(step string) bool { return step == s.step }) &&
		fits(m.statuses, func(status int) bool { return status == s.status }) &&
		fits(m.codes, func(code string) bool { return slices.Contains(s.codes, code) }) &&
		fits(m.stages, func(stage skr.Stage) bool { return stage == s.stage }) &&
		fits(m.text, func(p pattern) bool { return p().MatchString(s.text) }) &&
		fits(m.is, func(target error) bool { return errors.Is(s.err, target) })
}

// fits is true where no condition is made.
func fits[T any](wanted []T, holds func(T) bool) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, holds)
}

// says matches text, letter case aside. Spaces stand for any white space.
func says(expressions ...string) []pattern {
	patterns := make([]pattern, len(expressions))
	for i, e := range expressions {
		patterns[i] = lazily(`(?is)` + strings.ReplaceAll(e, " ", `\s+`))
	}
	return patterns
}

// pattern is a regular expression, compiled when it is first wanted. There are many of them, a run
// wants few, and to compile all would be half of what the program does before its first frame.
type pattern func() *regexp.Regexp

func lazily(expression string) pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// row is a known failure: how it is recognised, and what the user is told.
type row struct {
	id       string
	when     []match // any of them
	title    string
	why      string
	remedy   []string
	commands []string // <key> stands for an input, in why and remedy too
	links    []string
	cures    []string // ids of what cctui can do itself
	retry    bool
	class    Class // empty: failed
	// detail adds what the error itself tells; nil for none.
	detail func(*Problem, symptom)
}

func (r row) matches(s symptom) bool {
	return slices.ContainsFunc(r.when, func(m match) bool { return m.matches(s) })
}

func (r row) problem(s symptom) *Problem {
	p := &Problem{
		ID: r.id, Title: r.title, Why: r.why, Step: s.step,
		Remedy: slices.Clone(r.remedy), Commands: slices.Clone(r.commands), Links: slices.Clone(r.links),
		Cures: offer(r.cures...), Retry: r.retry, Class: r.class, Raw: Sanitize(s.err.Error(), maxRaw),
	}
	switch {
	case p.Class != "":
	case errors.Is(s.err, azure.ErrSignIn):
		p.Class = ClassSignIn
	default:
		p.Class = ClassFailed
	}
	if r.detail != nil {
		r.detail(p, s)
	}
	return p
}

// unexpected is what the table does not know.
func unexpected(s symptom) *Problem {
	p := &Problem{
		ID: "unexpected", Title: "Something failed that cctui does not know", Step: s.step,
		Why:    "The text below is all that was said.",
		Remedy: []string{"Look up the text below.", "Run the same command again: what is done is not done twice."},
		Class:  ClassFailed, Raw: Sanitize(s.err.Error(), maxRaw),
	}
	if s.status >= http.StatusBadRequest && s.status < http.StatusInternalServerError {
		p.Title = "Azure refused, for a reason that cctui does not know"
	}
	return p
}

// named puts this run's names in the place of <key>, and makes foreign text harmless.
func (p *Problem) named(in Inputs) *Problem {
	names := placeholders(in)
	named := *p
	named.Title = Sanitize(names.Replace(p.Title), maxLine)
	named.Why = Sanitize(names.Replace(p.Why), maxRaw)
	named.Raw = Sanitize(p.Raw, maxRaw)
	named.Remedy = replaceAll(names, p.Remedy)
	named.Commands = replaceAll(names, p.Commands)
	named.Cures = slices.Clone(p.Cures)
	for i, c := range named.Cures {
		named.Cures[i].Label, named.Cures[i].Loses = names.Replace(c.Label), names.Replace(c.Loses)
	}
	return &named
}

// placeholders puts this run's names in the place of <key>. Where the run uses what was there before,
// commands name that, not what a run would make.
func placeholders(in Inputs) *strings.Replacer {
	values := in.values()
	values["vault"] = cmp.Or(in.ManagedHSM, in.ExistingVault, in.Vault)
	var pairs []string
	if in.ManagedHSM != "" {
		pairs = append(pairs, "--vault-name <vault>", "--hsm-name "+in.ManagedHSM, "--name <vault>", "--hsm-name "+in.ManagedHSM)
	}
	if group, name := clusterNames(in); name != in.Cluster {
		pairs = append(pairs, "--resource-group <resource-group> --name <cluster>", "--resource-group "+group+" --name "+name)
	}
	for key, value := range values {
		if value != "" {
			pairs = append(pairs, "<"+key+">", value)
		}
	}
	return strings.NewReplacer(pairs...)
}

func replaceAll(r *strings.Replacer, texts []string) []string {
	replaced := slices.Clone(texts)
	for i, text := range replaced {
		replaced[i] = r.Replace(text)
	}
	return replaced
}
