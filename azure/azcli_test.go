package azure

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestVersionsOfAzAndItsExtensions(t *testing.T) {
	cli := CLI{Run: func(_ context.Context, args ...string) ([]byte, error) {
		if !slices.Equal(args, []string{"version", "-o", "json"}) {
			t.Errorf("args = %q", args)
		}
		return []byte(`{"azure-cli":"2.77.0","azure-cli-core":"2.77.0","azure-cli-telemetry":"1.1.0","extensions":{"aks-preview":"18.0.0b1"}}`), nil
	}}
	versions, err := cli.Versions(t.Context())
	if err != nil || versions.CLI != "2.77.0" || versions.Extensions["aks-preview"] != "18.0.0b1" || versions.Extensions["confcom"] != "" {
		t.Errorf("versions = %+v, %v", versions, err)
	}
}

func TestExtensionsAreAddedAndUpdatedByName(t *testing.T) {
	var ran []string
	cli := CLI{Run: func(_ context.Context, args ...string) ([]byte, error) {
		ran = append(ran, strings.Join(args[:4], " "))
		return nil, nil
	}}
	if err := errors.Join(cli.AddExtension(t.Context(), "confcom"), cli.UpdateExtension(t.Context(), "aks-preview")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"extension add --name confcom", "extension update --name aks-preview"}; !slices.Equal(ran, want) {
		t.Errorf("ran %q, want %q", ran, want)
	}
}

// installAz puts a script in the place of az.
func installAz(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a POSIX shell")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestAzIsRunWithItsArguments(t *testing.T) {
	installAz(t, `echo noise >&2; printf '%s|' "$@"`)
	printed, err := ExecCLI(t.Context(), "version", "-o", "a b")
	if err != nil || string(printed) != "version|-o|a b|" {
		t.Errorf("printed %q, %v", printed, err)
	}
}

func TestWhatAzSaysOfItsFailureIsInTheErrorBounded(t *testing.T) {
	installAz(t, `echo "ERROR: Please run 'az login'" >&2; head -c 100000 /dev/zero | tr '\0' x >&2; exit 1`)
	_, err := ExecCLI(t.Context(), "account", "show")
	if err == nil || !strings.Contains(err.Error(), "az login") {
		t.Fatalf("error = %v", err)
	}
	if len(err.Error()) > maxDiagnostic+100 {
		t.Errorf("error of %d bytes", len(err.Error()))
	}
	if !errors.As(err, new(*exec.ExitError)) {
		t.Errorf("error = %T, want an exit status in it", err)
	}
}

func TestAFloodFromAzIsRefused(t *testing.T) {
	installAz(t, `head -c 17000000 /dev/zero`)
	if _, err := ExecCLI(t.Context(), "version"); err == nil {
		t.Error("took it all")
	}
}

func TestAMissingAzIsTold(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := ExecCLI(t.Context(), "version"); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("error = %v, want not found", err)
	}
}

func TestAzIsStoppedWithItsContext(t *testing.T) {
	installAz(t, `echo started >&2; exec sleep 600`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ExecCLI(ctx, "version"); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want canceled", err)
	}
}
