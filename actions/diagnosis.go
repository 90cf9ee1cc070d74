package actions

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/cctui/cctui/skr"
)

// maxLog is how much of a container's log is read to understand what happened.
const maxLog = 256 << 10

// evidence is what the consumer's pod says of its attempt to get the key.
type evidence struct {
	refusal *skr.SidecarError // nil where the consumer says nothing of a failure
	raced   bool              // the consumer asked before the sidecar listened
	token   *skr.Token        // nil where the sidecar's log does not show one
}

// gather reads the logs of the consumer's pod. A policy may forbid that; then there is no evidence.
func gather(ctx context.Context, r *Run, k Kube) evidence {
	namespace := r.Inputs().Namespace
	var e evidence
	if log, err := k.Logs(ctx, namespace, consumerPod, sidecarContainer, maxLog); err == nil {
		if token, ok := skr.LastLogged(log); ok {
			e.token = &token
		}
	}
	log, err := k.Logs(ctx, namespace, consumerPod, consumerPod, maxLog)
	if err != nil {
		return e
	}
	e.listen(string(log))
	return e
}

// listen hears what the consumer's log says of a failure.
func (e *evidence) listen(log string) {
	text, failed := keyFailure(log)
	if !failed {
		return
	}
	e.refusal = skr.ParseSidecarError(0, text)
	e.raced = strings.Contains(text, "localhost:8080") && e.refusal.UpstreamUnreached
}

// keyFailure is the consumer's last word on why it has no key.
// Source: microsoft/confidential-container-demos, kafka/consumer before commit 7bc0e46.
func keyFailure(log string) (text string, failed bool) {
	const mark, answer = "not able to retrieve key: ", "Message "
	at := strings.LastIndex(log, mark)
	if at < 0 {
		return "", false
	}
	text = log[at+len(mark):]
	if i := strings.Index(text, answer+"{"); i >= 0 {
		var body struct {
			Error string `json:"error"`
		}
		// Newer sidecars append a second object after the first; the first tells the cause.
		if json.NewDecoder(strings.NewReader(text[i+len(answer):])).Decode(&body) == nil {
			return body.Error, true
		}
	}
	line, _, _ := strings.Cut(text, "\n")
	return line, true
}

// verdict is why the consumer has no key, and what may change that.
type verdict struct {
	problem error
	help    help
	reason  string // of restarting the consumer
}

// help is what may change it. The consumer asks for the key only once, and its sidecar tries only once, so
// in any case the pod must be restarted.
type help int

const (
	noHelp      help = iota
	restartOnly      // if a restart or two do not help, nothing passes by itself
	tryAgain         // a service was busy or out of reach, as it may be for any call
	patience         // what Azure shows only eventually
)

// diagnose finds the cause, from what can be compared to what can only be waited for.
func diagnose(ctx context.Context, r *Run, e evidence) verdict {
	if err := CheckInvariants(ctx, r); err != nil {
		return verdict{problem: err}
	}
	if e.raced {
		return verdict{problem: consumerRaced(r), help: restartOnly, reason: "the consumer asked for the key before its sidecar was ready"}
	}
	if e.refusal == nil {
		return verdict{problem: noKey(r), help: restartOnly, reason: "the consumer has no key and does not say why"}
	}
	return refusalVerdict(r, e)
}

// refusalVerdict is about a sidecar that was refused somewhere on its way to the key. Waiting for
// that to pass is the watcher's business, so what the table of problems says of it is final.
func refusalVerdict(r *Run, e evidence) verdict {
	p := Explain("message", e.refusal)
	passes := p.Retry && e.refusal.UpstreamStatus != http.StatusForbidden // of which there are several kinds
	p.Retry = false
	switch {
	case passes:
		return verdict{problem: p, help: tryAgain, reason: fmt.Sprintf("the release of the key failed at the %s: %s", e.refusal.Stage, p.Title)}
	case e.refusal.Stage == skr.StageIdentity:
		return verdict{problem: p, help: patience, reason: "Entra learns of the federated credential"}
	case e.refusal.Stage == skr.StageVault:
		return vaultVerdict(r, e, p)
	}
	return verdict{problem: p}
}

