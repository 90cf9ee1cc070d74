package broker

import (
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// signInTimeout and signInLimit bound what a stranger can hold: seconds and bytes.
	signInTimeout = 10 * time.Second
	signInLimit   = 64 << 10
	mechanism     = "PLAIN"
)

// session is one client of the external listener.
type session struct {
	*External
	client, broker net.Conn

	mu      sync.Mutex
	pending map[int32]header // requests whose answers name the broker
}

// attend signs a client in and then passes requests and responses on until either side ends.
// What ends a connection is not reported: a Kafka client sees it closed, as with a real broker.
func (e *External) attend(client net.Conn, b *Broker) {
	broker, err := b.Dial()
	if err != nil {
		return
	}
	defer func() { _ = broker.Close() }()
	s := &session{External: e, client: client, broker: broker, pending: map[int32]header{}}
	_ = client.SetDeadline(time.Now().Add(signInTimeout))
	if err := s.signIn(); err != nil {
		return
	}
	_ = client.SetDeadline(time.Time{})

	var responses sync.WaitGroup
	responses.Go(func() {
		defer func() { _ = client.Close() }()
		_ = s.passResponses()
	})
	_ = s.passRequests()
	_ = broker.Close()
	responses.Wait()
}

// signIn answers requests until one of them proves the password. Before that, a client may only ask
// which versions there are.
func (s *session) signIn() error {
	for {
		frame, err := readFrame(s.client, signInLimit)
		if err != nil {
			return err
		}
		h, err := parseHeader(frame)
		if err != nil {
			return err
		}
		if h.key == apiVersions {
			if err := s.tellVersions(h); err != nil {
				return err
			}
			continue
		}
		response, err := s.authenticate(h, frame)
		if err != nil {
			return err
		}
		if err := writeFrame(s.client, appendResponse(h.correlation, response)); err != nil {
			return err
		}
		switch r := response.(type) {
		case *kmsg.SASLAuthenticateResponse:
			return kerr.ErrorForCode(r.ErrorCode)
		case *kmsg.SASLHandshakeResponse:
			if r.ErrorCode != 0 {
				return kerr.ErrorForCode(r.ErrorCode)
			}
		}
	}
}

// tellVersions asks the broker which versions there are, in the client's stead: nothing a stranger
// wrote reaches the broker.
func (s *session) tellVersions(h header) error {
	if err := writeFrame(s.broker, versionsRequest(h)); err != nil {
		return err
	}
	response, err := readFrame(s.broker, maxResponse)
	if err != nil {
		return err
	}
	if response, err = offerHandshake(h, response); err != nil {
		return err
	}
	return writeFrame(s.client, response)
}

// authenticate answers the two requests of a SASL exchange.
// Source: KIP-43 and KIP-152; RFC 4616 for PLAIN.
func (s *session) authenticate(h header, frame []byte) (kmsg.Response, error) {
	// Of a stranger nothing else is parsed, and no tagged fields: the parser believes their number,
	// and counts for seconds.
	if h.key != saslHandshake && h.key != saslAuthenticate || h.version > plainVersion {
		return nil, fmt.Errorf("Kafka request %d version %d before sign-in", h.key, h.version)
	}
	request, err := parseRequest(h, frame)
	if err != nil {
		return nil, err
	}
	switch request := request.(type) {
	case *kmsg.SASLHandshakeRequest:
		return handshake(request), nil
	case *kmsg.SASLAuthenticateRequest:
		response := request.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		if !s.proves(request.SASLAuthBytes) {
			message := "Authentication failed: Invalid username or password"
			response.ErrorCode, response.ErrorMessage = kerr.SaslAuthenticationFailed.Code, &message
		}
		return response, nil
	}
	return nil, fmt.Errorf("Kafka request %T before sign-in", request)
}

func handshake(request *kmsg.SASLHandshakeRequest) kmsg.Response {
	response := request.ResponseKind().(*kmsg.SASLHandshakeResponse)
	response.SupportedMechanisms = []string{mechanism}
	switch {
	case request.Version == 0: // its exchange has no Kafka framing; no client of today needs it
		response.ErrorCode = kerr.UnsupportedVersion.Code
	case !slices.Contains(response.SupportedMechanisms, request.Mechanism):
		response.ErrorCode = kerr.UnsupportedSaslMechanism.Code
	}
	return response
}

// proves checks the message of PLAIN: [authzid] NUL authcid NUL passwd.
func (s *session) proves(message []byte) bool {
	parts := strings.Split(string(message), "\x00")
	if len(parts) != 3 {
		return false
	}
	user := subtle.ConstantTimeCompare([]byte(parts[1]), []byte(s.options.Username))
	password := subtle.ConstantTimeCompare([]byte(parts[2]), []byte(s.options.Password))
	return user&password == 1
}

// maxResponse bounds a response's size in bytes: a fetch can be large.
const maxResponse = 64 << 20

func (s *session) passRequests() error {
	for {
		frame, err := readFrame(s.client, maxRequest)
		if err != nil {
			return err
		}
		h, err := parseHeader(frame)
		if err != nil {
			return err
		}
		if h.key == saslHandshake || h.key == saslAuthenticate {
			return errors.New("signed in already")
		}
		if namesBroker(h.key) {
			s.expect(h)
		}
		if err := writeFrame(s.broker, frame); err != nil {
			return err
		}
	}
}

func (s *session) passResponses() error {
	for {
		frame, err := readFrame(s.broker, maxResponse)
		if err != nil {
			return err
		}
		if h, ok := s.expected(frame); ok {
			if frame, err = readdress(h, frame, s.host, s.port); err != nil {
				return err
			}
		}
		if err := writeFrame(s.client, frame); err != nil {
			return err
		}
	}
}

// expect remembers a request whose response will name the broker.
func (s *session) expect(h header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending[h.correlation] = h
}

// expected is the request that a response answers, where it was remembered.
func (s *session) expected(response []byte) (header, bool) {
	if len(response) < 4 {
		return header{}, false
	}
	correlation := int32(binary.BigEndian.Uint32(response))
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.pending[correlation]
	delete(s.pending, correlation)
	return h, ok
}
