package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

func TestDrawKeepsTextColourAndPlace(t *testing.T) {
	const at = ` textLength="16.8" lengthAdjust="spacingAndGlyphs" `
	for name, test := range map[string]struct{ screen, want string }{
		"plain text in the screen's colour":   {"ab", `<text x="16.0" y="28"` + at + `fill="#e6edf3">ab</text>`},
		"a colour, in its column":             {"x\x1b[38;2;255;0;16mab", `<text x="24.4" y="28"` + at + `fill="#ff0010">ab</text>`},
		"a colour that goes on over a line":   {"\x1b[31mx\nab", `<text x="16.0" y="44"` + at + `fill="#800000">ab</text>`},
		"the default colour after another":    {"\x1b[31mx\x1b[39mab", `<text x="24.4" y="28"` + at + `fill="#e6edf3">ab</text>`},
		"bold":                                {"\x1b[1mab", `fill="#e6edf3" font-weight="bold">ab</text>`},
		"what is reversed, on its background": {"\x1b[7mab", `<rect x="16.0" y="16" width="16.8" height="16" fill="#e6edf3"/>`},
		"signs apart from letters":            {"✓ab", `<text x="24.4" y="28"` + at + `fill="#e6edf3">ab</text>`},
		"the characters of XML":               {"<&", `>&lt;&amp;</text>`},
		"spaces between words":                {"a  b", ">a\u00a0\u00a0b</text>"},
		"spaces before and after words":       {"  ab  ", `<text x="32.8" y="28"` + at + `fill="#e6edf3">ab</text>`},
	} {
		t.Run(name, func(t *testing.T) {
			picture := string(draw(test.screen))
			if !strings.Contains(picture, test.want) {
				t.Errorf("%q is drawn as\n%s\nwithout %s", test.screen, picture, test.want)
			}
			wellFormed(t, picture)
		})
	}
}

func wellFormed(t *testing.T, picture string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(picture))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("not XML: %v\n%s", err, picture)
		}
	}
}
