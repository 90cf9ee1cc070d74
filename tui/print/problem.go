package print

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/cctui/cctui/actions"
)

// problem says what happened, why, what to do, where to read more, and the raw error last.
func (t *Text) problem(style style, out io.Writer, p *actions.Problem) {
	fmt.Fprintf(out, "\n%s\n", style.red("✗ "+p.Title))
	if p.Step != "" {
		paragraph(out, "step", t.title(p.Step))
	}
	paragraph(out, "why", wrap(p.Why)...)
	for i, remedy := range p.Remedy {
		paragraph(out, map[bool]string{true: "do"}[i == 0], wrap(remedy)...)
	}
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

// proseWidth is how wide sentences run; commands, addresses and raw errors are left as they are.
const proseWidth = 90

// wrap breaks a text between words.
func wrap(text string) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > proseWidth {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimLeft(line+" "+word, " ")
	}
	return append(lines, line)
}
