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
		"wide or not 3\uFE0F":                      "wide or not 3",
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

func TestSanitizeWithholdsCredentials(t *testing.T) {
	const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ"
	for name, c := range map[string]struct{ text, want string }{
		"a token":                {"got " + jwt + ", why", "got (withheld), why"},
		"a token cut off":        {"got " + jwt[:30] + "…", "got (withheld)…"},
		"a token in disguise":    {"got eyJhbG\u200bciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2ln", "got (withheld)"},
		"an opaque bearer":       {"Authorization: Bearer 0.AXoAcanarycanary", "Authorization: Bearer (withheld)"},
		"a challenge":            {`Bearer authorization="https://login.example/t"`, `Bearer authorization="https://login.example/t"`},
		"a form":                 {"client_id=a&client_secret=s3cr3t~canary&scope=b", "client_id=a&client_secret=(withheld)&scope=b"},
		"JSON":                   {`{"token_type":"Bearer","refresh_token":"0.AXoAcanary"}`, `{"token_type":"Bearer","refresh_token":"(withheld)"}`},
		"JSON in JSON":           {`{\"access_token\":\"canarycanary\"}`, `{\"access_token\":\"(withheld)\"}`},
		"what az prints":         {`{"accessToken": "opaque-canary-token", "expiresOn": "2026"}`, `{"accessToken": "(withheld)", "expiresOn": "2026"}`},
		"a kubeconfig":           {"users:\n- user:\n    token: 0123456789canary0\n    client-key-data: Y2FuYXJ5Y2FuYXJ5Cg==\n", "users:\n- user:\n    token: (withheld)\n    client-key-data: (withheld)\n"},
		"a PEM key":              {"key:\n-----BEGIN RSA PRIVATE KEY-----\nY2FuYXJ5\n-----END RSA PRIVATE KEY-----\nend", "key:\n(withheld)\nend"},
		"a PEM key cut off":      {"-----BEGIN PRIVATE KEY-----\nY2FuYXJ5", "(withheld)"},
		"a JSON web key":         {`{"kty":"RSA","n":"` + strings.Repeat("n", 20) + `","d":"` + strings.Repeat("d", 20) + `"}`, `{"kty":"RSA","n":"` + strings.Repeat("n", 20) + `","d":"(withheld)"}`},
		"a password":             {`{"username":"a","password":"canary"}`, `{"username":"a","password":"(withheld)"}`},
		"a public key":           {"-----BEGIN PUBLIC KEY-----\nMIIB", "-----BEGIN PUBLIC KEY-----\nMIIB"},
		"a message about tokens": {"Msg 7: the token: none is given", "Msg 7: the token: none is given"},
	} {
		if got := Sanitize(c.text, 1000); got != c.want {
			t.Errorf("%s: %q became %q, want %q", name, c.text, got, c.want)
		}
	}
}

func FuzzSanitize(f *testing.F) {
	for _, seed := range []string{"", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIx.***", `"token":"Bearer client_secret=aaaaaaaaaaaaaaaa`, "\x1b[31mred", "\x1b]0;t\a", "\x1b\x1b[[", "\u202e\xff", "\x9b31m", strings.Repeat("世", 50)} {
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
