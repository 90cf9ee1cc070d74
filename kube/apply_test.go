package kube

import (
	"slices"
	"strings"
	"testing"
)

func TestManifestsAreSplitIntoTheirDocuments(t *testing.T) {
	for name, test := range map[string]struct {
		manifest string
		want     []string
		fails    string
	}{
		"nothing":           {manifest: ""},
		"comments alone":    {manifest: "# one\n---\n# two\n"},
		"several documents": {manifest: "{apiVersion: v1, kind: A, metadata: {name: a}}\n---\n{apiVersion: v1, kind: B, metadata: {name: b, namespace: space}}", want: []string{"A a", "B space/b"}},
		"JSON":              {manifest: `{"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}}`, want: []string{"A a"}},
		"a list":            {manifest: "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: A, metadata: {name: a}}, {apiVersion: v1, kind: A, metadata: {name: b}}]}", want: []string{"A a", "A b"}},
		"no YAML":           {manifest: "a: [", fails: "document 1"},
		"no object":         {manifest: "{apiVersion: v1, kind: A, metadata: {name: a}}\n---\n{kind: A}", fails: "document 2: an object needs"},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := documents([]byte(test.manifest))
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Fatalf("error = %v, want %s", err, test.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, object := range objects {
				got = append(got, refOf(object).String())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("objects = %q, want %q", got, test.want)
			}
		})
	}
}

func FuzzManifests(f *testing.F) {
	f.Add([]byte("{apiVersion: v1, kind: A, metadata: {name: a}}\n---\n# nothing"))
	f.Add([]byte("kind: List\napiVersion: v1\nitems: [null, 1, {kind: List, apiVersion: v1, items: []}]"))
	f.Add([]byte("{\"metadata\": 3}"))
	f.Fuzz(func(t *testing.T, manifest []byte) {
		objects, err := documents(manifest)
		for _, object := range objects {
			if err == nil && (object.GetKind() == "" || object.GetName() == "") {
				t.Errorf("%q has an object without kind or name", manifest)
			}
		}
	})
}
