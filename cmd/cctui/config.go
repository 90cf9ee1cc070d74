package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/cctui/cctui/actions"
)

// maxConfig bounds the config file, in bytes: it is a page of text, or it is something else.
const maxConfig = 1 << 20

// config is a config file as it was read.
type config struct {
	path    string
	values  map[string][]string
	unknown []string
	err     error
}

// readConfig reads a YAML file of "key: value" lines. A missing file is an empty one, unless
// the user named it.
func readConfig(path string, named bool) config {
	text, err := readBounded(path, maxConfig)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return config{path: path}
	}
	if err != nil {
		return config{path: path, err: err}
	}
	c := parseConfig(text)
	c.path = path
	if c.err != nil {
		c.err = fmt.Errorf("%s: %w", path, c.err)
	}
	return c
}

func parseConfig(text []byte) (c config) {
	lines := map[string]yaml.Node{}
	if err := yaml.Unmarshal(text, &lines); err != nil {
		return config{err: fmt.Errorf("not a list of key: value lines: %w", err)}
	}
	known := map[string]bool{}
	for _, in := range inputs() {
		known[in.key] = true
	}
	c.values = map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(lines)) {
		if !known[key] {
			c.unknown = append(c.unknown, key)
			continue
		}
		value, ok := texts(lines[key])
		if !ok {
			return config{err: fmt.Errorf("the value of %s is neither a text nor a list of texts", key)}
		}
		c.values[key] = value
	}
	return c
}

// texts are a YAML value as a flag would have it: letter by letter, for 1.30 is no number. A value
// that is left out is none.
func texts(value yaml.Node) (all []string, ok bool) {
	switch value.Kind {
	case yaml.ScalarNode:
		if value.ShortTag() == "!!null" {
			return nil, true
		}
		return []string{value.Value}, true
	case yaml.SequenceNode:
		for _, item := range value.Content {
			if item.Kind != yaml.ScalarNode {
				return nil, false
			}
			all = append(all, item.Value)
		}
		return all, true
	}
	return nil, false
}

func (c config) faults() (faults []actions.Fault) {
	if c.err != nil {
		return []actions.Fault{{Message: fmt.Sprintf("the config file cannot be used: %v", c.err)}}
	}
	for _, key := range c.unknown {
		faults = append(faults, actions.Fault{Message: fmt.Sprintf("the config file %s has the unknown key %q; help config lists all", c.path, key)})
	}
	return faults
}

func readBounded(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("is larger than %d bytes", limit)
	}
	return content, err
}
