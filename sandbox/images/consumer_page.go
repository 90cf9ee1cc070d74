package images

import (
	"context"
	"fmt"
	"html"
	"net"
	"net/http"
	"time"
)

const (
	pagePort = 3333
	// longestPageWait is how long a page waits for a message. It is as long as the producer rests,
	// and scaled with it.
	longestPageWait  = 10 * time.Second
	shortestPageWait = 500 * time.Millisecond
	// The real page has two spaces between these sentences too.
	pageTimeout = "Timeout waiting to read data from Kafka.  Please refresh the page to try again."
)

// page has the texts of webtemplates/index.html. Its headings are the wrong way round: "Encrypted"
// heads what could be decrypted, because a key was released.
const page = `<!DOCTYPE html>
<html>
  <head><title>Confidential Containers on AKS</title></head>
  <body>
    <h1>Welcome to <a href="https://github.com/microsoft/kata-containers">Confidential Containers on AKS!</a></h1>
    <h2>
      %s Kafka Message:
    </h2>
    <p className="description">
      <code className="code">%s</code>
    </p>
  </body>
</html>
`

func (r *consumer) servePages(ctx context.Context, listener net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/", r.root)
	mux.HandleFunc("/web/", http.NotFound)
	mux.HandleFunc("/favicon.ico", http.NotFound)
	return serveHTTP(ctx, listener, mux)
}

// root shows the next message. What it says of encryption is what was so when it was asked.
func (r *consumer) root(w http.ResponseWriter, request *http.Request) {
	heading, message := "Unencrypted", pageTimeout
	if r.released.Load() {
		heading = "Encrypted"
	}
	select {
	case message = <-r.messages:
		r.log.Print("got / request")
	case <-time.After(r.pageWait):
	case <-request.Context().Done():
		return
	}
	if _, err := fmt.Fprintf(w, page, heading, html.EscapeString(message)); err != nil {
		r.log.Printf("Unable to serve webpage: %v", err)
	}
}
