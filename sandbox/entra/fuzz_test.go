package entra

import (
	"context"
	"net/http"
	"testing"
	"time"
)

// No bytes that are not signed by the issuer sign anybody in.
func FuzzAssertions(f *testing.F) {
	f.Add("")
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2kvIn0.")
	f.Add("eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJpc3MiOiJodHRwczovL2kvIiwic3ViIjoicyIsImF1ZCI6ImEifQ.AAAA")
	directory := &Directory{Options: Options{
		Federations: func(string) (Principal, []Federation, bool) {
			return Principal{}, []Federation{{Issuer: "https://i/", Subject: "s", Audience: "a", Effective: time.Time{}}}, true
		},
		HTTP: &http.Client{Transport: nowhere{}},
	}}
	f.Fuzz(func(t *testing.T, assertion string) {
		if p, refused := directory.federated(context.Background(), "client", assertion); refused == nil {
			t.Errorf("%q signs in %+v", assertion, p)
		}
	})
}

// nowhere is a network on which nothing is found.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) { return nil, http.ErrServerClosed }
