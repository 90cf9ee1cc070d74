package actions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/skr"
)

func attestation() Step {
	return Step{
		ID: "attestation", Screen: ScreenKeys, Title: "Create the attestation provider, or check the shared one",
		Why:     "It checks what the processor says of a pod's guest, and signs it; the key's policy trusts this one service.",
		Needs:   []string{"resource-group"},
		Reads:   []string{"attestation-endpoint", "attestation-provider", "resource-group", "location"},
		Typical: 30 * time.Second,
		Commands: func(in Inputs) []string {
			if in.AttestationEndpoint != "" {
				return []string{"export MAA_ENDPOINT=" + sh(attestationHost(in.AttestationEndpoint)), `echo "$MAA_ENDPOINT"`}
			}
			return []string{
				sh("az", "extension", "add", "--name", "attestation"),
				sh("az", "attestation", "create", "--resource-group", in.ResourceGroup, "--name", in.AttestationProvider, "--location", in.Location),
				"MAA_ENDPOINT=$(" + sh("az", "attestation", "show", "--resource-group", in.ResourceGroup, "--name", in.AttestationProvider,
					"--query", "attestUri", "--output", "tsv") + " | cut -c 9-)",
				"export MAA_ENDPOINT",
				`echo "$MAA_ENDPOINT"`,
			}
		},
		Probe: probeAttestation,
		Run:   runAttestation,
		Undo:  undoAttestation,
		UndoCommands: func(in Inputs) []string {
			if in.AttestationEndpoint != "" {
				return nil
			}
			return []string{sh("az", "attestation", "delete", "--resource-group", in.ResourceGroup, "--name", in.AttestationProvider, "--yes")}
		},
	}
}

// attestationHost is the bare host of whatever way an endpoint was written.
func attestationHost(endpoint string) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(endpoint, "https://"), "http://"), "/")
	return host
}

func probeAttestation(ctx context.Context, r *Run) (bool, error) {
	if endpoint := r.Inputs().AttestationEndpoint; endpoint != "" {
		return true, trustAttestation(ctx, r, attestationHost(endpoint))
	}
	name := r.Inputs().AttestationProvider
	found, err := r.Azure().AttestationProvider(ctx, runGroup(r), name)
	if azure.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for attestation provider %s: %w", name, err)
	}
	if !r.Owns(providerResource(r)) {
		r.Logf("Attestation provider %s was there before; cleanup will leave it", name)
	}
	return true, trustAttestation(ctx, r, attestationHost(found.URI))
}

func runAttestation(ctx context.Context, r *Run) error {
	in := r.Inputs()
	var host string
	err := r.Create(ctx, providerResource(r), func(azure.LRO) error {
		made, err := r.Azure().CreateAttestationProvider(ctx, runGroup(r), in.AttestationProvider, in.Location, r.Tags())
		if err != nil {
			return fmt.Errorf("create attestation provider %s: %w", in.AttestationProvider, err)
		}
		host = attestationHost(made.URI)
		return nil
	})
	if err != nil {
		return err
	}
	return trustAttestation(ctx, r, host)
}

// trustAttestation records the authority once the service answers under exactly that name: the
// vault compares it with the tokens' issuer character by character.
func trustAttestation(ctx context.Context, r *Run, host string) error {
	var found skr.Metadata
	err := untilAllowed(ctx, r, "the attestation service's name becomes known", func(ctx context.Context) (err error) {
		found, err = r.Attester().Metadata(ctx, host)
		return err
	})
	if errors.Is(err, errPatience) {
		return &Problem{
			ID: "attestation-unreachable", Title: "The attestation service " + host + " does not answer",
			Remedy:   []string{"Check the name; a shared service is e.g. sharedeus.eus.attest.azure.net."},
			Commands: []string{sh("curl", "https://"+host+"/.well-known/openid-configuration")},
			Raw:      Sanitize(err.Error(), maxRaw),
		}
	}
	if err != nil {
		return fmt.Errorf("ask the attestation service: %w", err)
	}
	if found.Issuer != "https://"+host {
		return wrongAuthority("its tokens name "+found.Issuer, "the consumer asks https://"+host)
	}
	return r.Update(func(o *Outputs) { o.AttestationHost, o.Authority = host, found.Issuer })
}

func undoAttestation(ctx context.Context, r *Run) error {
	name := r.Inputs().AttestationProvider
	if r.Inputs().AttestationEndpoint != "" {
		return nil
	}
	return r.Remove(ctx, providerResource(r), func(azure.LRO) error {
		if err := r.Azure().DeleteAttestationProvider(ctx, runGroup(r), name); err != nil {
			return fmt.Errorf("delete attestation provider %s: %w", name, err)
		}
		return verifyGone(providerResource(r), func() error {
			_, err := r.Azure().AttestationProvider(ctx, runGroup(r), name)
			return err
		})
	})
}
