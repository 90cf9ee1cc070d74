package policy

import (
	"maps"
	"slices"
)

// Request is a container about to be created, as the manifest or the API server's pod has it.
type Request struct {
	Namespace, Pod string
	Name, Image    string
	Command, Args  []string
	Env            map[string]string
	Mounts         []string // paths inside the container
}

const pauseImage = "mcr.microsoft.com/oss/kubernetes/pause:3.6"

// Generate makes the policy of a pod's containers: exactly these, and the pause container.
func Generate(containers []Request) (Document, error) {
	document := Document{RequestDefaults: DefaultSettings()}
	if len(containers) > 0 {
		pause := Request{Namespace: containers[0].Namespace, Pod: containers[0].Pod, Image: pauseImage}
		containers = slices.Concat([]Request{pause}, containers)
	}
	for _, request := range containers {
		container, err := describe(request)
		if err != nil {
			return Document{}, err
		}
		document.Containers = append(document.Containers, container)
	}
	return document, nil
}

// describe is the policy's view of one container.
func describe(r Request) (Container, error) {
	image, err := Pull(r.Image)
	if err != nil {
		return Container{}, err
	}
	kind := "container"
	if r.Name == "" {
		kind = "sandbox"
	}
	mounts := platformMounts()
	for _, path := range r.Mounts {
		mounts = append(mounts, Mount{Destination: path, Source: "$(sfprefix)" + path + "$", Type: "bind", Options: []string{"rbind", "rprivate"}})
	}
	return Container{
		OCI: OCI{
			Version: "1.1.0-rc.1",
			Process: Process{Args: image.arguments(r.Command, r.Args), Env: environment(r.Env), Cwd: "/"},
			Mounts:  mounts,
			Annotations: map[string]string{
				AnnotationType: kind, AnnotationName: r.Name, AnnotationImage: r.Image,
				AnnotationPod: r.Pod, AnnotationNamespace: r.Namespace,
			},
		},
		Storages:     image.storages(),
		ExecCommands: []string{},
	}, nil
}

// environment lists variables as NAME=value, in order, the image's PATH first unless it is set.
func environment(env map[string]string) []string {
	var list []string
	if _, set := env["PATH"]; !set {
		list = append(list, imagePath)
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}
