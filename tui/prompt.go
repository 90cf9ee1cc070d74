package tui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/cctui/cctui/actions"
)

// prompt asks for a line of text.
type prompt struct {
	title, text string
	rows        func(*page) // what stands beneath; nil: nothing
	seen        excerpt     // of that
	does        string      // what enter does, in a word
	input       textinput.Model
	// refuse says why a text will not do; empty: it will.
	refuse  func(string) string
	accept  func(string) tea.Cmd
	refusal string
}

// ask makes a prompt ready to be typed in.
func ask(p prompt) dialog {
	p.input = newInput("")
	p.input.Focus()
	return &p
}

// confirm wants the cluster's name before anything is removed.
func (m *Model) confirm() dialog {
	cluster := oneLine(firstOf(m.status.Inputs.ExistingCluster, m.status.Inputs.Cluster))
	var goes []actions.Resource
	for _, r := range m.status.Made {
		goes = append(goes, r.Resource)
	}
	return ask(prompt{
		title: "Remove everything this run made",
		text:  "This goes, with everything in it, and does not come back. Type the cluster's name, " + cluster + ":",
		rows:  func(p *page) { p.rows("goes", resources(goes)) },
		does:  "remove",
		refuse: func(text string) string {
			if text != cluster {
				return "That is not the cluster's name; nothing was removed."
			}
			return ""
		},
		accept: func(string) tea.Cmd { return m.run(removeAll()) },
	})
}

func (p *prompt) update(msg tea.Msg) (dialog, tea.Cmd) {
	p.seen.update(msg)
	if key, ok := msg.(tea.KeyPressMsg); ok {
		switch key.String() {
		case "esc":
			return nil, nil
		case "enter":
			text := strings.TrimSpace(p.input.Value())
			if p.refusal = p.refuse(text); p.refusal == "" {
				return nil, p.accept(text)
			}
			return p, nil
		}
	}
	var cmd tea.Cmd
	p.refusal = ""
	p.input, cmd = p.input.Update(msg)
	return p, cmd
}

func (p *prompt) content(t theme, width, height int) (title string, lines []string, keys string) {
	text := page{width: width, theme: t}
	text.prose(p.text)
	p.input.SetWidth(max(width-4, 1))
	text.add("", "  "+p.input.View())
	if p.refusal != "" {
		text.add(text.styled(t.bad, hanging("  ", p.refusal, width))...)
	}
	if p.rows != nil {
		text.add("")
		below := page{width: width, theme: t}
		p.rows(&below)
		text.add(p.seen.of(t, below.lines, width, height-len(text.lines))...)
	}
	return p.title, text.lines, t.accent.Render("enter") + " " + p.does + " · " + t.accent.Render("esc") + " back"
}

// newInput is a line to type in. Its cursor does not blink: nothing on the screen moves by itself.
func newInput(value string) textinput.Model {
	input := textinput.New()
	input.Prompt = ""
	styles := textinput.DefaultStyles(true)
	styles.Cursor.Blink = false
	styles.Cursor.Color = lipgloss.NoColor{} // the text's own, reversed: seen on every background
	styles.Focused.Text = styles.Focused.Text.UnsetForeground()
	styles.Blurred.Text = styles.Blurred.Text.UnsetForeground()
	input.SetStyles(styles)
	input.SetValue(oneLine(value))
	return input
}
