package skr

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4/json"
)

// maxDepth bounds how deep foreign JSON may nest. Policies and tokens need fewer than ten levels.
const maxDepth = 32

// errDuplicate is a JSON object that says two things under one name: whoever reads it next may see the other.
var errDuplicate = errors.New("a name occurs twice in one JSON object")

// decodeStrict decodes one JSON value. Names are case-sensitive, none may occur twice, and nothing may follow.
func decodeStrict(data []byte, into any) error {
	if depth(data) > maxDepth {
		return fmt.Errorf("the JSON nests more than %d levels", maxDepth)
	}
	err := json.Unmarshal(data, into)
	if err != nil && strings.Contains(err.Error(), "duplicate key") {
		return fmt.Errorf("%w: %w", errDuplicate, err)
	}
	return err
}

// depth is how deep brackets nest outside of strings.
func depth(data []byte) (deepest int) {
	level, inString, escaped := 0, false, false
	for _, c := range data {
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped = c == '\\'
			inString = c != '"'
		case c == '"':
			inString = true
		case c == '{', c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}', c == ']':
			level--
		}
	}
	return deepest
}

// errLarger is an answer that nobody could have meant.
var errLarger = errors.New("the answer is larger")

// readBounded reads a response body, at most limit bytes of it; a longer one is an error.
func readBounded(r *http.Response, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("%w than %d bytes", errLarger, limit)
	}
	return body, nil
}
