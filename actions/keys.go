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

// keyBits is the article's key size; the producer's message must fit under it.
const keyBits = 3072

func key() Step {
	return Step{
		ID: "key", Screen: ScreenKeys, Title: "Create the key, bound to the measurement",
		Why:     "It never leaves the HSM, except into a guest that is attested to run exactly this pod.",
		Needs:   []string{"policy", "roles"},
		Reads:   []string{"key", "soft-deleted"},
		Typical: 15 * time.Second,
		Commands: func(in Inputs) []string {
			file := in.Key + "-release-policy.json"
			shown := keyPolicy(KataCC(), "https://"+variable("MAA_ENDPOINT"), variable("WORKLOAD_MEASUREMENT"))
			return []string{
				"# The next commands do what setup-key.sh does: with a policy that is valid JSON, and never without a measurement.",
				`export MANAGED_IDENTITY="${USER_ASSIGNED_CLIENT_ID}"`,
				`test -n "${WORKLOAD_MEASUREMENT}" || exit 1`,
				heredoc(file, shown.indented()),
				sh("az", "keyvault", "key", "create", "--id", "https://"+variable("AKV_ENDPOINT")+"/keys/"+in.Key,
					"--ops", "wrapKey", "unwrapKey", "encrypt", "decrypt", "--kty", "RSA-HSM", "--size", fmt.Sprint(keyBits), "--exportable", "--policy", file),
				sh(append([]string{"az", "keyvault", "key", "list", "--output", "table"}, vaultFlag(in)...)...),
			}
		},
		Probe: probeKey,
		Run:   runKey,
		Undo:  undoKey,
		UndoCommands: func(in Inputs) []string {
			named := append(vaultFlag(in), "--name", in.Key)
			return []string{
				sh(append([]string{"az", "keyvault", "key", "delete"}, named...)...),
				sh(append([]string{"az", "keyvault", "key", "purge"}, named...)...),
			}
		},
	}
}

// vaultFlag names the vault or HSM to the az command line.
func vaultFlag(in Inputs) []string {
	switch {
	case in.ManagedHSM != "":
		return []string{"--hsm-name", in.ManagedHSM}
	case in.ExistingVault != "":
		return []string{"--vault-name", in.ExistingVault}
	}
	return []string{"--vault-name", in.Vault}
}

// releasePolicy is what the vault must demand before it lets the key go.
func releasePolicy(r *Run) demands {
	return keyPolicy(r.Profile(), r.Outputs().Authority, r.Outputs().Measurement)
}

func probeKey(ctx context.Context, r *Run) (bool, error) {
	found, err := r.Azure().Key(ctx, r.Outputs().VaultURI, r.Inputs().Key)
	if azure.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for key %s: %w", r.Inputs().Key, err)
	}
	if releasePolicy(r).check(found.ReleasePolicy) == nil && found.Exportable && found.Bits == keyBits {
		return true, recordKey(r, found)
	}
	if !r.Owns(keyResource(r)) {
		return false, nameTaken(keyResource(r), "key", "It is bound to another policy. A new version would take it from whoever uses it.")
	}
	r.Logf("Key %s is bound to another policy; making a new version", found.Name)
	return false, nil
}

func runKey(ctx context.Context, r *Run) error {
	measurement := r.Outputs().Measurement
	if len(measurement) != 64 {
		return &Problem{
			ID: "no-measurement", Title: "There is no measurement to bind the key to",
			Why:    "A key without it would be released to any confidential pod of anybody.",
			Cures:  offer("again-policy"),
			Remedy: []string{"Run again from the step policy (--from policy)."},
		}
	}
	if recovered, err := clearDeletedKey(ctx, r); err != nil {
		return err
	} else if recovered {
		if done, err := probeKey(ctx, r); done {
			return err
		}
	}
	return createKey(ctx, r)
}

func createKey(ctx context.Context, r *Run) error {
	in, out, wanted := r.Inputs(), r.Outputs(), releasePolicy(r)
	encoded, err := wanted.policy.JSON()
	if err != nil {
		return err
	}
	return r.Create(ctx, keyResource(r), func(azure.LRO) error {
		err := untilAllowed(ctx, r, "the vault learns of the new roles", func(ctx context.Context) error {
			_, err := r.Azure().CreateKey(ctx, out.VaultURI, azure.KeySpec{Name: in.Key, Bits: keyBits, ReleasePolicy: encoded, Tags: r.Tags()})
			return err
		})
		if errors.Is(err, errPatience) && forbidden(err) {
			return roleMissing(r, out.AccountName, out.AccountObjectID, out.AccountType, operatorRoles(in)[0], err.Error())
		}
		if err != nil {
			return fmt.Errorf("create key %s: %w", in.Key, err)
		}
		// What the vault stored is what counts, not what it was asked for.
		stored, err := r.Azure().Key(ctx, out.VaultURI, in.Key)
		if err != nil {
			return fmt.Errorf("read key %s back: %w", in.Key, err)
		}
		return errors.Join(recordKey(r, stored), wanted.check(stored.ReleasePolicy))
	})
}

