package live

import (
	"charm.land/lipgloss/v2"

	"github.com/cctui/cctui/actions"
)

// Style is how things look. Colour only repeats what marks and words say; the zero value has none.
type Style struct {
	Strong, Muted, Accent, Good, Warn, Bad lipgloss.Style
}

// verdict is the mark and the words for what a lane shows, and how they look.
func (s Style) verdict(lane int, r actions.Reading) (mark, words string, look lipgloss.Style) {
	switch {
	case lane == broker && r == actions.ReadCiphertext:
		return "▒", "encrypted", s.Muted
	case r == actions.ReadCiphertext:
		return "✗", "no key", s.Bad
	case r == actions.ReadPlaintext && lane == confidential:
		return "✓", "decrypted", s.Good
	case r == actions.ReadPlaintext:
		return "!", "readable", s.Warn
	case r == actions.ReadNothing:
		return "!", "the key does not fit", s.Warn
	}
	return "?", "not the producer's", s.Warn
}
