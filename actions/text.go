package actions

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of text from elsewhere, in bytes.
const (
	maxLine    = 200
	maxLogText = 2000
	maxRaw     = 4000
	maxOutput  = 1 << 20 // a manifest with its security policy
)

// Sanitize makes foreign text fit to be shown: no control sequences, nothing that changes the
// direction of the text around it, no credential that its form gives away, valid UTF-8, at most so
// many bytes (an ellipsis tells what was cut). Line breaks and tabs stay.
func Sanitize(s string, limit int) string {
	if !isPlain(s) {
		s = strings.Map(harmless, strings.ToValidUTF8(stripEscapes(s), "\uFFFD"))
	}
	return truncate(withhold(s), limit)
}

// isPlain spares most texts the long way: records come by the thousand.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// harmless drops control characters and the invisible ones that deceive: bidirectional controls,
// zero-width characters, line separators; and variation selectors, on whose width nobody agrees.
// Source: Unicode TR36, general categories Cc and Cf.
func harmless(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Variation_Selector):
		return -1
	}
	return r
}

// stripEscapes removes whole terminal sequences, so that their parameters do not stay as litter.
// Source: ECMA-48, sections 5.4 (CSI) and 5.6 (control strings).
func stripEscapes(s string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(s, "\x1b")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		s = afterEscape(after)
	}
}

// afterEscape is what follows the sequence whose ESC has been read.
func afterEscape(s string) string {
	if s == "" {
		return ""
	}
	switch s[0] {
	case '[':
		i := strings.IndexFunc(s[1:], func(r rune) bool { return r < ' ' || r >= '@' })
		if i < 0 {
			return ""
		}
		if rest := s[1+i:]; rest[0] >= '@' && rest[0] <= '~' {
			return rest[1:]
		}
		return s[1+i:] // broken off: what follows is text again
	case ']', 'P', 'X', '^', '_':
		i := strings.IndexAny(s, "\a\x1b\n")
		if i < 0 {
			return ""
		}
		return strings.TrimPrefix(s[i:], "\a")
	}
	if s[0] < utf8.RuneSelf {
		return s[1:]
	}
	return s
}

// truncate cuts between characters.
func truncate(s string, limit int) string {
	const ellipsis = "…"
	if len(s) <= limit {
		return s
	}
	if limit < len(ellipsis) {
		return ""
	}
	cut := limit - len(ellipsis)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + ellipsis
}
