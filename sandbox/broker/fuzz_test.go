package broker

import (
	"bytes"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Whatever a client sends before it has proven who it is ends the connection or is answered with a
// refusal; and of what the broker answers, a client out here learns no address inside.
func FuzzFrames(f *testing.F) {
	frame := func(request kmsg.Request) []byte {
		var sized bytes.Buffer
		_ = writeFrame(&sized, kmsg.NewRequestFormatter().AppendRequest(nil, request, 7)[4:])
		return sized.Bytes()
	}
	handshake := kmsg.NewPtrSASLHandshakeRequest()
	handshake.Version, handshake.Mechanism = 1, "PLAIN"
	proof := kmsg.NewPtrSASLAuthenticateRequest()
	proof.SASLAuthBytes = []byte("\x00sandbox\x00guess")
	f.Add(frame(handshake))
	f.Add(frame(proof))
	f.Add(frame(kmsg.NewPtrMetadataRequest()))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	s := &session{External: &External{options: ExternalOptions{Username: "sandbox", Password: "secret"}}}
	f.Fuzz(func(t *testing.T, sent []byte) {
		body, err := readFrame(bytes.NewReader(sent), signInLimit)
		if err != nil {
			return
		}
		if h, err := parseHeader(body); err == nil {
			response, err := s.authenticate(h, body)
			if answer, ok := response.(*kmsg.SASLAuthenticateResponse); ok && err == nil && answer.ErrorCode == 0 {
				t.Errorf("%q signs in", sent)
			}
		}
		if asked, err := parseHeader(body); err == nil && len(versionsRequest(asked)) > 40 {
			t.Errorf("%q reaches the broker", sent)
		}
		// What the broker answers is not a stranger's, but no reason to fall over.
		for _, h := range []header{{key: metadata, version: 1}, {key: findCoordinator, version: 1}} {
			again, err := readdress(h, body, "127.0.0.1", 9094)
			if err != nil {
				continue
			}
			if len(again) > 64*(len(body)+64) {
				t.Errorf("%d bytes became %d", len(body), len(again))
			}
			if response, err := parseResponse(h, again); err != nil {
				t.Errorf("%q does not parse: %v", again, err)
			} else if found, ok := response.(*kmsg.MetadataResponse); ok {
				for _, b := range found.Brokers {
					if b.Host != "127.0.0.1" || b.Port != 9094 {
						t.Errorf("a client is sent to %s:%d", b.Host, b.Port)
					}
				}
			}
		}
	})
}
