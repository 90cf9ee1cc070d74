package azure

import (
	"context"
	"encoding/json"
	"maps"
	"testing"
)

// What az printed is read as it stands, or refused; never half.
func FuzzVersions(f *testing.F) {
	f.Add([]byte(`{"azure-cli":"2.77.0","azure-cli-core":"2.77.0","extensions":{"aks-preview":"18.0.0b1","confcom":"1.2.6"}}`))
	f.Add([]byte(`{"azure-cli":"2.77.0","extensions":{}}` + "\nWARNING: you have 2 updates available"))
	f.Add([]byte(`{"azure-cli":2.77}`))
	f.Add([]byte("\xef\xbb\xbf{}"))
	f.Add([]byte(`{"extensions":{"confcom":null}}`))
	f.Fuzz(func(t *testing.T, printed []byte) {
		read := func(text []byte) (Versions, error) {
			return CLI{Run: func(context.Context, ...string) ([]byte, error) { return text, nil }}.Versions(t.Context())
		}
		versions, err := read(printed)
		if err != nil {
			if versions.CLI != "" || versions.Extensions != nil {
				t.Errorf("%q was refused, and read as %+v", printed, versions)
			}
			return
		}
		again, err := json.Marshal(map[string]any{"azure-cli": versions.CLI, "extensions": versions.Extensions})
		if err != nil {
			t.Fatal(err)
		}
		if back, err := read(again); err != nil || back.CLI != versions.CLI || !maps.Equal(back.Extensions, versions.Extensions) {
			t.Errorf("%q became %s, %v", printed, again, err)
		}
	})
}
