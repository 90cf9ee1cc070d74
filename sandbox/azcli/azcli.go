// Package azcli stands in for the az command line, in the three things that cctui has it do: tell
// versions, install extensions, and generate the security policy of a manifest. It works on its
// arguments and files alone; it knows nothing of the sandbox's services.
package azcli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Versions that az version reports. Both extensions are always installed.
const (
	cliVersion        = "2.81.0"
	aksPreviewVersion = "19.0.0b15"
	confcomVersion    = "1.2.8"
	generatorVersion  = "3.2.0.azl3.genpolicy3"
)

// CLI is an az command line.
type CLI struct {
	// Take waits as long as the named operation takes; nil: no time.
	Take func(ctx context.Context, operation string) error
}

// Run is az with no delay.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return CLI{}.Run(ctx, args, stdout, stderr)
}

// Run runs one command and returns its exit code: 0, 1 where it failed, 2 where it was not understood.
func (c CLI) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := c.run(ctx, args, stdout, stderr)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(stderr, "ERROR: %v\n", err)
	if misused := usageError(""); errors.As(err, &misused) {
		return 2
	}
	return 1
}

// usageError is a command line that az does not understand.
type usageError string

func (e usageError) Error() string { return string(e) }

func (c CLI) run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parse(args)
	if err != nil {
		return err
	}
	switch command := strings.Join(options.command, " "); command {
	case "version":
		return printVersions(stdout)
	case "extension add", "extension update":
		return manageExtension(options, stderr)
	case "confcom katapolicygen":
		return c.generatePolicy(ctx, options, stdout)
	case "":
		return usageError("the following arguments are required: _command_package")
	default:
		return usageError(fmt.Sprintf("'%s' is misspelled or not recognized by the system.", command))
	}
}

// options are a command line taken apart: the command's words and the values of its flags.
type options struct {
	command []string
	flags   map[string]string
}

// flagNames maps each way to write a flag onto its name; switches have no value.
var (
	flagNames = map[string]string{
		"-o": "output", "--output": "output",
		"-n": "name", "--name": "name",
		"-y": "yaml", "--yaml": "yaml",
		"--print-policy": "print-policy", "--outraw": "outraw",
		"-v": "print-version", "--print-version": "print-version",
		"-u": "use-cached-files", "--use-cached-files": "use-cached-files",
		"--only-show-errors": "only-show-errors", "--upgrade": "upgrade", "--allow-preview": "allow-preview",
	}
	switches = []string{"print-policy", "outraw", "print-version", "use-cached-files", "only-show-errors", "upgrade"}
)

// parse takes flags anywhere among the words, as az does.
func parse(args []string) (options, error) {
	o := options{flags: map[string]string{}}
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") {
			o.command = append(o.command, args[i])
			continue
		}
		flag, value, given := strings.Cut(args[i], "=")
		name, known := flagNames[flag]
		if !known {
			return o, usageError("unrecognized arguments: " + args[i])
		}
		if !given && !slices.Contains(switches, name) {
			if i++; i == len(args) {
				return o, usageError(fmt.Sprintf("argument %s: expected one argument", flag))
			}
			value = args[i]
		}
		o.flags[name] = value
	}
	return o, nil
}

func (o options) has(name string) bool {
	_, set := o.flags[name]
	return set
}

func extensions() map[string]string {
	return map[string]string{"aks-preview": aksPreviewVersion, "confcom": confcomVersion}
}

func printVersions(stdout io.Writer) error {
	encoded, err := json.MarshalIndent(map[string]any{
		"azure-cli": cliVersion, "azure-cli-core": cliVersion, "azure-cli-telemetry": "1.1.0",
		"extensions": extensions(),
	}, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s\n", encoded)
	return err
}

// manageExtension finds the extension there already, which az tells on standard error and counts as
// success.
func manageExtension(o options, stderr io.Writer) error {
	name, version := o.flags["name"], extensions()[o.flags["name"]]
	switch {
	case name == "":
		return usageError("the following arguments are required: --name/-n")
	case version == "":
		return fmt.Errorf("No matching extensions for '%s'. Use --debug for more information.", name)
	case o.has("only-show-errors"):
		return nil
	case o.command[1] == "update":
		_, err := fmt.Fprintf(stderr, "WARNING: No updates available for '%s'. Use --debug for more information.\n", name)
		return err
	}
	_, err := fmt.Fprintf(stderr, "WARNING: Extension '%s' %s is already installed.\n", name, version)
	return err
}