func recordKey(r *Run, k azure.Key) error {
	return r.Update(func(o *Outputs) { o.KeyID, o.ReleasePolicy = k.ID, string(k.ReleasePolicy) })
}

// clearDeletedKey deals with a soft-deleted key of the name, as the user wished.
func clearDeletedKey(ctx context.Context, r *Run) (recovered bool, err error) {
	in, uri := r.Inputs(), r.Outputs().VaultURI
	deleted, err := r.Azure().DeletedKey(ctx, uri, in.Key)
	switch {
	case azure.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for a deleted key %s: %w", in.Key, err)
	case in.SoftDeleted == SoftDeletedRecover:
		r.Logf("Recovering the deleted key %s", in.Key)
		return true, r.Azure().RecoverKey(ctx, uri, in.Key)
	case in.SoftDeleted == SoftDeletedPurge:
		r.Logf("Purging the deleted key %s", in.Key)
		return false, r.Azure().PurgeKey(ctx, uri, in.Key)
	}
	return false, softDeleted("key-deleted", "key "+in.Key, "key", deleted.PurgeAt, false,
		sh(append([]string{"az", "keyvault", "key", "purge", "--name", in.Key}, vaultFlag(in)...)...))
}

func undoKey(ctx context.Context, r *Run) error {
	name, uri := r.Inputs().Key, r.Outputs().VaultURI
	return r.Remove(ctx, keyResource(r), func(azure.LRO) error {
		if gone, err := vaultGone(ctx, r); err != nil || gone {
			return err
		}
		if err := r.Azure().DeleteKey(ctx, uri, name); err != nil {
			return fmt.Errorf("delete key %s: %w", name, err)
		}
		err := r.Azure().PurgeKey(ctx, uri, name)
		if forbidden(err) {
			r.Keep(keyResource(r), "it is deleted; the vault does not let it be purged")
			return nil
		}
		if err != nil {
			return fmt.Errorf("purge key %s: %w", name, err)
		}
		return verifyGone(keyResource(r), func() error {
			_, err := r.Azure().Key(ctx, uri, name)
			return err
		})
	})
}

func publicKey() Step {
	return Step{
		ID: "public-key", Screen: ScreenKeys, Title: "Fetch the public key",
		Why:     "The producer encrypts with it; only the private half, in the HSM, can read the messages.",
		Needs:   []string{"key"},
		Typical: 2 * time.Second,
		Commands: func(in Inputs) []string {
			file := in.Key + "-pub.pem"
			return []string{
				sh("rm", "-f", file),
				sh(append([]string{"az", "keyvault", "key", "download", "--name", in.Key, "--file", file}, vaultFlag(in)...)...),
				// As one line with \n, for a YAML string between double quotes.
				`PUBLIC_KEY=$(awk '{printf "%s\\n", $0}' ` + sh(file) + `)`,
			}
		},
		Run: func(ctx context.Context, r *Run) error {
			found, err := r.Azure().Key(ctx, r.Outputs().VaultURI, r.Inputs().Key)
			if err != nil {
				return fmt.Errorf("read key %s: %w", r.Inputs().Key, err)
			}
			return r.Update(func(o *Outputs) { o.KeyID, o.PublicKey = found.ID, strings.TrimSpace(found.PublicPEM) })
		},
	}
}

// keyPolicy is the article's release policy, with the measurement always in it.
func keyPolicy(p Profile, authority, measurement string) demands {
	conditions := []skr.Condition{
		skr.Equals(skr.ClaimAttestationType, "sevsnpvm"),
		skr.Equals(skr.ClaimHostData, measurement),
		skr.Equals(skr.ClaimComplianceStatus, p.ComplianceStatus),
		skr.Equals(skr.ClaimDebuggable, "false"),
	}
	return demands{policy: skr.NewReleasePolicy(authority, conditions...), authority: authority, conditions: conditions}
}
