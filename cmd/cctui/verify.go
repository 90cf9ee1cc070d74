package main

import (
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/skr"
)

// maxEvidence bounds a file to verify, in bytes. Tokens and reports have some kilobytes.
const maxEvidence = 1 << 20

// evidence are the files that verify reads.
type evidence struct{ file, policy, keys, chain, roots string }

func (p *program) verifyCommand() *cobra.Command {
	var files evidence
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Explain an attestation token, an SNP report or a release policy, claim by claim, offline",
		Long: `Explain an attestation token, an SNP report (binary, hex or base64) or a release policy, claim by
claim. Nothing is fetched. FILE may be - for standard input.

A token is held against --policy and its signature checked by --keys, a report's signature by
--chain, where they are given. The exit code is 1 where the policy would not release the key, the
signature is wrong, or the token is one that nobody may believe: expired, unsigned, of another key.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("verify wants one file, or - for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			files.file = args[0]
			return p.verify(cmd, files)
		},
	}
	cmd.Flags().StringVar(&files.policy, "policy", "", "release policy `file` to hold a token against")
	cmd.Flags().StringVar(&files.keys, "keys", "", "`file` of the issuer's keys (JWKS, as at its /certs) to check a token by")
	cmd.Flags().StringVar(&files.chain, "chain", "", "`file` of certificates (PEM) to check a report by, the chip's first")
	cmd.Flags().StringVar(&files.roots, "roots", "", "`file` of AMD's ASK and ARK (PEM) to believe, instead of those AMD publishes")
	return cmd
}

func (p *program) verify(cmd *cobra.Command, files evidence) error {
	chosen, faults := p.choose(cmd)
	if err := chosen.usage(faults); err != nil {
		return err
	}
	report, err := p.explain(files)
	if err != nil {
		return err
	}
	if chosen.Output == "json" {
		err = writeJSON(p.out, report)
	} else {
		printReport(p.out, report)
	}
	if err == nil && report.Refused != "" {
		return &actions.Problem{ID: "token-refused", Title: actions.Sanitize(report.Refused, 400), Class: actions.ClassFailed}
	}
	if err == nil && report.Verdict != nil && !report.Verdict.Released {
		return &actions.Problem{ID: "not-released", Title: "This token does not release the key", Class: actions.ClassFailed}
	}
	return err
}

func (p *program) explain(files evidence) (report skr.Report, err error) {
	var options skr.ExplainOptions
	for _, optional := range []struct {
		path string
		to   *[]byte
	}{{files.policy, &options.Policy}, {files.keys, &options.Keys}, {files.chain, &options.Chain}, {files.roots, &options.Trust.Roots}} {
		if optional.path == "" {
			continue
		}
		if *optional.to, err = readBounded(optional.path, maxEvidence); err != nil {
			return report, misuse(err.Error())
		}
	}
	data, err := p.readEvidence(files.file)
	if err != nil {
		return report, misuse(err.Error())
	}
	return skr.Explain(data, options)
}

func (p *program) readEvidence(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(io.LimitReader(p.in, maxEvidence))
	}
	return readBounded(path, maxEvidence)
}

// printReport writes every fact with its plain word, then the verdict check by check, then what
// was not checked. Values are foreign text.
func printReport(out io.Writer, report skr.Report) {
	fmt.Fprintf(out, "%s\n\n", report.Kind)
	for _, line := range report.Lines {
		fmt.Fprintf(out, "  %-36s %s\n", actions.Sanitize(line.Name, 60), actions.Sanitize(line.Value, 200))
		if line.Meaning != "" {
			fmt.Fprintf(out, "  %-36s %s\n", "", line.Meaning)
		}
	}
	if report.Verified {
		fmt.Fprintln(out, "\n  ✓ yes  the signature is that of", map[string]string{
			skr.KindToken: "one of the issuer's keys", skr.KindReport: "a chip AMD vouches for",
		}[report.Kind])
	}
	if report.Refused != "" {
		fmt.Fprintf(out, "\n  ✗ no   %s\n", actions.Sanitize(report.Refused, 400))
	}
	if report.Verdict != nil {
		printVerdict(out, *report.Verdict)
	}
	for _, note := range report.Notes {
		fmt.Fprintf(out, "\n  %s\n", actions.Sanitize(note, 400))
	}
}

func printVerdict(out io.Writer, verdict skr.Verdict) {
	fmt.Fprintf(out, "\n%s\n", map[bool]string{true: "the key is released", false: "the key is not released"}[verdict.Released])
	for _, check := range verdict.Checks {
		mark := map[bool]string{true: "✓ yes", false: "✗ no "}[check.OK]
		fmt.Fprintf(out, "  %s  %-30s wants %s, has %s\n", mark, check.Claim, check.Want, cmp.Or(actions.Sanitize(check.Got, 200), "nothing"))
	}
}
