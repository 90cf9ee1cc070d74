package actions

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSanitize(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext\nand more":                    "plain\ttext\nand more",
		"\x1b[31mred\x1b[0m":                       "red",
		"\x1b[?25l\x1b[2Jhidden":                   "hidden",
		"\x1b]0;title\atext":                       "text",
		"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\": "link",
		"broken off \x1b[31":                       "broken off ",
		"broken \x1b[3\nnext":                      "broken \nnext",
		"bell\a back\b null\x00":                   "bell back null",
		"user\u202Etxt.exe":                        "usertxt.exe",
		"zero\u200Bwidth\uFEFF":                    "zerowidth",
		"c1 \u009b31m":                             "c1 31m",
		"bad \xff utf-8":                           "bad \uFFFD utf-8",
		"olá, 世界":                                  "olá, 世界",
	} {
		if got := Sanitize(in, 100); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestSanitizeCutsBetweenCharacters(t *testing.T) {
	for limit := range 20 {
		got := Sanitize("世界世界世界", limit)
		if len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("limit %d: %q", limit, got)
		}
	}
}

func FuzzSanitize(f *testing.F) {
	for _, seed := range []string{"", "\x1b[31mred", "\x1b]0;t\a", "\x1b\x1b[[", "\u202e\xff", "\x9b31m", strings.Repeat("世", 50)} {
		f.Add(seed, 20)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		got := Sanitize(s, limit)
		if !utf8.ValidString(got) {
			t.Errorf("%q is not UTF-8", got)
		}
		if limit >= 0 && len(got) > limit {
			t.Errorf("%d bytes, limit %d", len(got), limit)
		}
		for _, r := range got {
			if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
				t.Errorf("%q holds %U", got, r)
			}
		}
		if again := Sanitize(got, limit); again != got {
			t.Errorf("%q became %q", got, again)
		}
	})
}
