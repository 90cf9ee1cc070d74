package print

import (
	"fmt"
	"io"
	"strings"

	"github.com/cctui/cctui/actions"
)

// problem says what happened, why, what to do, where to read more, and the raw error last.
func (t *Text) problem(style style, out io.Writer, p *actions.Problem) {
	fmt.Fprintf(out, "\n%s\n", style.red("✗ "+p.Title))
	if p.Step != "" {
		paragraph(out, "step", t.title(p.Step))
	}
	paragraph(out, "why", p.Why)
	paragraph(out, "do", p.Remedy...)
	paragraph(out, "run", p.Commands...)
	paragraph(out, "read", p.Links...)
	paragraph(out, "raw", strings.Split(p.Raw, "\n")...)
	fmt.Fprintln(out)
}

// paragraph writes lines under a word in the margin; nothing where there are none.
func paragraph(out io.Writer, word string, lines ...string) {
	for _, line := range lines {
		if line == "" {
			continue
		}
		fmt.Fprintf(out, "  %-5s %s\n", word, line)
		word = ""
	}
}
