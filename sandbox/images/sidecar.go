package images

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cctui/cctui/sandbox/pods"
)

// sidecar is one run of the SKR sidecar.
// Source: microsoft/confidential-sidecar-containers, cmd/skr, pkg/skr, pkg/attest, pkg/common.
type sidecar struct {
	container pods.Container
	client    *http.Client
	roots     *x509.CertPool
	log       *logger
	footer    string // closes error texts in newer images
	redacts   bool   // logs attestation tokens, without signature
	options   sidecarFlags
	platform  platformCertificates
}

// sidecarFlags are the program's command line.
type sidecarFlags struct {
	base64, logLevel, port string
	azure                  azureInformation
}

// azureInformation is the decoded flag -base64.
type azureInformation struct {
	Certificates struct {
		EndpointType string `json:"endpoint_type"`
		Endpoint     string `json:"endpoint"`
	} `json:"certcache"`
	Identity struct {
		ClientID string `json:"client_id"`
	} `json:"identity"`
}

const sidecarFooter = `
ERROR: Please refer to the documentation for more information on how to use this sidecar.
ACI: https://github.com/microsoft/confidential-sidecar-containers/blob/main/examples/skr/aci/README.md
KATA: https://github.com/microsoft/confidential-sidecar-containers/blob/main/examples/skr/aks/README.md
Troubleshooting: https://github.com/microsoft/confidential-sidecar-containers/blob/main/examples/skr/TROUBLESHOOTING.md`

// sidecar is the image mcr.microsoft.com/aci/skr.
func (l *library) sidecar(ctx context.Context, c pods.Container) error {
	s := &sidecar{container: c, client: c.Network.Client(), roots: l.Roots}
	if newSidecar(c.Image) {
		s.footer, s.redacts = sidecarFooter, true
	}
	if err := s.parse(s.commandLine()); err != nil {
		return err
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := l.delaySidecar(ctx); err != nil {
		return err
	}
	return s.serve(ctx)
}

// newSidecar tells whether an image redacts the tokens it logs: from 2.12 on. One that is named by
// digest alone is taken for new.
func newSidecar(image string) bool {
	_, tag := splitReference(image)
	major, minor, _ := strings.Cut(tag, ".")
	x, err := strconv.Atoi(major)
	y, errMinor := strconv.Atoi(minor)
	return err != nil || errMinor != nil || x > 2 || x == 2 && y >= 12
}

// slowStart is how late a sidecar is at least that is to be late: later than the consumer.
const slowStart = 1500 * time.Millisecond

// delaySidecar plays the fault sidecar-slow: the first sidecar listens late. Its successor does not,
// so that restarting the pod is the cure.
func (l *library) delaySidecar(ctx context.Context) error {
	if _, on := l.Conditions.Has("sidecar-slow"); !on {
		return nil
	}
	var err error
	l.slowSidecar.Do(func() {
		err = pause(ctx, max(slowStart, l.Conditions.Duration("sidecar.start")))
	})
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// commandLine is what the container runs. The image's entry point /skr.sh makes flags of variables;
// the program itself reads none of them.
func (s *sidecar) commandLine() []string {
	command := append(append([]string{}, s.container.Command...), s.container.Args...)
	if len(s.container.Command) == 0 {
		command = append([]string{"/skr.sh"}, s.container.Args...)
	}
	if command[0] != "/skr.sh" {
		return command[1:]
	}
	return s.script(command[1:])
}

// script is docker/skr/skr.sh.
func (s *sidecar) script(args []string) (flags []string) {
	args = append(args, "", "")
	say := func(format string, a ...any) { _, _ = fmt.Fprintf(s.container.Log, format+"\n", a...) }
	information, port := s.container.Getenv("SkrSideCarArgs", args[0]), s.container.Getenv("Port", args[1])
	say("SkrSideCarArgs = %s", information)
	say("Port = %s", port)
	for _, option := range []struct{ flag, value string }{
		{"-base64", information},
		{"-port", port},
		{"-logfile", s.container.Env["LogFile"]},
		{"-loglevel", s.container.Env["LogLevel"]},
		{"-server_type", s.container.Env["ServerType"]},
	} {
		if option.value != "" {
			flags = append(flags, option.flag, option.value)
		}
	}
	say("CmdlineArgs = %s", strings.Join(flags, " "))
	return flags
}

// parse takes no host: the real program listens on localhost whatever it is told, because whoever
// reaches it gets keys. It reads the program's flags and says what it understood.
func (s *sidecar) parse(args []string) error {
	flags := flag.NewFlagSet("/bin/skr", flag.ContinueOnError)
	flags.SetOutput(s.container.Log)
	flags.StringVar(&s.options.base64, "base64", "", "optional base64-encoded json string with azure information")
	flags.StringVar(&s.options.logLevel, "loglevel", "warning", "Logging Level: trace, debug, info, warning, error, fatal, panic.")
	logFile := flags.String("logfile", "", "Logging Target: An optional file name/path. Omit for console output.")
	flags.StringVar(&s.options.port, "port", "8080", "Port on which to listen")
	server := flags.String("server_type", "http", "Choose whether to use http or grpc for the server type")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("exit status 2: %w", err)
	}
	if *server != "http" {
		return errors.New("the sandbox's sidecar serves http only")
	}
	var err error
	if s.log, err = newLogger(s.container.Log, s.options.logLevel); err != nil {
		_, _ = fmt.Fprintf(s.container.Log, "level=fatal msg=Failed to parse logLevel: %v%s\n", err, s.footer)
		return fmt.Errorf("parse log level: %w", err)
	}
	s.log.info("Starting /bin/skr...")
	s.log.info("Args:")
	s.log.info("   Log Level:     %s", s.options.logLevel)
	s.log.info("   Log File:      %s", *logFile)
	s.log.debug("   Port:          %s", s.options.port)
	s.log.debug("   Hostname:      localhost")
	s.log.debug("   azure info:    %s", s.options.base64)
	return s.parseInformation()
}

func (s *sidecar) parseInformation() error {
	s.log.info("Decoding base64 attestation information if not empty...")
	if s.options.base64 == "" {
		return nil
	}
	decoded, err := base64.StdEncoding.DecodeString(s.options.base64)
	if err != nil {
		return s.log.fatal("Failed to decode base64 attestation info: %w%s", err, s.footer)
	}
	if err := json.Unmarshal(decoded, &s.options.azure); err != nil {
		return s.log.fatal("Failed to unmarshal attestion info json into AzureInformation: %w%s", err, s.footer)
	}
	return nil
}

// prepare fetches the platform's certificates; without them the program does not start.
func (s *sidecar) prepare(ctx context.Context) (err error) {
	s.log.info("ThimCerts is absent, retrieving THIMCerts from THIM endpoint.")
	if s.platform, err = s.fetchCertificates(ctx, localTHIM); err != nil {
		return s.log.fatal("Failed to retrieve thim certs: %w", err)
	}
	s.log.debug("setting tcbm to EncodedUvmInformation.InitialCerts.Tcbm value: %s\n", s.platform.TCB)
	return nil
}
