package azure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Bounds of what az may print, in bytes. The longest thing wanted is a security policy of some hundred kilobytes.
const (
	maxOutput     = 16 << 20
	maxDiagnostic = 16 << 10
)

// CLI is the az command line, for what only it can do.
type CLI struct {
	// Run runs az with arguments and returns what it printed; ExecCLI is the real one.
	Run func(ctx context.Context, args ...string) ([]byte, error)
}

// Versions asks az for its version and those of its extensions.
func (c CLI) Versions(ctx context.Context) (Versions, error) {
	printed, err := c.Run(ctx, "version", "-o", "json")
	if err != nil {
		return Versions{}, fmt.Errorf("ask az for its version: %w", err)
	}
	var versions struct {
		CLI        string            `json:"azure-cli"`
		Extensions map[string]string `json:"extensions"`
	}
	if err := json.Unmarshal(printed, &versions); err != nil {
		return Versions{}, fmt.Errorf("ask az for its version: %w", err)
	}
	return Versions{CLI: versions.CLI, Extensions: versions.Extensions}, nil
}

// AddExtension installs an extension's newest version.
func (c CLI) AddExtension(ctx context.Context, name string) error {
	return c.extension(ctx, "add", name)
}

// UpdateExtension updates an installed extension.
func (c CLI) UpdateExtension(ctx context.Context, name string) error {
	return c.extension(ctx, "update", name)
}

func (c CLI) extension(ctx context.Context, verb, name string) error {
	if _, err := c.Run(ctx, "extension", verb, "--name", name, "--only-show-errors"); err != nil {
		return fmt.Errorf("az extension %s %s: %w", verb, name, err)
	}
	return nil
}

// ExecCLI runs the installed az and returns its standard output. An error holds what az printed about it. Nothing is
// asked: standard input is empty. errors.Is(err, exec.ErrNotFound) tells that there is no az.
func ExecCLI(ctx context.Context, args ...string) ([]byte, error) {
	return execute(ctx, "az", args...)
}

func execute(ctx context.Context, program string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, program, args...)
	// az is a script around Python; killing the script leaves the other holding the pipes.
	command.WaitDelay = 5 * time.Second
	output, diagnostic := &bounded{limit: maxOutput}, &bounded{limit: maxDiagnostic}
	command.Stdout, command.Stderr = output, diagnostic
	err := command.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(diagnostic.kept.String()))
	case output.over:
		return nil, errors.New("it printed more than could be meant")
	}
	return output.kept.Bytes(), nil
}

// bounded keeps the first bytes written to it and swallows the rest, so that the writer goes on.
type bounded struct {
	kept  bytes.Buffer
	limit int
	over  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := min(len(p), b.limit-b.kept.Len())
	b.over = b.over || room < len(p)
	b.kept.Write(p[:room])
	return len(p), nil
}
