package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"sigs.k8s.io/yaml"

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
	lines := map[string]any{}
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(asJSON))
		decoder.UseNumber()
		err = decoder.Decode(&lines)
	}
	if err != nil {
		return config{err: fmt.Errorf("not a list of key: value lines: %w", err)}
	}
	known := map[string]bool{}
	for _, in := range inputs() {
		known[in.key] = true
	}
	c.values = map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(lines)) {
		if known[key] {
			c.values[key] = texts(lines[key])
		} else {
			c.unknown = append(c.unknown, key)
		}
	}
	return c
}

// texts are a YAML value as a flag would have it.
func texts(value any) []string {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, texts(item)...)
		}
		return all
	}
	return []string{fmt.Sprint(value)}
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
