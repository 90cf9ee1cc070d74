package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/cctui/cctui/sandbox"
)

// maxDiscovery bounds the file that tells of a running sandbox, in bytes.
const maxDiscovery = 64 << 10

// noSandbox is the answer to whoever needs a running one.
const noSandbox = misuse("no sandbox is being served; run cctui sandbox in another terminal first")

// discovery is the folder by which other processes of the same user find the sandbox that is being
// served. It holds the sandbox's secrets, so nobody else may read it.
type discovery string

func (p *program) discovery() discovery {
	return discovery(filepath.Join(stateDir(p.getenv), "sandbox"))
}

func (d discovery) endpoints() string { return filepath.Join(string(d), "endpoints.json") }
func (d discovery) ca() string        { return filepath.Join(string(d), "ca.pem") }
func (d discovery) kcat() string      { return filepath.Join(string(d), "kcat.conf") }

// announce writes the folder, and for curl and kcat the files they want.
func (d discovery) announce(e sandbox.Endpoints) error {
	content, err := json.Marshal(e)
	if err != nil {
		return err
	}
	kcat := fmt.Sprintf("bootstrap.servers=%s\nsecurity.protocol=SASL_SSL\nsasl.mechanisms=PLAIN\nsasl.username=%s\nsasl.password=%s\nssl.ca.location=%s\n",
		e.Kafka.Address, e.Kafka.Username, e.Kafka.Password, d.ca())
	return errors.Join(
		d.withdraw(), // what a killed process left may be readable to others
		os.MkdirAll(string(d), 0o700),
		os.WriteFile(d.endpoints(), content, 0o600),
		os.WriteFile(d.ca(), []byte(e.CA), 0o600),
		os.WriteFile(d.kcat(), []byte(kcat), 0o600),
	)
}

// withdraw removes the folder, and the journals of runs in sandboxes: with the sandbox, all that
// they tell of is gone.
func (d discovery) withdraw() error {
	journals, err := filepath.Glob(string(d) + "-*")
	for _, journal := range append(journals, string(d)) {
		err = errors.Join(err, os.RemoveAll(journal))
	}
	return err
}

// parseEndpoints reads what announce wrote.
func parseEndpoints(content []byte) (e sandbox.Endpoints, err error) {
	return e, json.Unmarshal(content, &e)
}

// running finds the sandbox that another process serves. Files without a sandbox behind them, left
// by a process that was killed, are as good as none; one that is slow to answer is there. Whoever took
// it for gone would start another, and find nothing of the run in it.
func (d discovery) running(ctx context.Context) (e sandbox.Endpoints, found bool) {
	e, err := d.reach(ctx)
	return e, err == nil || isSlow(err) && ctx.Err() == nil
}

// ended tells whether a sandbox has surely ended: another one took its place, or nobody is there. One
// that is merely slow to answer has not.
func (d discovery) ended(ctx context.Context, id string) bool {
	e, err := d.reach(ctx)
	return e.ID != id || err != nil && !isSlow(err) && ctx.Err() == nil
}

func isSlow(err error) bool {
	timed, ok := errors.AsType[net.Error](err)
	return ok && timed.Timeout()
}

// reachTime is how long a sandbox on a busy machine may take to greet.
const reachTime = 5 * time.Second

// reach greets the sandbox that the folder tells of. Its certificate proves that it is the one; it is
// asked for nothing, because what it answers may be scripted to go wrong.
func (d discovery) reach(ctx context.Context) (e sandbox.Endpoints, err error) {
	content, err := readBounded(d.endpoints(), maxDiscovery)
	if err != nil {
		return e, err
	}
	if e, err = parseEndpoints(content); err != nil {
		return e, err
	}
	authority, err := url.Parse(e.Authority)
	if err != nil {
		return e, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(e.CA)) {
		return e, errors.New("the sandbox's CA is not a PEM certificate")
	}
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	conn, err := e.Dial(ctx, "tcp", authority.Host)
	if err != nil {
		return e, err
	}
	greeting := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: authority.Hostname(), MinVersion: tls.VersionTLS12})
	err = greeting.HandshakeContext(ctx)
	_ = greeting.Close() // it may have been closed at the other end
	return e, err
}
