// Package images are the programs that the sandbox's pods run: the SKR sidecar, the Kafka sample's
// consumer and producer, the Strimzi operator and the Kafka broker. Each does what the real image
// does, in its words, and reaches the world only through its container: its environment, its files,
// its network and, in a confidential pod, its TEE.
package images

import (
	"crypto/x509"
	"strings"
	"sync"

	"github.com/cctui/cctui/sandbox/broker"
	"github.com/cctui/cctui/sandbox/conditions"
	"github.com/cctui/cctui/sandbox/pods"
)

// Options are what the images need beside their containers.
type Options struct {
	Conditions conditions.Conditions
	// Roots are trusted as signers of released keys, as the system's are in a real image.
	Roots *x509.CertPool
	// Broker is told which Kafka broker runs; nil when it has stopped. May be nil.
	Broker func(*broker.Broker)
}

// library are the images with what they share from one container to the next.
type library struct {
	Options
	slowSidecar sync.Once // the sidecar that the fault sidecar-slow slows down is the first
}

// New is the registry that holds the images, under any tag or digest.
func New(o Options) pods.Registry {
	l := &library{Options: o}
	programs := map[string]pods.Image{
		"mcr.microsoft.com/aci/skr":                    l.sidecar,
		"mcr.microsoft.com/acc/samples/kafka/consumer": l.consumer,
		"mcr.microsoft.com/acc/samples/kafka/producer": l.producer,
		"quay.io/strimzi/operator":                     l.operator,
		"quay.io/strimzi/kafka":                        l.broker,
	}
	return func(reference string) (pods.Image, bool) {
		repository, _ := splitReference(reference)
		image, ok := programs[repository]
		return image, ok
	}
}

// splitReference separates the repository from the tag, which may be missing.
func splitReference(reference string) (repository, tag string) {
	repository, _, _ = strings.Cut(reference, "@")
	slash := strings.LastIndex(repository, "/")
	name, tag, _ := strings.Cut(repository[slash+1:], ":")
	return repository[:slash+1] + name, tag
}
