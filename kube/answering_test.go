package kube

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

func TestAnAnswerMustBeginInTimeButMayGoOn(t *testing.T) {
	const limit = 200 * time.Millisecond
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hangs" {
			<-r.Context().Done()
			return
		}
		_ = http.NewResponseController(w).Flush()
		time.Sleep(2 * limit) // the real time that the promise is about
		_, _ = io.WriteString(w, "done")
	}))
	defer server.Close()
	client := &http.Client{Transport: answering(http.DefaultTransport, limit)}

	if _, err := client.Get(server.URL + "/hangs"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("hanging: %v", err)
	}
	response, err := client.Get(server.URL + "/follows")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); string(text) != "done" || err != nil {
		t.Errorf("followed: %q, %v", text, err)
	}
}
