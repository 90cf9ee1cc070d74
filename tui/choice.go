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
	seen    excerpt // of the text
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
	c.seen.update(msg)
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

func (c *choice) content(t theme, width, height int) (title string, lines []string, keys string) {
	text, answers, chosen := c.words(t, width), page{width: width, theme: t}, 0
	for i, a := range c.answers {
		pointer, label := "  ", fmt.Sprintf("%d  %s", i+1, oneLine(a.label))
		if i == c.chosen {
			chosen = len(answers.lines)
			pointer, label = t.accent.Render("▸ "), t.selected.Render(label)
		}
		answers.add(pointer + label)
		if a.about != "" {
			for _, line := range wrap(clean(a.about), width-5) {
				answers.add("     " + t.muted.Render(line))
			}
		}
	}
	text = c.seen.of(t, text, width, max(height-len(answers.lines), leastText))
	first := window(chosen, len(answers.lines), height-len(text))
	keys = t.accent.Render("↑ ↓") + " choose · " + t.accent.Render("enter") + " or " + t.accent.Render("1-"+strconv.Itoa(min(len(c.answers), 9))) + " go"
	if c.dismiss != nil {
		keys += " · " + t.accent.Render("esc") + " " + c.away
	}
	return c.title, append(text, answers.lines[first:]...), keys
}

// leastText is how much of the text is seen, however many answers there are.
const leastText = 6

// words are what stands above the answers.
func (c *choice) words(t theme, width int) []string {
	text := page{width: width, theme: t}
	if c.problem != nil {
		text.problem(c.problem)
		text.add("")
	}
	for _, paragraph := range c.text {
		text.prose(paragraph)
		text.add("")
	}
	return text.lines
}
