package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// readFrame reads one message of the Kafka protocol: its size (int32) is taken off.
func readFrame(r io.Reader, limit uint32) ([]byte, error) {
	var size uint32
	if err := binary.Read(r, binary.BigEndian, &size); err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("Kafka message of %d bytes, at most %d", size, limit)
	}
	frame := make([]byte, size)
	_, err := io.ReadFull(r, frame)
	return frame, err
}

func writeFrame(w io.Writer, frame []byte) error {
	sized := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(frame)), uint32(len(frame)))
	_, err := w.Write(append(sized, frame...))
	return err
}

// header is what every request begins with.
// Source: Kafka protocol guide, request header v1 and v2.
type header struct {
	key, version int16
	correlation  int32
}

var errShort = errors.New("Kafka message is too short")

func parseHeader(frame []byte) (header, error) {
	if len(frame) < 8 {
		return header{}, errShort
	}
	return header{
		key:         int16(binary.BigEndian.Uint16(frame)),
		version:     int16(binary.BigEndian.Uint16(frame[2:])),
		correlation: int32(binary.BigEndian.Uint32(frame[4:])),
	}, nil
}

// parseRequest decodes a request's body.
func parseRequest(h header, frame []byte) (kmsg.Request, error) {
	request := kmsg.RequestForKey(h.key)
	if request == nil || h.version < 0 || h.version > request.MaxVersion() {
		return nil, fmt.Errorf("Kafka request %d version %d is unknown", h.key, h.version)
	}
	request.SetVersion(h.version)
	body, err := skipClientID(frame[8:])
	if err != nil {
		return nil, err
	}
	if request.IsFlexible() {
		if body, err = skipTags(body); err != nil {
			return nil, err
		}
	}
	if err := request.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("read Kafka request %d version %d: %w", h.key, h.version, err)
	}
	return request, nil
}

func skipClientID(b []byte) ([]byte, error) {
	if len(b) < 2 {
		return nil, errShort
	}
	length := max(0, int(int16(binary.BigEndian.Uint16(b)))) // -1: none
	if len(b) < 2+length {
		return nil, errShort
	}
	return b[2+length:], nil
}

// skipTags skips the tagged fields of a header; no client or broker sends any there so far.
func skipTags(b []byte) ([]byte, error) {
	if len(b) < 1 || b[0] != 0 {
		return nil, errors.New("Kafka header with tagged fields")
	}
	return b[1:], nil
}

// appendResponse encodes a response to the request of that correlation id.
func appendResponse(correlation int32, response kmsg.Response) []byte {
	frame := binary.BigEndian.AppendUint32(nil, uint32(correlation))
	if response.IsFlexible() && response.Key() != apiVersions {
		frame = append(frame, 0)
	}
	return response.AppendTo(frame)
}
