package tui

import (
	"fmt"
	"strings"

	"github.com/cctui/cctui/actions"
)

// scrolled is the part of the details that fits.
func (m *Model) scrolled(width, height int) []string {
	return m.theme.part(m.detailLines(width), m.scroll, width, height)
}

// detailLines tell all about the chosen step.
func (m *Model) detailLines(width int) []string {
	text := page{width: prose(width), theme: m.theme}
	if m.onCleanup() {
		m.cleanupDetails(&text)
		return text.lines
	}
	s := m.step()
	if s == nil {
		return nil
	}
	c := m.cardOf(s.ID)
	text.heading(s.Title, m.stateWords(*s, c))
	if c.problem != nil && c.state == actions.Failed {
		text.problem(c.problem)
		return text.lines
	}
	if underWay(c.state) {
		text.paragraph("now", firstOf(c.reason, percent(c)))
	}
	if s.ID == proofStep && m.board.known.Message != "" {
		text.proof(m.board.known)
	} else {
		text.rows("found", m.shown().found(s.ID, m.board.known))
	}
	text.paragraph("why", s.Why)
	text.rows("uses", m.uses(*s))
	text.paragraph("costs", m.plan[s.ID].Cost)
	text.commands("runs", m.plan[s.ID].Commands)
	text.log("log", c.log)
	return text.lines
}

// stateWords are the state of a step in words, with its time.
func (m *Model) stateWords(s actions.Step, c card) string {
	_, style := m.theme.mark(c.state)
	words := style.Render(m.word(s, c))
	if d := c.elapsed(m.now); !c.started.IsZero() && c.state != actions.Pending {
		words += m.theme.muted.Render(" " + clock(d))
	}
	return words + m.theme.muted.Render(", usually "+strings.TrimPrefix(typical(s.Typical), "~"))
}

// uses are the values a step depends on, as they stand.
func (m *Model) uses(s actions.Step) []row {
	var rows []row
	for _, f := range m.fieldsOf(s) {
		if text := f.text(m.inputs); text != "" {
			rows = append(rows, row{f.label, oneLine(text)})
		}
	}
	return rows
}

// cleanupDetails tell what goes, or what went and what stays.
func (m *Model) cleanupDetails(text *page) {
	if s := m.step(); s != nil {
		if c := m.cardOf(s.ID); c.problem != nil && c.state == actions.Failed {
			text.problem(c.problem)
			return
		}
	}
	text.prose(m.shown().about)
	if m.result != nil && m.last.cleanup {
		text.rows("gone", resources(m.result.Removed))
		for _, k := range m.result.Kept {
			text.rows("kept", []row{{oneLine(k.Kind), oneLine(k.Name) + ": " + oneLine(k.Why)}})
		}
	}
	var there []actions.Resource
	for _, r := range m.status.Made {
		there = append(there, r.Resource)
	}
	text.rows("there", resources(there))
	if sum := m.status.HourlyCost(); sum > 0 {
		cost := fmt.Sprintf("very roughly $%.2f an hour while it is there", sum)
		if m.place.Sandbox {
			cost = "nothing in the sandbox; in Azure " + cost
		}
		text.paragraph("costs", cost)
	}
	if s := m.step(); s != nil {
		text.commands("runs", m.plan[s.ID].Undo)
	}
}

func resources(all []actions.Resource) []row {
	rows := make([]row, len(all))
	for i, r := range all {
		rows[i] = row{oneLine(r.Kind), oneLine(r.Name)}
	}
	return rows
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
