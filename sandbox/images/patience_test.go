package images

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTheOperatorsRequestsAreTriedAgainWithTheirBody(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked++
		switch asked {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
		case 2:
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		default:
			_, _ = w.Write(body)
		}
	}))
	defer server.Close()
	client := &http.Client{Transport: patient{http.DefaultTransport}}
	response, err := client.Post(server.URL, "text/plain", strings.NewReader("a pod"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "a pod" || asked != 3 {
		t.Errorf("after %d tries: %q, %v", asked, body, err)
	}
}
