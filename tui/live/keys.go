package live

import (
	"slices"
	"unicode/utf8"
)

// Key is a key and what it does, for help bars, help pages and answers to a key that cannot be used.
type Key struct {
	Keys  []string // as Bubble Tea names them
	Shown string   // as people name them
	Bar   string   // for a help bar; empty: not there
	About string   // for a help page
	// Refuse says why the key cannot be used now; empty: it can. nil: always.
	Refuse func(*Model) string
	act    func(*Model)
}

// Keys are the pane's, the most important first.
func Keys() []Key {
	return []Key{
		{Keys: []string{"f", "end"}, Shown: "f end", Bar: "follow", About: "Follow the newest messages again.",
			Refuse: unlessPaused, act: (*Model).follow},
		{Keys: []string{"/"}, Shown: "/", Bar: "filter", About: "Show only messages that hold a text; enter keeps it, esc ends it.",
			act: func(m *Model) { m.typing = true }},
		{Keys: []string{"w"}, Shown: "w", Bar: "wrap", About: "Show texts whole, on several lines, or cut to one.",
			act: func(m *Model) { m.wrap = !m.wrap }},
		{Keys: []string{"up", "k"}, Shown: "↑ k", About: "An earlier message; following pauses.", act: func(m *Model) { m.Scroll(-1) }},
		{Keys: []string{"down", "j"}, Shown: "↓ j", About: "A later message.", act: func(m *Model) { m.Scroll(1) }},
		{Keys: []string{"pgup"}, Shown: "pgup", About: "Earlier messages.", act: func(m *Model) { m.Scroll(-m.page()) }},
		{Keys: []string{"pgdown", "space"}, Shown: "pgdn space", About: "Later messages.", act: func(m *Model) { m.Scroll(m.page()) }},
		{Keys: []string{"home"}, Shown: "home", About: "The earliest message that is remembered.", act: func(m *Model) { m.Scroll(-keptRows) }},
	}
}

func unlessPaused(m *Model) string {
	if m.paused {
		return ""
	}
	return "the newest messages are followed already"
}

// Typing tells whether keys are text at the moment, for the filter.
func (m *Model) Typing() bool { return m.typing }

// Press does what a key is bound to; false where it is none of the pane's, or cannot be used now.
func (m *Model) Press(key string) bool {
	if m.typing {
		m.typeFilter(key)
		m.changed()
		return true
	}
	if key == "esc" && m.filter != "" {
		m.SetFilter("")
		return true
	}
	for _, k := range Keys() {
		if slices.Contains(k.Keys, key) && (k.Refuse == nil || k.Refuse(m) == "") {
			k.act(m)
			m.changed()
			return true
		}
	}
	return false
}

// maxFilter bounds the filter, in bytes.
const maxFilter = 64

func (m *Model) typeFilter(key string) {
	switch key {
	case "enter":
		m.typing = false
	case "esc":
		m.typing, m.filter = false, ""
	case "backspace":
		_, last := utf8.DecodeLastRuneInString(m.filter)
		m.filter = m.filter[:len(m.filter)-last]
	case "space":
		m.SetFilter(m.filter + " ")
	default:
		if utf8.RuneCountInString(key) == 1 {
			m.SetFilter(m.filter + key)
		}
	}
}

// SetFilter has only messages shown that hold the text in one of their lanes; empty: all. A text
// that is too long changes nothing.
func (m *Model) SetFilter(text string) {
	if len(text) <= maxFilter {
		m.filter = oneLine(text, maxFilter)
		m.changed()
	}
}

// Scroll moves by so many messages, down where positive, and pauses. At the newest it follows again.
func (m *Model) Scroll(by int) {
	if m.rows.next == 0 {
		return
	}
	newest := m.rows.next - 1
	if !m.paused {
		m.paused, m.bottom, m.known = true, newest, newest
	}
	m.bottom = max(m.bottom+int64(by), m.rows.oldest())
	if m.bottom >= newest {
		m.follow()
	}
	m.changed()
}

func (m *Model) follow() { m.paused = false }

// unseen is how many messages have come while it was paused and are not on the screen.
func (m *Model) unseen() int64 {
	if !m.paused {
		return 0
	}
	return m.rows.next - 1 - max(m.known, m.bottom)
}

// page is how many messages a page has, about.
func (m *Model) page() int { return max(m.lanes.height-4, 1) }
