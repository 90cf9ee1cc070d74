// Package kube talks to a Kubernetes API server: it applies manifests, waits by watching, and
// reads logs, events and pages. It speaks plain types of its own, never client-go's, knows
// nothing of the walkthrough, and is usable as a library by itself.
package kube
