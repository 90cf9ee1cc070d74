package arm

import (
	"context"
	"net/http"
	"strings"
)

// authorization is where extension resources of any scope begin.
const authorization = "/providers/microsoft.authorization/"

// path is a request's path as it was sent, taken apart.
type path struct {
	scope    string // of an extension resource, which may be any resource id
	segments []string
}

// pathOfURL cuts at the last extension, because a scope may itself be one.
func pathOfURL(sent string) path {
	p := path{}
	if i := strings.LastIndex(lower(sent), authorization); i >= 0 {
		p.scope, sent = sent[:i], sent[i:]
	}
	p.segments = strings.Split(sent, "/")
	return p
}

// routed is the path without its scope, as patterns are matched with it.
func (p path) routed() string { return lower(strings.Join(p.segments, "/")) }

// lower changes ASCII letters alone: a text stays as long as it is, so that places in one are places
// in the other.
func lower(text string) string {
	letters := []byte(text)
	for i, c := range letters {
		if 'A' <= c && c <= 'Z' {
			letters[i] = c + 'a' - 'A'
		}
	}
	return string(letters)
}

// restore gives the wildcards of a pattern their values as they were sent.
func (p path) restore(r *http.Request, pattern string) {
	for i, segment := range strings.Split(pattern, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok && i < len(p.segments) {
			r.SetPathValue(strings.TrimSuffix(name, "}"), p.segments[i])
		}
	}
}

// pathKey carries the path past the router, which sees it in lower case only.
type pathKey struct{}

func pathOf(ctx context.Context) path {
	p, _ := ctx.Value(pathKey{}).(path)
	return p
}

// lowerCase routes by the path in lower case, as Resource Manager's paths are insensitive to
// case, and keeps the names as they were sent.
func lowerCase(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := pathOfURL(r.URL.Path)
		r = r.Clone(context.WithValue(r.Context(), pathKey{}, p))
		r.URL.Path, r.URL.RawPath = p.routed(), ""
		next.ServeHTTP(w, r)
	})
}
