package azcli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// splitDocuments cuts a file before each line "---". Put together again, the parts are the file.
func splitDocuments(file []byte) (documents [][]byte) {
	start, offset := 0, 0
	for line := range bytes.Lines(file) {
		if offset > start && strings.TrimRight(string(line), " \t\r\n") == "---" {
			documents = append(documents, file[start:offset])
			start = offset
		}
		offset += len(line)
	}
	return append(documents, file[start:])
}

// annotate puts the policy into the metadata at that path of a document. It inserts a line or two,
// or replaces one, and leaves all others alone; a document in whose style that does not work is
// written anew.
func annotate(document []byte, path []string, value string) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(document, &root); err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	if edited, ok := edit(document, find(&root, path), value); ok && reads(edited, path, value) {
		return edited, nil
	}
	return rewrite(&root, path, value)
}

// edit changes the text of a document, given the node of its metadata.
func edit(document []byte, metadata *yaml.Node, value string) ([]byte, bool) {
	lines := slices.Collect(bytes.Lines(document))
	annotations := child(metadata, "annotations")
	switch {
	case !blockMapping(metadata):
		return nil, false
	case annotations == nil:
		first := metadata.Content[0]
		indent := strings.Repeat(" ", first.Column-1)
		lines = slices.Insert(lines, first.Line-1, fmt.Appendf(nil, "%sannotations:\n%s  %s: %s\n", indent, indent, annotation, value))
	case !blockMapping(annotations):
		return nil, false
	default:
		first := annotations.Content[0]
		entry := fmt.Appendf(nil, "%s%s: %s\n", strings.Repeat(" ", first.Column-1), annotation, value)
		if old := child(annotations, annotation); old != nil {
			lines[old.Line-1] = entry
		} else {
			lines = slices.Insert(lines, first.Line-1, entry)
		}
	}
	return bytes.Join(lines, nil), true
}

// reads tells whether a document holds the policy at that path.
func reads(document []byte, path []string, value string) bool {
	var root yaml.Node
	if err := yaml.Unmarshal(document, &root); err != nil {
		return false
	}
	found := child(child(find(&root, path), "annotations"), annotation)
	return found != nil && found.Value == value
}

// find is the node at a path; nil where there is none.
func find(root *yaml.Node, path []string) *yaml.Node {
	if len(root.Content) == 0 {
		return nil
	}
	node := root.Content[0]
	for _, key := range path {
		node = child(node, key)
	}
	return node
}

// child is the value of a key; nil where there is none.
func child(mapping *yaml.Node, key string) *yaml.Node {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// blockMapping tells whether a node is a mapping with entries, one a line.
func blockMapping(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0
}

// rewrite writes a document anew with the annotation in it.
func rewrite(root *yaml.Node, path []string, value string) ([]byte, error) {
	node := root.Content[0]
	for _, key := range append(slices.Clone(path), "annotations") {
		next := child(node, key)
		if next == nil || next.Kind != yaml.MappingNode {
			next = &yaml.Node{Kind: yaml.MappingNode}
			set(node, key, next)
		}
		node = next
	}
	set(node, annotation, &yaml.Node{Kind: yaml.ScalarNode, Value: value})
	written, err := yaml.Marshal(root)
	if err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return append([]byte("---\n"), written...), nil
}

func set(mapping *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content[i+1] = value
			return
		}
	}
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
}
