package broker

import (
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// API keys that the external listener treats on its own.
const (
	metadata         int16 = 3
	findCoordinator  int16 = 10
	saslHandshake    int16 = 17
	apiVersions      int16 = 18
	saslAuthenticate int16 = 36
	describeCluster  int16 = 60
)

// namesBroker tells whether a response of that kind tells the client where brokers are.
func namesBroker(key int16) bool {
	return key == metadata || key == findCoordinator || key == describeCluster
}

// parseResponse decodes a response to the request with that header.
func parseResponse(h header, frame []byte) (kmsg.Response, error) {
	response := kmsg.ResponseForKey(h.key)
	response.SetVersion(h.version)
	if len(frame) < 4 {
		return nil, errShort
	}
	body := frame[4:]
	if response.IsFlexible() && h.key != apiVersions {
		var err error
		if body, err = skipTags(body); err != nil {
			return nil, err
		}
	}
	if err := response.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("read Kafka response %d version %d: %w", h.key, h.version, err)
	}
	return response, nil
}

// plainVersion is the last one of both requests of a SASL exchange that has no tagged fields.
const plainVersion = 1

// versionsRequest is an ApiVersions request with no more of a client's own than its version.
func versionsRequest(h header) []byte {
	request := kmsg.NewPtrApiVersionsRequest()
	request.SetVersion(max(h.version, 0))
	request.ClientSoftwareName, request.ClientSoftwareVersion = "cctui", "1"
	sized := kmsg.NewRequestFormatter().AppendRequest(nil, request, h.correlation)
	return sized[4:]
}

// offerHandshake says in the list of versions that SaslHandshake is there from version 0, as every
// Kafka broker does: librdkafka gives up on one that has version 1 only, and then uses version 1.
// SaslAuthenticate is offered without tagged fields.
func offerHandshake(h header, frame []byte) ([]byte, error) {
	if len(frame) < 6 {
		return nil, errShort
	}
	if refused := binary.BigEndian.Uint16(frame[4:]) != 0; refused {
		return frame, nil // and in another version than was asked for
	}
	response, err := parseResponse(h, frame)
	if err != nil {
		return nil, err
	}
	versions := response.(*kmsg.ApiVersionsResponse)
	for i := range versions.ApiKeys {
		if versions.ApiKeys[i].ApiKey == saslHandshake {
			versions.ApiKeys[i].MinVersion = 0
		}
		if versions.ApiKeys[i].ApiKey == saslAuthenticate {
			versions.ApiKeys[i].MaxVersion = plainVersion
		}
	}
	return appendResponse(h.correlation, versions), nil
}

// readdress puts the external address in place of the one inside the cluster, which a client out
// here could not reach.
func readdress(h header, frame []byte, host string, port int32) ([]byte, error) {
	response, err := parseResponse(h, frame)
	if err != nil {
		return nil, err
	}
	switch r := response.(type) {
	case *kmsg.MetadataResponse:
		for i := range r.Brokers {
			r.Brokers[i].Host, r.Brokers[i].Port = host, port
		}
	case *kmsg.FindCoordinatorResponse:
		r.Host, r.Port = host, port
		for i := range r.Coordinators {
			r.Coordinators[i].Host, r.Coordinators[i].Port = host, port
		}
	case *kmsg.DescribeClusterResponse:
		for i := range r.Brokers {
			r.Brokers[i].Host, r.Brokers[i].Port = host, port
		}
	}
	return appendResponse(h.correlation, response), nil
}
