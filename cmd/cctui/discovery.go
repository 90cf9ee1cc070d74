package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
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
// by a process that was killed, are as good as none.
func (d discovery) running(ctx context.Context) (e sandbox.Endpoints, found bool) {
	e, err := d.reach(ctx)
	return e, err == nil
}

// ended tells whether a sandbox has surely ended: another one took its place, or nobody is there. One
// that is merely slow to answer has not.
func (d discovery) ended(ctx context.Context, id string) bool {
	e, err := d.reach(ctx)
	var slow net.Error
	return e.ID != id || err != nil && !(errors.As(err, &slow) && slow.Timeout()) && ctx.Err() == nil
}

// reach calls the sandbox that the folder tells of.
func (d discovery) reach(ctx context.Context) (e sandbox.Endpoints, err error) {
	content, err := readBounded(d.endpoints(), maxDiscovery)
	if err != nil {
		return e, err
	}
	if e, err = parseEndpoints(content); err != nil {
		return e, err
	}
	client, err := e.Client()
	if err != nil {
		return e, err
	}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, e.Authority, nil)
	if err != nil {
		return e, err
	}
	// The certificate proves that it is this sandbox; what it answers does not matter.
	response, err := client.Do(request)
	if err != nil {
		return e, err
	}
	return e, response.Body.Close()
}
