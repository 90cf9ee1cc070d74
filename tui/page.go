package tui

import (
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/cctui/cctui/actions"
)

// page is text being set in lines of a width, each part under a word in the margin.
type page struct {
	width int
	theme theme
	lines []string
}

// margin is where the words stand.
const margin = 7

func (p *page) add(lines ...string) { p.lines = append(p.lines, lines...) }

// heading is a title, and at the end of the line, or beneath where that is too short, a word on it.
func (p *page) heading(title, word string) {
	if width(title)+width(word)+2 > p.width {
		p.add(p.styled(p.theme.strong, wrap(title, p.width))...)
		p.add(word)
		return
	}
	p.add(ends(p.theme.strong.Render(title), word, p.width))
}

// gap is an empty line between parts.
func (p *page) gap() {
	if len(p.lines) > 0 && p.lines[len(p.lines)-1] != "" {
		p.add("")
	}
}

// prose is running text from the left edge on.
func (p *page) prose(text string) { p.add(wrap(clean(text), p.width)...) }

// paragraph is running text beside a word; nothing where there is none.
func (p *page) paragraph(word, text string) {
	if text == "" {
		return
	}
	p.gap()
	p.add(hanging(p.marginal(word), clean(text), p.width)...)
}

// rows are labels and values beside a word.
func (p *page) rows(word string, rows []row) {
	if len(rows) == 0 {
		return
	}
	labels := 0
	for _, r := range rows {
		labels = max(labels, width(r.label))
	}
	p.gap()
	for i, r := range rows {
		if i > 0 {
			word = ""
		}
		p.add(fit(p.marginal(word)+p.theme.muted.Render(fit(r.label, labels))+"  "+r.text, p.width))
	}
}

// commands are whole: a command that is cut cannot be understood. Continued lines are indented.
func (p *page) commands(word string, commands []string) {
	if len(commands) == 0 {
		return
	}
	p.gap()
	for i, command := range commands {
		if i > 0 {
			word = ""
		}
		for j, line := range strings.Split(clean(command), "\n") {
			prompt := "$ "
			if j > 0 {
				prompt, word = "  ", ""
			}
			p.add(hanging(p.marginal(word)+p.theme.muted.Render(prompt), line, p.width)...)
		}
	}
}

// log is the last lines of a log.
func (p *page) log(word string, entries []entry) {
	const most = 5
	if len(entries) == 0 {
		return
	}
	p.gap()
	for i, e := range entries[max(len(entries)-most, 0):] {
		if i > 0 {
			word = ""
		}
		at := p.theme.muted.Render(e.at.Local().Format(time.TimeOnly)) + " "
		p.add(hanging(p.marginal(word)+at, strings.Join(strings.Fields(e.text), " "), p.width)...)
	}
}

// proof is what was seen, and claim by claim why it could be.
func (p *page) proof(o actions.Outputs) {
	p.gap()
	p.add(hanging(p.marginal("seen")+p.theme.muted.Render("attested pod  "), oneLine(o.Message), p.width)...)
	p.add(fit(p.marginal("")+p.theme.muted.Render("ordinary pod  ")+firstOf(oneLine(o.Ciphertext), "not asked yet"), p.width))
	if o.Attestation == nil {
		return
	}
	p.gap()
	p.add(p.theme.muted.Render("key released because of the " + oneLine(o.Attestation.Evidence)))
	for _, check := range o.Attestation.Checks {
		mark, style := p.theme.mark(actions.Done)
		if !check.OK {
			mark, style = p.theme.mark(actions.Failed)
		}
		p.add(" " + style.Render(mark) + " " + fit(oneLine(check.Claim), claimWidth) + " " + oneLine(fmt.Sprint(check.Want)))
	}
}

// claimWidth is that of the longest name of a claim.
const claimWidth = 29

// problem says what happened, why, what to do, where to read more, and the raw error last.
func (p *page) problem(problem *actions.Problem) {
	p.add(p.styled(p.theme.bad, hanging("✗ ", oneLine(problem.Title), p.width))...)
	p.paragraph("why", problem.Why)
	p.gap()
	word := "do"
	for _, remedy := range problem.Remedy {
		p.add(hanging(p.marginal(word)+"• ", oneLine(remedy), p.width)...)
		word = ""
	}
	for i, cure := range problem.Cures {
		p.add(hanging(p.marginal(map[bool]string{true: "d"}[i == 0]), oneLine(cure.Label), p.width)...)
	}
	p.commands("cure", problem.Commands)
	for _, link := range problem.Links {
		p.paragraph("read", link)
	}
	p.paragraph("raw", problem.Raw)
}

// part is what fits of a text, from a line on, and a word on how much there is below.
func (t theme) part(lines []string, top, width, height int) []string {
	top = min(top, max(len(lines)-height, 0))
	below := len(lines) - top - height
	part := fill(lines[top:], width, height)
	if below > 0 && height > 0 {
		part[height-1] = ends("", t.muted.Render(fmt.Sprintf("↓ %s, pgdn", count(below+1, "line"))), width)
	}
	return part
}

// styled paints lines one by one: a colour must not reach over the end of a line.
func (p *page) styled(style lipgloss.Style, lines []string) []string {
	for i, line := range lines {
		lines[i] = style.Render(line)
	}
	return lines
}

func (p *page) marginal(word string) string {
	return p.theme.accent.Render(fit(word, margin-1)) + " "
}
