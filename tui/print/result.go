package print

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cctui/cctui/actions"
)

// result is the last panel: what was seen and why, or what stopped it and what is left.
func (t *Text) result(r actions.Result) {
	out, style := t.options.Result, style{colour: t.options.ResultColour}
	if r.Sandbox {
		fmt.Fprintln(out, style.bold(sandboxBanner))
	}
	if r.Message != "" && !removal(r) {
		proof(out, style, r)
	}
	switch {
	case r.Outcome == actions.Interrupted && t.options.Resume == "":
		fmt.Fprintln(out, "Interrupted. The sandbox is gone, and all that was in it.")
	case r.Problem != nil && !t.told:
		t.problem(style, out, r.Problem)
	}
	removed(out, style, r)
	if r.Outcome == actions.Failure && len(r.Steps) > 0 && t.options.Resume != "" {
		t.left(out, style, r)
	}
	if !r.KeepUntil.IsZero() && t.options.Resume != "" {
		fmt.Fprintf(out, "  keep     until %s, as you said; then %s\n", r.KeepUntil.Local().Format(time.DateTime), t.options.Cleanup)
	}
	fmt.Fprintln(out, style.bold(summary(r)))
}

func proof(out io.Writer, style style, r actions.Result) {
	fmt.Fprintf(out, "\n  %s    %s\n", style.bold("attested pod"), r.Message)
	ordinary := fmt.Sprintf("%s (%d characters of base64, no key)", shorten(r.Ciphertext, 32), len(r.Ciphertext))
	if r.Ciphertext == "" {
		ordinary = "not asked"
	}
	fmt.Fprintf(out, "  %s    %s\n", style.bold("ordinary pod"), ordinary)
	if r.Attestation != nil {
		attestation(out, style, *r.Attestation)
	}
	fmt.Fprintln(out)
}

// attestation says check by check why the key was released.
func attestation(out io.Writer, style style, a actions.Attestation) {
	fmt.Fprintf(out, "  %s    %s\n", style.bold("released key"), a.KeyID)
	fmt.Fprintf(out, "  %s %s, because of the %s:\n", style.bold("attested by    "), a.Authority, a.Evidence)
	for _, c := range a.Checks {
		instead := ""
		if !c.OK {
			instead = fmt.Sprintf(", but it is %q", c.Got)
		}
		fmt.Fprintf(out, "    %s  %-30s %s%s\n", style.verdict(c.OK), c.Claim, c.Want, instead)
	}
	if len(a.Checks) > 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(a.Claims)) {
		fmt.Fprintf(out, "    %s  %-30s %v\n", style.verdict(true), name, a.Claims[name])
	}
}

// removal tells a cleanup's result, which still holds what the run had seen.
func removal(r actions.Result) bool { return len(r.Removed)+len(r.Kept) > 0 }

func removed(out io.Writer, style style, r actions.Result) {
	for _, res := range r.Removed {
		fmt.Fprintf(out, "  %s %s\n", style.green("✓ removed"), res)
	}
	for _, k := range r.Kept {
		fmt.Fprintf(out, "  %s %s: %s\n", style.yellow("~ kept   "), k.Resource, k.Why)
	}
}

// left tells what a run that failed has left behind, and the two ways on.
func (t *Text) left(out io.Writer, style style, r actions.Result) {
	for _, res := range r.Open {
		fmt.Fprintf(out, "  %s %s\n", style.yellow("… still under way"), res)
	}
	if len(r.Exists) > 0 {
		fmt.Fprintf(out, "  exists   %d things; cctui status lists them, and what they cost\n", len(r.Exists))
	}
	fmt.Fprintf(out, "  go on    %s\n  remove   %s\n", t.options.Resume, t.options.Cleanup)
}

func summary(r actions.Result) string {
	total := 0
	for _, n := range r.Steps {
		total += n
	}
	through := r.Steps[actions.Done] + r.Steps[actions.Skipped]
	switch {
	case removal(r):
		return fmt.Sprintf("%s: %d removed, %d kept", r.Outcome, len(r.Removed), len(r.Kept))
	case total == 0:
		return fmt.Sprintf("%s: nothing was begun", r.Outcome)
	case through == 0 && r.Outcome == actions.Succeeded:
		return "succeeded: there was nothing to do"
	}
	done := fmt.Sprintf("%s: %d of %d steps done", r.Outcome, through, total)
	if len(r.Waived) > 0 {
		done += "; skipped by you: " + strings.Join(r.Waived, ", ")
	}
	return done
}
