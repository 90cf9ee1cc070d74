package actions

import (
	"regexp"
	"strings"
)

// withheld stands where a credential was.
const withheld = "(withheld)"

// secrets are the forms in which services, proxies and tools repeat credentials in what they say of
// an error: a request's header, a form or JSON they could not read, a line of a debug log.
var secrets = []struct {
	// hint is in every text of the form; looking for it is cheap.
	hint string
	form *regexp.Regexp
	by   string
}{
	{"eyJ", regexp.MustCompile(`eyJ[\w-]{8,}\.eyJ[\w-]{4,}(?:\.[\w-]*)?`), withheld}, // a JSON web token, whole or cut off
	{"earer", regexp.MustCompile(`\b([Bb]earer\s+)[\w.~+/=-]{16,}`), "${1}" + withheld},
	{"PRIVATE KEY-----", regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`), withheld},
	// JSON's and a form's names, and a kubeconfig's.
	{"_", regexp.MustCompile(`\b((?:client_secret|client_assertion|access_token|refresh_token|id_token|device_code)\\*["']?\s*[:=]\s*\\*["']?)[\w.~+/=%-]{8,}`), "${1}" + withheld},
	{"oken", regexp.MustCompile(`(\\*"(?:accessToken|refreshToken|token)\\*"\s*:\s*\\*")[\w.~+/=-]{12,}`), "${1}" + withheld},
	{"token:", regexp.MustCompile(`(?m)(^[ -]*token:\s+)[\w.~+/=-]{16,}`), "${1}" + withheld},
	{"client-key-data", regexp.MustCompile(`(client-key-data\\*"?\s*:\s*\\*"?)[\w+/=]{16,}`), "${1}" + withheld},
	// The private parts of a JSON web key.
	{`":`, regexp.MustCompile(`(\\*"(?:d|p|q|dp|dq|qi|k)\\*"\s*:\s*\\*")[\w-]{16,}`), "${1}" + withheld},
	{`":`, regexp.MustCompile(`(\\*"(?:password|clientSecret)\\*"\s*:\s*\\*")[^"\\]{4,}`), "${1}" + withheld},
}

// withhold takes credentials out of a text, as far as their form gives them away. It is the last
// net: nothing hands a credential on knowingly.
func withhold(s string) string {
	for _, secret := range secrets {
		if strings.Contains(s, secret.hint) {
			s = secret.form.ReplaceAllString(s, secret.by)
		}
	}
	return s
}
