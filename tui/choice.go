package tui

import (
	"fmt"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"github.com/cctui/cctui/actions"
)

// choice asks the user for one of some answers.
type choice struct {
	title   string
	text    []string         // paragraphs
	problem *actions.Problem // what it is about, where something failed
	answers []answer
	chosen  int
	line    int // of the chosen answer, as it was last set
	// dismiss is what escape does, and away how that is called; nil: nothing, an answer is needed.
	dismiss func() tea.Cmd
	away    string
}

// answer is one of them. What it does may put up another dialog.
type answer struct {
	label, about string
	act          func() (dialog, tea.Cmd)
}

func (c *choice) update(msg tea.Msg) (dialog, tea.Cmd) {
	key, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return c, nil
	}
	if number, err := strconv.Atoi(key.String()); err == nil && number >= 1 && number <= len(c.answers) {
		return c.answers[number-1].act()
	}
	switch key.String() {
	case "down", "j", "tab":
		c.chosen = (c.chosen + 1) % len(c.answers)
	case "up", "k", "shift+tab":
		c.chosen = (c.chosen + len(c.answers) - 1) % len(c.answers)
	case "enter":
		return c.answers[c.chosen].act()
	case "esc":
		if c.dismiss != nil {
			return nil, c.dismiss()
		}
	}
	return c, nil
}

func (c *choice) content(t theme, width int) (title string, lines []string, keys string) {
	text := page{width: width, theme: t}
	if c.problem != nil {
		text.problem(c.problem)
		text.add("")
	}
	for _, paragraph := range c.text {
		text.prose(paragraph)
		text.add("")
	}
	for i, a := range c.answers {
		pointer, label := "  ", fmt.Sprintf("%d  %s", i+1, oneLine(a.label))
		if i == c.chosen {
			c.line = len(text.lines)
			pointer, label = t.accent.Render("▸ "), t.selected.Render(label)
		}
		text.add(pointer + label)
		if a.about != "" {
			for _, line := range wrap(clean(a.about), width-5) {
				text.add("     " + t.muted.Render(line))
			}
		}
	}
	keys = t.accent.Render("↑ ↓") + " choose · " + t.accent.Render("enter") + " or " + t.accent.Render("1-"+strconv.Itoa(min(len(c.answers), 9))) + " go"
	if c.dismiss != nil {
		keys += " · " + t.accent.Render("esc") + " " + c.away
	}
	return c.title, text.lines, keys
}

// above is how much is seen of what stands before the chosen answer, where not all can be seen.
const above = 6

// scroll has the chosen answer seen, and those after it, if there is room for them.
func (c *choice) scroll() int { return max(c.line-above, 0) }
