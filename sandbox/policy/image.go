package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Image is what an image's configuration says, and its layers.
type Image struct {
	Reference  string
	Entrypoint []string
	Cmd        []string
	Layers     []string // dm-verity root hash of each, lower-case hex
}

// ImageError is an image that no policy can be made for.
type ImageError struct{ Reference, Reason string }

func (e *ImageError) Error() string {
	return fmt.Sprintf("Failed to pull container image %s - error: %s", e.Reference, e.Reason)
}

const imagePath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// commands are what the sandbox's images run where the manifest names no command, by repository.
func commands() map[string][]string {
	return map[string][]string{
		"mcr.microsoft.com/aci/skr":                    {"/skr.sh"},
		"mcr.microsoft.com/acc/samples/kafka/consumer": {"/consume"},
		"mcr.microsoft.com/acc/samples/kafka/producer": {"/produce"},
		"quay.io/strimzi/operator":                     {"/opt/strimzi/bin/cluster_operator_run.sh"},
		"quay.io/strimzi/kafka":                        {"/opt/kafka/kafka_run.sh"},
		"mcr.microsoft.com/oss/kubernetes/pause":       {"/pause"},
	}
}

// Pull reads an image's configuration and layers. The layers follow from the reference, so that a
// policy is the same wherever it is generated; a reference that may move later is refused.
func Pull(reference string) (Image, error) {
	repository, version, err := split(reference)
	if err != nil {
		return Image{}, err
	}
	cmd, ok := commands()[repository]
	if !ok {
		return Image{}, &ImageError{reference, "RegistryError: manifest unknown: repository " + repository + " is not in the sandbox's registry"}
	}
	image := Image{Reference: reference, Cmd: cmd}
	for layer := range 2 {
		sum := sha256.Sum256(fmt.Appendf(nil, "layer %d of %s %s", layer, repository, version))
		image.Layers = append(image.Layers, hex.EncodeToString(sum[:]))
	}
	return image, nil
}

// split separates the repository from the tag or digest.
func split(reference string) (repository, version string, err error) {
	if repository, digest, ok := strings.Cut(reference, "@"); ok {
		repository, _, _ = cutTag(repository)
		return repository, digest, nil
	}
	repository, tag, ok := cutTag(reference)
	if !ok || tag == "latest" {
		return "", "", &ImageError{reference, "the tag latest can move to other layers, which the policy would then refuse: name a version or a digest"}
	}
	return repository, tag, nil
}

// cutTag cuts at the colon behind the last slash; one before it belongs to a registry's port.
func cutTag(reference string) (repository, tag string, ok bool) {
	slash := strings.LastIndex(reference, "/")
	name, tag, ok := strings.Cut(reference[slash+1:], ":")
	return reference[:slash+1] + name, tag, ok
}

// arguments are the process's: a command replaces the image's entry point and arguments, arguments
// alone replace its arguments.
func (i Image) arguments(command, args []string) []string {
	switch {
	case len(command) > 0:
		return slices.Concat(command, args)
	case len(args) > 0:
		return slices.Concat(i.Entrypoint, args)
	default:
		return slices.Concat(i.Entrypoint, i.Cmd)
	}
}

func (i Image) storages() []Storage {
	return []Storage{{
		Driver:     "overlayfs",
		FSType:     "fuse3.kata-overlay",
		Options:    i.Layers,
		MountPoint: "$(cpath)/$(bundle-id)",
	}}
}
