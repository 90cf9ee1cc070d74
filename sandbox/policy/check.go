package policy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Check tells whether a container may be created. Its error is worded as the agent's.
func (d Document) Check(r Request) error {
	wanted, err := describe(r)
	if err != nil {
		return blocked(err)
	}
	i := slices.IndexFunc(d.Containers, func(c Container) bool {
		return c.OCI.Annotations[AnnotationName] == r.Name
	})
	if i < 0 {
		return blocked(fmt.Errorf("allow_by_container_type: no container %q in policy_data", r.Name))
	}
	if err := d.allow(d.Containers[i], wanted); err != nil {
		return blocked(err)
	}
	return nil
}

// AllowsLogs tells whether a container's output may be read from outside.
func (d Document) AllowsLogs() bool { return d.RequestDefaults.ReadStreamRequest }

// CheckExec tells whether a command may be executed in a running container.
func (d Document) CheckExec(command string) error {
	if slices.Contains(d.RequestDefaults.ExecProcessRequest.Commands, command) {
		return nil
	}
	return errors.New(`"ExecProcessRequest is blocked by policy: "`)
}

func blocked(reason error) error {
	return fmt.Errorf("CreateContainerRequest is blocked by policy: %w", reason)
}

func (d Document) allow(policy, input Container) error {
	if want, got := policy.OCI.Annotations[AnnotationPod], input.OCI.Annotations[AnnotationPod]; !sameName(want, got) {
		return fmt.Errorf("allow_by_anno: %s: p = %q i = %q", AnnotationPod, want, got)
	}
	for _, key := range []string{AnnotationNamespace, AnnotationImage} {
		if want, got := policy.OCI.Annotations[key], input.OCI.Annotations[key]; want != got {
			return fmt.Errorf("allow_by_anno: %s: p = %q i = %q", key, want, got)
		}
	}
	if want, got := policy.OCI.Process.Args, input.OCI.Process.Args; !slices.Equal(want, got) {
		return fmt.Errorf("allow_args: p = %q i = %q", want, got)
	}
	if want, got := layers(policy), layers(input); !slices.Equal(want, got) {
		return fmt.Errorf("allow_storages: p = %q i = %q", want, got)
	}
	if err := d.allowMounts(policy, input); err != nil {
		return err
	}
	return d.allowEnv(policy, input)
}

// GeneratedName is what a policy has for the name of a pod that a controller makes and names.
func GeneratedName(controller string) string {
	return "^" + regexp.QuoteMeta(controller) + "(-[a-z0-9]+)+$"
}

// sameName compares a pod's name with the policy's, which may be a pattern.
func sameName(policy, name string) bool {
	if !strings.HasPrefix(policy, "^") {
		return policy == name
	}
	pattern, err := regexp.Compile(policy)
	return err == nil && pattern.MatchString(name)
}

func layers(c Container) (hashes []string) {
	for _, s := range c.Storages {
		hashes = append(hashes, s.Options...)
	}
	return hashes
}

func (d Document) allowMounts(policy, input Container) error {
	for _, mount := range input.OCI.Mounts {
		if !slices.ContainsFunc(policy.OCI.Mounts, func(m Mount) bool { return m.Destination == mount.Destination }) {
			return fmt.Errorf("allow_mounts: i_mount.destination = %q", mount.Destination)
		}
	}
	return nil
}

// allowEnv holds every variable of the container against the policy; one that the policy has and
// the container lacks is no fault.
func (d Document) allowEnv(policy, input Container) error {
	var platform []*regexp.Regexp
	for _, expression := range d.RequestDefaults.CreateContainerRequest.AllowEnvRegex {
		re, err := regexp.Compile(expression)
		if err != nil {
			return fmt.Errorf("allow_env_regex %q: %w", expression, err)
		}
		platform = append(platform, re)
	}
	for _, variable := range input.OCI.Process.Env {
		known := slices.Contains(policy.OCI.Process.Env, variable) ||
			slices.ContainsFunc(platform, func(re *regexp.Regexp) bool { return re.MatchString(variable) })
		if !known {
			return fmt.Errorf("allow_env: i_var = %q", variable)
		}
	}
	return nil
}
