package tui

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// confirmation wants the cluster's name before anything is removed.
type confirmation struct {
	name  string
	goes  []row
	input textinput.Model
	wrong bool
	yes   func() tea.Cmd
}

func (m *Model) confirmation() dialog {
	cluster := firstOf(m.status.Inputs.ExistingCluster, m.status.Inputs.Cluster)
	c := &confirmation{name: oneLine(cluster), input: newInput(""), yes: func() tea.Cmd { return m.run(removeAll()) }}
	c.input.Focus()
	for _, r := range m.status.Made {
		c.goes = append(c.goes, row{oneLine(r.Kind), oneLine(r.Name)})
	}
	return c
}

func (c *confirmation) update(msg tea.Msg) (dialog, tea.Cmd) {
	if key, ok := msg.(tea.KeyPressMsg); ok {
		switch key.String() {
		case "esc":
			return nil, nil
		case "enter":
			if c.input.Value() == c.name {
				return nil, c.yes()
			}
			c.wrong = true
			return c, nil
		}
	}
	var cmd tea.Cmd
	c.wrong = false
	c.input, cmd = c.input.Update(msg)
	return c, cmd
}

func (c *confirmation) content(t theme, width int) (title string, lines []string, keys string) {
	text := page{width: width, theme: t}
	text.prose("This goes, with everything in it, and does not come back. Type the cluster's name, " + c.name + ":")
	c.input.SetWidth(max(width-4, 1))
	text.add("", "  "+c.input.View())
	if c.wrong {
		text.add("  " + t.bad.Render("That is not the cluster's name; nothing was removed."))
	}
	text.rows("goes", c.goes)
	return "Remove everything this run made", text.lines, t.accent.Render("enter") + " remove · " + t.accent.Render("esc") + " back"
}

func (c *confirmation) scroll() int { return 0 }

// newInput is a line to type in. Its cursor does not blink: nothing on the screen moves by itself.
func newInput(value string) textinput.Model {
	input := textinput.New()
	input.Prompt = ""
	styles := textinput.DefaultStyles(true)
	styles.Cursor.Blink = false
	styles.Focused.Text = styles.Focused.Text.UnsetForeground()
	styles.Blurred.Text = styles.Blurred.Text.UnsetForeground()
	input.SetStyles(styles)
	input.SetValue(oneLine(value))
	return input
}
