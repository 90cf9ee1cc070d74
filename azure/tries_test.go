package azure

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

const vaultPath = "/subscriptions/5e1f0000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"

// lost is an answer that does not arrive.
func lost(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func TestARefusalAfterALostAnswerProvesNothing(t *testing.T) {
	conflict := reply(http.StatusConflict, `{"error":{"code":"Conflict","message":"already being made"}}`)
	for name, test := range map[string]struct {
		answers   []func(http.ResponseWriter)
		uncertain bool
	}{
		"refused at once":        {[]func(http.ResponseWriter){conflict}, false},
		"throttled, refused":     {[]func(http.ResponseWriter){reply(429, ``, "retry-after-ms", "1"), conflict}, false},
		"answer lost, refused":   {[]func(http.ResponseWriter){lost, conflict}, true},
		"server error, refused":  {[]func(http.ResponseWriter){reply(503, ``, "retry-after-ms", "1"), conflict}, true},
		"lost, throttled, again": {[]func(http.ResponseWriter){lost, reply(429, ``, "retry-after-ms", "1"), conflict}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			s.Handle("PUT "+vaultPath, answers(test.answers...))
			_, err := s.client(t).CreateVault(t.Context(), testGroup, VaultSpec{Name: "kv", Location: "eastus"}, LRO{})
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Status != http.StatusConflict || refusal.Code != "Conflict" {
				t.Fatalf("got %v", err)
			}
			if errors.Is(err, ErrUncertain) != test.uncertain {
				t.Errorf("uncertain: %v", err)
			}
		})
	}
}

func TestADeletionWhoseAnswerWasLostIsDone(t *testing.T) {
	s := newService(t)
	s.Handle("DELETE "+vaultPath, answers(lost, reply(http.StatusNotFound, `{"error":{"code":"ResourceNotFound"}}`)))
	if err := s.client(t).DeleteVault(t.Context(), testGroup, "kv"); err != nil {
		t.Error(err)
	}
}

func TestATryThatHangsIsGivenUpAndMadeAgain(t *testing.T) {
	s := newService(t)
	hung := make(chan struct{})
	var tried atomic.Bool
	s.HandleFunc("GET "+vaultPath, func(w http.ResponseWriter, r *http.Request) {
		if !tried.Swap(true) {
			<-r.Context().Done()
			close(hung)
			return
		}
		reply(http.StatusOK, `{"name":"kv","properties":{"vaultUri":"https://kv.vault.localhost/"}}`)(w)
	})
	client, err := New(Config{Cloud: testCloud, Credential: &Credential{source: staticToken("t")}, HTTP: s.http, LongestTry: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Vault(t.Context(), testGroup, "kv"); err != nil {
		t.Error(err)
	}
	<-hung // the server saw the first try end
}