// vaultVerdict holds the token, where it is known, against what the vault demanded.
func vaultVerdict(r *Run, e evidence, otherwise *Problem) verdict {
	out := r.Outputs()
	if e.token != nil {
		if err := explainToken(out, *e.token); err != nil {
			return verdict{problem: err}
		}
	}
	role := podRoles(r.Inputs())[0]
	missing := roleMissing(r, "the pod's identity "+r.Inputs().Identity, out.PrincipalID, "ServicePrincipal", role, e.refusal.Error())
	switch {
	case e.refusal.UpstreamStatus == http.StatusNotFound:
		return verdict{problem: keyGone(r.Inputs())}
	case e.refusal.UpstreamStatus == http.StatusForbidden && (e.token != nil || e.refusal.UpstreamCode == "ForbiddenByRbac"):
		return verdict{problem: missing, help: patience, reason: "the vault learns of the role of the pod's identity"}
	}
	return verdict{problem: otherwise}
}

// explainToken is nil for a token that meets the release policy.
func explainToken(out Outputs, token skr.Token) error {
	policy, err := skr.ParseReleasePolicy([]byte(out.ReleasePolicy))
	if err != nil {
		return err
	}
	for _, check := range policy.Explain(token.Issuer(), token.Claims).Checks {
		if !check.OK {
			return claimRefused(check)
		}
	}
	return nil
}

// claimRefused is a claim of the attested guest that the release policy does not accept.
func claimRefused(c skr.Check) error {
	switch c.Claim {
	case "iss":
		return wrongAuthority("the key's release policy trusts "+c.Want, "the consumer was attested by "+c.Got)
	case skr.ClaimHostData:
		return policyDrift("the running guest", c.Got, "the key's release policy", c.Want)
	}
	p := &Problem{
		ID: "claim-refused", Title: "The guest is attested with " + c.Claim + " " + Sanitize(c.Got, maxLine),
		Why:    Sanitize("The key's release policy demands "+c.Claim+" "+c.Want+", so the vault keeps the key.", maxLogText),
		Remedy: []string{"Check that the pod runs on the confidential node pool, with its runtime class."},
		Links:  []string{"https://learn.microsoft.com/azure/attestation/claim-sets"},
	}
	switch c.Claim {
	case skr.ClaimDebuggable:
		p.ID, p.Title = "debuggable-guest", "The guest can be debugged from outside"
		p.Why = "The token's " + c.Claim + " is " + Sanitize(c.Got, maxLine) + ", the release policy demands " + c.Want + ": who can debug a guest can read the key out of it."
		p.Remedy = []string{"Run on a node whose guests are not made for debugging: replace the node pool. If it happens again, report it to Azure support."}
	case skr.ClaimComplianceStatus:
		p.ID = "compliance-status"
		p.Why = "The release policy demands " + c.Want + ": a guest that Azure built and signed for this platform. The token says " + Sanitize(c.Got, maxLine) + "."
	}
	return p
}

func consumerRaced(r *Run) error {
	return &Problem{
		ID: "consumer-raced", Title: "The consumer asks for the key before its sidecar is ready",
		Why:      "The sample asks once, when it starts to read, and shows ciphertext from then on. Restarting its pod twice did not help.",
		Cures:    offer("again-consumer"),
		Remedy:   []string{"Run again: the pod is restarted once more.", "If the sidecar never gets ready, its log says why."},
		Commands: logCommands(r),
	}
}

func noKey(r *Run) error {
	return &Problem{
		ID: "no-key", Title: "The consumer did not get the key, and nothing says why",
		Why:      "Everything that can be compared fits together. The logs of the pod say nothing of a failure, or its policy forbids to read them.",
		Cures:    offer("again-consumer"),
		Remedy:   []string{"Run again: the pod is restarted.", "Read the logs, if the policy lets you."},
		Commands: logCommands(r),
	}
}

func logCommands(r *Run) []string {
	namespace := r.Inputs().Namespace
	return []string{
		sh("kubectl", "logs", consumerPod, "--container", sidecarContainer, "--namespace", namespace),
		sh("kubectl", "logs", consumerPod, "--container", consumerPod, "--namespace", namespace),
	}
}

// measure is the hash of a policy annotation; of one that cannot be read, words instead.
func measure(annotation string) string {
	decoded, err := skr.ParseSecurityPolicy(annotation)
	if err != nil {
		return "unreadable"
	}
	return decoded.Measurement
}

// fingerprintPEM names a public key shortly.
func fingerprintPEM(text string) string {
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(text), "\n")))
	return hex.EncodeToString(sum[:8])
}
