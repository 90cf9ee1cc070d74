package azure

import (
	"errors"
	"net/http"
	"testing"
)

// page is what a hotel's network answers to whoever has not accepted its terms.
func page(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<html>Please accept our terms of use.</html>"))
}

func TestAnAnswerThatIsNoJSONIsNone(t *testing.T) {
	good := reply(http.StatusOK, `{"name":"kv","properties":{"vaultUri":"https://kv.vault.localhost/"}}`)
	for name, bad := range map[string]func(http.ResponseWriter){
		"a web page": page, "half of it": reply(http.StatusOK, `{"name":"k`), "a list": reply(http.StatusOK, `[]`), "a word": reply(http.StatusOK, `"kv"`),
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			s.Handle("GET "+vaultPath, answers(bad, good))
			if vault, err := s.client(t).Vault(t.Context(), testGroup, "kv"); err != nil || vault.URI == "" {
				t.Errorf("%+v, %v", vault, err)
			}
		})
	}
}

// A deletion that was answered by somebody else was not carried out.
func TestNobodyElseCanConfirmADeletion(t *testing.T) {
	s := newService(t)
	s.Handle("DELETE "+vaultPath, answers(page, reply(http.StatusOK, ``)))
	if err := s.client(t).DeleteVault(t.Context(), testGroup, "kv"); err != nil || s.asked("DELETE "+vaultPath) != 2 {
		t.Errorf("asked %d times: %v", s.asked("DELETE "+vaultPath), err)
	}
}

// An answer of the wrong kind to a purge is neither a purge nor an operation that failed.
func TestAnAnswerOfTheWrongKindIsNone(t *testing.T) {
	s := newService(t)
	s.Handle("DELETE /deletedkeys/k", answers(reply(http.StatusOK, `{"id":7,"properties":"none"}`)))
	err := s.client(t).PurgeKey(t.Context(), "https://kv.vault.localhost", "k")
	if _, unreadable := errors.AsType[*UnreadableError](err); !unreadable {
		t.Errorf("got %v", err)
	}
}

func TestAResourceThatCameToNothingSaysSoByItsState(t *testing.T) {
	s := newService(t)
	s.Handle("PUT "+vaultPath, answers(reply(http.StatusOK, `{"properties":{"provisioningState":"RegisteringDns"}}`)))
	s.Handle("GET "+vaultPath, answers(reply(http.StatusOK, `{"properties":{"provisioningState":"Failed"}}`)))
	_, err := s.client(t).CreateVault(t.Context(), testGroup, VaultSpec{Name: "kv", Location: "eastus"}, LRO{})
	if refusal, ok := errors.AsType[*Error](err); !ok || refusal.Code != "ProvisioningFailed" {
		t.Errorf("got %v", err)
	}
}

// A new version of a key is made by each POST, so that only whoever can look what is there may ask again.
func TestWhatMayHaveBeenDoneIsNotAskedForAgain(t *testing.T) {
	s := newService(t)
	s.Handle("POST /keys/k/create", answers(page))
	_, err := s.client(t).CreateKey(t.Context(), "https://kv.vault.localhost", KeySpec{Name: "k", Bits: 3072, ReleasePolicy: []byte("{}")})
	if _, unreadable := errors.AsType[*UnreadableError](err); !unreadable || s.asked("POST /keys/k/create") != 1 {
		t.Errorf("asked %d times: %v", s.asked("POST /keys/k/create"), err)
	}
}

func TestATokenIsAskedForUntilTheAnswerIsOne(t *testing.T) {
	granted := reply(http.StatusOK, `{"token_type":"Bearer","expires_in":3600,"access_token":"granted"}`)
	half := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("{"))
	}
	for name, bad := range map[string]func(http.ResponseWriter){"a web page": page, "half of it": half, "lost": lost} {
		t.Run(name, func(t *testing.T) {
			if _, err := SignIn(t.Context(), signInOptions(entra(t, answers(bad, granted)), "client-secret")); err != nil {
				t.Error(err)
			}
		})
	}
}
