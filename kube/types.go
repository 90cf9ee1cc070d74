package kube

import "time"

// Ref names one object.
type Ref struct{ APIVersion, Kind, Namespace, Name string }

// Object is any object, by its JSON fields.
type Object map[string]any

// Pod is a pod as it stands.
type Pod struct {
	Name, Namespace     string
	UID                 string
	Labels, Annotations map[string]string
	RuntimeClass        string
	ServiceAccount      string
	Phase               string
	Ready               bool
	Deleting            bool // it may look ready, and will be gone
	IP, Node            string
	Containers          []Container
}

// Container is a container of a pod: what was asked, and how it does.
type Container struct {
	Name, Image     string
	Command         []string
	Env             map[string]string // literal values only
	Ready           bool
	Restarts        int
	State           string // running, waiting, terminated
	Reason, Message string // of a waiting or terminated container
}

// Event is something the cluster reported about an object.
type Event struct {
	Type, Reason, Message string
	Count                 int
	Last                  time.Time
}

// Node is a node as it stands.
type Node struct {
	Name, Image, Version string
	Ready                bool
	Labels               map[string]string
}

// Condition is an entry of status.conditions.
type Condition struct{ Type, Status, Reason, Message string }

// PodError is a pod that will not become ready, with what the cluster said about it.
type PodError struct {
	Pod    Pod
	Reason string // e.g. FailedCreatePodSandBox, CrashLoopBackOff, ImagePullBackOff
	Events []Event
}
