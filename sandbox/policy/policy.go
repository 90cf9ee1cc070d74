// Package policy is the Kata agent policy as the sandbox's generator writes it and the sandbox's
// guests enforce it: a Rego text whose policy_data says which containers may be created.
//
// It evaluates no Rego. The rules in the text say what Check does; what differs from pod to pod is
// in policy_data, and that is read back from the text. It knows nothing of Kubernetes objects.
//
// Format: microsoft/kata-containers, src/tools/genpolicy (policy_data, rules.rego).
package policy

// Document is the policy_data of a policy.
type Document struct {
	Containers      []Container `json:"containers"`
	RequestDefaults Defaults    `json:"request_defaults"`
}

// Container is a container that may be created.
type Container struct {
	OCI          OCI       `json:"OCI"`
	Storages     []Storage `json:"storages"`
	SandboxPIDNS bool      `json:"sandbox_pidns"`
	ExecCommands []string  `json:"exec_commands"`
}

// OCI is the part of the container's runtime specification that the policy covers.
type OCI struct {
	Version     string            `json:"Version"`
	Process     Process           `json:"Process"`
	Mounts      []Mount           `json:"Mounts"`
	Annotations map[string]string `json:"Annotations"`
}

// Process is what runs in a container.
type Process struct {
	Args []string `json:"Args"`
	Env  []string `json:"Env"` // NAME=value
	Cwd  string   `json:"Cwd"`
}

// Mount is a file system of a container.
type Mount struct {
	Destination string   `json:"destination"`
	Source      string   `json:"source"`
	Type        string   `json:"type_"`
	Options     []string `json:"options"`
}

// Storage is the stack of an image's layers, by the dm-verity root hashes of each.
type Storage struct {
	Driver     string   `json:"driver"`
	FSType     string   `json:"fstype"`
	Options    []string `json:"options"`
	MountPoint string   `json:"mount_point"`
}

// Defaults are what a policy allows beside its containers.
type Defaults struct {
	CreateContainerRequest CreateContainer `json:"CreateContainerRequest"`
	ExecProcessRequest     ExecProcess     `json:"ExecProcessRequest"`
	ReadStreamRequest      bool            `json:"ReadStreamRequest"`
	WriteStreamRequest     bool            `json:"WriteStreamRequest"`
}

// CreateContainer lists what the platform may add to a container.
type CreateContainer struct {
	AllowEnvRegex []string `json:"allow_env_regex"`
}

// ExecProcess lists what may be executed in a running container.
type ExecProcess struct {
	Commands []string `json:"commands"`
	Regex    []string `json:"regex"`
}

// Annotations by which containerd tells the agent which container of which pod it creates.
const (
	AnnotationType      = "io.kubernetes.cri.container-type"
	AnnotationName      = "io.kubernetes.cri.container-name"
	AnnotationImage     = "io.kubernetes.cri.image-name"
	AnnotationPod       = "io.kubernetes.cri.sandbox-name"
	AnnotationNamespace = "io.kubernetes.cri.sandbox-namespace"
)
