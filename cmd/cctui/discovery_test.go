package main

import (
	"context"
	"encoding/json"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/cctui/cctui/sandbox"
)

// Wherever the file that tells of a sandbox leads, nothing but loopback is dialled.
func FuzzDiscovery(f *testing.F) {
	good, err := json.Marshal(sandbox.Endpoints{Port: 8443, Authority: "https://login.localhost:8443", ResourceManager: "https://management.localhost:8443"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"port":443,"authority":"https://login.microsoftonline.com"}`))
	f.Add([]byte(`{"port":80,"authority":"https://localhost.evil.example:80","resourceManager":"http://169.254.169.254"}`))
	f.Add([]byte(`{"port":-1}`))
	f.Add([]byte(`[]`))
	left, leave := context.WithCancel(context.Background())
	leave() // what is not refused is not dialled either
	f.Fuzz(func(t *testing.T, content []byte) {
		e, err := parseEndpoints(content)
		if err != nil {
			return
		}
		for _, place := range []string{e.Authority, e.ResourceManager, "https://v." + e.VaultSuffix, "https://h." + e.ManagedHSMSuffix, "https://" + e.AttestationHost} {
			u, err := url.Parse(place)
			if err != nil {
				continue
			}
			host, port := u.Hostname(), u.Port()
			_, err = e.Dial(left, "tcp", net.JoinHostPort(host, port))
			loopback := host == "127.0.0.1" || strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost")
			if !loopback && (err == nil || !strings.Contains(err.Error(), "reaches only the sandbox")) {
				t.Errorf("%s is dialled: %v", place, err)
			}
		}
	})
}

// Whoever took a sandbox that stutters for none would start another, and find nothing of the run in it.
func TestASandboxThatAnswersBadlyIsFound(t *testing.T) {
	served, err := sandbox.Start(t.Context(), sandbox.Options{Faults: []string{"http-reset=login", "http-stall=login", "http-malformed=login"}})
	if err != nil {
		t.Fatal(err)
	}
	d := discovery(t.TempDir())
	if err := d.announce(served.Endpoints()); err != nil {
		t.Fatal(err)
	}
	if e, found := d.running(t.Context()); !found || e.ID != served.Endpoints().ID || d.ended(t.Context(), e.ID) {
		t.Error("it is not found")
	}
	if err := served.Close(); err != nil {
		t.Fatal(err)
	}
	if _, found := d.running(t.Context()); found || !d.ended(t.Context(), served.Endpoints().ID) {
		t.Error("it is found after its end")
	}
}
