package arm

import (
	"strings"
	"time"
)

// The preview feature that pools of confidential containers need.
const (
	containerService = "Microsoft.ContainerService"
	kataFeature      = "KataCcIsolationPreview"
)

// registration is the state of something that was asked for at a time and takes its time.
func registration(asked time.Time, duration time.Duration) string {
	switch {
	case asked.IsZero():
		return "NotRegistered"
	case time.Since(asked) < duration:
		return "Registering"
	default:
		return "Registered"
	}
}

func (m *Manager) featureState(namespace, name string) string {
	return registration(m.features[strings.ToLower(namespace+"/"+name)], m.Conditions.Duration("feature.register"))
}

// knownFeature refuses features this subscription has never heard of, as a retired one is.
func (m *Manager) knownFeature(namespace, name string) error {
	_, missing := m.Conditions.Has("feature-missing")
	if !missing && strings.EqualFold(namespace, containerService) && strings.EqualFold(name, kataFeature) {
		return nil
	}
	return notFound("FeatureNotFound", "The feature '%s' could not be found.", name)
}

func (m *Manager) feature(namespace, name string) map[string]any {
	return map[string]any{
		"id":         m.subscriptionID() + "/providers/Microsoft.Features/providers/" + namespace + "/features/" + name,
		"name":       namespace + "/" + name,
		"type":       "Microsoft.Features/providers/features",
		"properties": map[string]string{"state": m.featureState(namespace, name)},
	}
}

func (m *Manager) getFeature(c *call) (answer, error) {
	namespace, name := c.PathValue("namespace"), c.PathValue("feature")
	if err := m.knownFeature(namespace, name); err != nil {
		return answer{}, err
	}
	return ok(m.feature(namespace, name)), nil
}

func (m *Manager) registerFeature(c *call) (answer, error) {
	namespace, name := c.PathValue("namespace"), c.PathValue("feature")
	if err := m.knownFeature(namespace, name); err != nil {
		return answer{}, err
	}
	askOnce(m.features, namespace+"/"+name)
	return ok(m.feature(namespace, name)), nil
}

// askOnce does not begin again what has begun.
func askOnce(asked map[string]time.Time, name string) {
	if name = strings.ToLower(name); asked[name].IsZero() {
		asked[name] = time.Now()
	}
}

// providerNames are the resource providers of the walkthrough.
var providerNames = []string{
	containerService, attestationNamespace, "Microsoft.Authorization", "Microsoft.Compute",
	"Microsoft.Features", "Microsoft.KeyVault", "Microsoft.ManagedIdentity", "Microsoft.Network", "Microsoft.Resources", "Microsoft.Storage",
}

// providerState is Registered from the start but for AKS and attestation, as in a subscription that was used before, for other things.
func (m *Manager) providerState(namespace string) string {
	if !strings.EqualFold(namespace, containerService) && !strings.EqualFold(namespace, attestationNamespace) {
		return "Registered"
	}
	return registration(m.providers[strings.ToLower(namespace)], m.Conditions.Duration("provider.register"))
}

func (m *Manager) provider(namespace string) (map[string]any, error) {
	for _, known := range providerNames {
		if strings.EqualFold(known, namespace) {
			return map[string]any{
				"id": m.subscriptionID() + "/providers/" + known, "namespace": known,
				"registrationPolicy": "RegistrationRequired", "registrationState": m.providerState(known),
				"resourceTypes": []any{},
			}, nil
		}
	}
	return nil, notFound("InvalidResourceNamespace", "The resource namespace '%s' is invalid.", namespace)
}

func (m *Manager) getProvider(c *call) (answer, error) {
	p, err := m.provider(c.PathValue("namespace"))
	return ok(p), err
}

func (m *Manager) registerProvider(c *call) (answer, error) {
	if _, err := m.provider(c.PathValue("namespace")); err != nil {
		return answer{}, err
	}
	askOnce(m.providers, c.PathValue("namespace"))
	return m.getProvider(c)
}

// registered refuses types of a provider that is not registered yet.
func (m *Manager) registered(namespace string) error {
	if m.providerState(namespace) == "Registered" {
		return nil
	}
	return conflict("MissingSubscriptionRegistration", "The subscription is not registered to use namespace '%s'. See https://aka.ms/rps-not-found for how to register subscriptions.", namespace)
}
